"""Measures the claims, prints them as one table, and writes them down: `python -m bench [CLAIM...]`.

Without names all are measured, and the report and the page of the documentation are written anew.
"""

import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bench.rows import Row

CLAIMS = ("planning", "cycle", "commands", "api", "fleet")
ROOT = Path(__file__).parents[1]
REPORT = ROOT / "bench" / "report.json"
PAGE = ROOT / "docs" / "reference" / "performance.md"
HEADER = ("Claim", "Ours", "Reference", "Ratio", "Target", "Holds", "Runs", "Spread")
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


def main(names: Sequence[str]) -> int:
    """Measure claims by name; return 1 where one does not hold."""
    rows: list[Row] = []
    for name in names or CLAIMS:
        sys.stderr.write(f"measuring {name}\n")
        rows += import_module(f"bench.claims.{name}").measure()
    print(table(rows))
    if not names:
        write(rows)
    return int(not all(row.holds for row in rows))


def write(rows: Sequence[Row]) -> None:
    """Write the report, and the table of the page."""
    REPORT.write_text(json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False) + "\n")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    where = f"Measured on {os.cpu_count()} processors, Python {platform.python_version()}.\n"
    PAGE.write_text(f"{before}{BEGIN}\n{where}\n{table(rows)}\n\n{END}{after}")


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADER))]
    told = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    told.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in told)


def _cells(row: Row) -> tuple[str, ...]:
    holds = "yes" if row.holds else "no"
    return row.claim, row.ours, row.reference, f"{row.ratio:.2f}", row.target, holds, str(row.runs), row.spread


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

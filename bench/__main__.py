"""Measures the claims, prints them as one table, and writes them down: `python -m bench [CLAIM...]`.

Without names all are measured but that of a real vLLM, whose row stays; with names, the rows of all others stay. A
claim that cannot be measured costs no other one its rows: it is told, and the exit code is 1.
"""

import compileall
import json
import os
import platform
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bench.claims.vllm import CLAIM as LIVE_CLAIM
from bench.rows import Row

CLAIMS = (
    "planning",
    "cycle",
    "saved",
    "commands",
    "api",
    "readers",
    "fleet",
    "installs",
    "switch",
    "hub",
    "start",
    "idle",
)
ROOT = Path(__file__).parents[1]
REPORT = ROOT / "bench" / "report.json"
PAGE = ROOT / "docs" / "reference" / "performance.md"
HEADER = ("Claim", "Ours", "Reference", "Ratio", "Target", "Holds", "Runs", "Spread")
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


def main(names: Sequence[str]) -> int:
    """Measure claims by name; return 1 where one does not hold or could not be measured."""
    compile_modules()
    rows: list[Row] = []
    failed: list[str] = []
    for name in names or CLAIMS:
        found = measured(name)
        failed += [name] if found is None else []
        rows += found or []
    print(table(rows))
    write(merged([row for row in written() if names or row.claim == LIVE_CLAIM], rows))
    if failed:
        sys.stderr.write(f"not measured: {', '.join(failed)}; the reasons are above\n")
    return int(bool(failed) or not all(row.holds for row in rows))


def compile_modules() -> None:
    """Compile the daemon's modules, as pip does with a package: where Python may not write, each start would do it."""
    compileall.compile_dir(ROOT / "venom_modeld", quiet=1)


def measured(name: str) -> list[Row] | None:
    """Return the rows of a claim; None where it failed, which is told."""
    sys.stderr.write(f"measuring {name}\n")
    try:
        rows: list[Row] = import_module(f"bench.claims.{name}").measure()
    except Exception:  # noqa: BLE001 - the other claims are measured all the same
        traceback.print_exc()
        return None
    return rows


def written() -> list[Row]:
    """Return the rows of the last report."""
    return [Row(**row) for row in json.loads(REPORT.read_text())] if REPORT.exists() else []


def merged(before: Sequence[Row], now: Sequence[Row]) -> list[Row]:
    """Return the rows of now in the places of those of the same claims before; those of other claims stay."""
    anew = {row.claim for row in now}
    claims = dict.fromkeys(row.claim for row in (*before, *now))
    return [row for claim in claims for row in (now if claim in anew else before) if row.claim == claim]


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

"""Where output goes: results to standard output, everything else to standard error; colours on a terminal alone."""

import json
import os
import sys
from typing import Any, TextIO

from venom_modeld.cli.render.paint import Paint


def paint(stream: TextIO | None = None) -> Paint:
    """Return colours where the stream is a terminal that has them and nobody asked for none (https://no-color.org)."""
    stream = stream or sys.stdout
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Paint(colour=stream.isatty() and not plain)


def is_live() -> bool:
    """Tell whether standard output is a terminal on which lines may move."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def show(text: str) -> None:
    """Write a result to standard output."""
    print(text, flush=True)  # noqa: T201 - the command line prints


def show_json(value: Any) -> None:
    """Write a result to standard output as one JSON document."""
    show(json.dumps(value, indent=2, ensure_ascii=False))


def remark(text: str) -> None:
    """Write a line that is no part of the result to standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the command line prints

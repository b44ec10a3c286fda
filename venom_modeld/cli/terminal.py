"""Where output goes: results to standard output, everything else to standard error; colours on a terminal alone.

Much of what is shown was said by other programs: names of models, errors of servers, descriptions. Whatever a terminal
would obey in it, but for our own colours, is shown there as an escape instead. What goes into a file or another program
is left as it is, since a diff is to be applied and JSON to be read.
"""

import os
import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from venom_modeld.cli.render.paint import Paint


def paint(stream: TextIO | None = None) -> "Paint":
    """Return colours where the stream is a terminal that has them and nobody asked for none (https://no-color.org)."""
    from venom_modeld.cli.render.paint import Paint  # noqa: PLC0415 - what has no colours need not load them

    stream = stream or sys.stdout
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Paint(colour=stream.isatty() and not plain)


def is_live() -> bool:
    """Tell whether standard output is a terminal on which lines may move."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


_OBEYED = (
    "\x1b(?!\\[[0-9;]{0,16}m)|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]"
    "|[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Control characters but tab, line end and the escape before a colour; what turns the direction of letters, or hides
among them; halves of characters."""


def inert(text: str) -> str:
    """Return a text that a terminal only shows."""
    return re.sub(_OBEYED, lambda found: f"\\u{ord(found[0]):04x}", text)


def show(text: str) -> None:
    """Write a result to standard output."""
    print(inert(text) if sys.stdout.isatty() else text, flush=True)  # noqa: T201 - the command line prints


def show_json(value: Any) -> None:
    """Write a result to standard output as one JSON document."""
    import json  # noqa: PLC0415 - most results are text

    show(json.dumps(value, indent=2, ensure_ascii=False))


def remark(text: str) -> None:
    """Write a line that is no part of the result to standard error."""
    print(inert(text), file=sys.stderr, flush=True)  # noqa: T201 - the command line prints

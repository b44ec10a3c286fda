"""Follows work as it happens on a terminal: the whole status, drawn anew in place, with a bar for every download."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from venom_modeld.cli.following import Look
from venom_modeld.cli.render.paint import Paint
from venom_modeld.cli.render.status_text import View, operation_line, status_text

Json = dict[str, Any]

BAR_WIDTH = 30

OTHER_LINES = 14
"""Lines of a status beside its models, as a rule; what is more is cut off at the lower edge."""


class Board:
    """Draws what `look` returns whenever something happened."""

    def __init__(self, look: Look, live: Live, paint: Paint) -> None:
        self._look = look
        self._live = live
        self._paint = paint

    def take(self, name: str, data: Json) -> None:  # noqa: ARG002 - everything is looked at anew
        """Draw anew; an item that is no snapshot is followed by one."""
        if name == "snapshot":
            self.draw()

    def lost(self, message: str) -> None:
        """Draw why nothing can be known for now."""
        self._live.update(Text(message), refresh=True)

    def draw(self) -> None:
        """Draw everything as it is now."""
        height = self._live.console.size.height
        self._live.update(drawn(self._look(), self._paint, now=time.time(), height=height), refresh=True)


@contextmanager
def board(look: Look, paint: Paint, console: Console | None = None) -> Iterator[Board]:
    """Give a board that stays on the terminal, as it was last, after the block."""
    with Live(console=console or Console(highlight=False), auto_refresh=False, vertical_overflow="crop") as live:
        yield Board(look, live, paint)


def drawn(view: View, paint: Paint, *, now: float, height: int) -> Group:
    """Return a view for a terminal of so many lines."""
    running = [one for one in view.operations if one["status"] == "in_progress"]
    most = max(3, height - OTHER_LINES - len(running))
    text = Text.from_ansi(status_text(view, paint, now=now, most_models=most), no_wrap=True, overflow="ellipsis")
    return Group(text, "", _bars(running)) if running else Group(text)


def _bars(running: list[Json]) -> Table:
    table = Table.grid(padding=(0, 2))
    for operation in running:
        progress = operation["progress"]
        bar = ProgressBar(total=100, completed=progress or 0, width=BAR_WIDTH, complete_style="green")
        percent = "" if progress is None else f"{progress:.0f} %"
        table.add_row(operation_line(operation), bar, percent, operation["message"])
    return table

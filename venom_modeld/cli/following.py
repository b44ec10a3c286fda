"""Follows work as it happens, without bars: one line for each thing that happens, as text or as JSON.

The source is the daemon's event stream or, for `apply`, the snapshots of this process, put in the same words: items
named `event`, `operation` and `snapshot`.
"""

import json
import time
from collections.abc import Callable
from typing import Any, Protocol

from venom_modeld.cli.client import DaemonClient, Unreachable
from venom_modeld.cli.render.status_text import View
from venom_modeld.cli.render.units import clock, seconds_of

Json = dict[str, Any]

Look = Callable[[], View]
"""Returns everything that can be shown now."""

QUIET_SECONDS = 5.0
"""Between two lines of progress of one operation."""

RETRY_SECONDS = 1.0
"""Before a daemon that went away is asked again."""


class Follower(Protocol):
    """Whoever is told of what happens."""

    def take(self, name: str, data: Json) -> None:
        """Take one item: an `event`, an `operation` or a `snapshot` of the status."""
        ...

    def lost(self, message: str) -> None:
        """Take that nothing can be known for now, and why."""
        ...


class Lines:
    """Tells in plain lines: every event, and now and then how far a download is."""

    def __init__(self, show: Callable[[str], None], *, steady: Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._steady = steady
        self._told: dict[str, float] = {}
        self._is_lost = False

    def take(self, name: str, data: Json) -> None:
        """Take one item."""
        self._is_lost = False
        if name == "event":
            self._show(event_line(data))
        elif name == "operation" and data["status"] == "in_progress" and data["progress"] is not None:
            self._progress(data)

    def lost(self, message: str) -> None:
        """Tell it once."""
        if not self._is_lost:
            self._show(message)
        self._is_lost = True

    def _progress(self, operation: Json) -> None:
        name, now = operation["operation_id"], self._steady()
        if now - self._told.setdefault(name, now) >= QUIET_SECONDS:
            self._told[name] = now
            self._show(progress_line(operation, at=time.time()))


class JsonLines:
    """Tells every item as one JSON object a line."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def take(self, name: str, data: Json) -> None:
        """Take one item."""
        self._show(json.dumps({"event": name, "data": data}, ensure_ascii=False))

    def lost(self, message: str) -> None:
        """Tell nothing: the lines are the daemon's."""


def event_line(event: Json) -> str:
    """Return an event as one line."""
    when = clock(seconds_of(event["at"])) if event["at"] else "--:--:--"
    where = [str(event[key]) for key in ("runtime", "model") if event[key]]
    return "  ".join([when, *where, f"{event['type']}: {event['message']}"])


def progress_line(operation: Json, *, at: float) -> str:
    """Return how far an operation is as one line."""
    what = f"{operation['operation_type']} {operation['progress']:.0f} %: {operation['message']}"
    return "  ".join([clock(at), operation["runtime"], operation["model_name"], what])


def follow(client: DaemonClient, follower: Follower, *, pause: Callable[[float], None] = time.sleep) -> None:
    """Tell a follower what the daemon tells, until interrupted; a daemon that goes away is waited for.

    What happened before is left out, where the follower is told what happens, not how things are.
    """
    place: str | None = None
    while True:
        try:
            for item in client.events(last_id=place):
                if place is not None or item.name != "event":
                    follower.take(item.name, item.data)
                place = item.id or place
        except Unreachable as error:
            follower.lost(str(error))
        pause(RETRY_SECONDS)

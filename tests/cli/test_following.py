"""Following work without bars."""

import json
from typing import Any

import pytest

from tests.cli.odd_server import answering, stream
from venom_modeld.cli.client import DaemonClient
from venom_modeld.cli.following import JsonLines, Lines, event_line, follow, progress_line
from venom_modeld.cli.render.units import clock, seconds_of

AT = "2026-03-01T12:00:00.000Z"
TIME = clock(seconds_of(AT))


def event(**more: Any) -> dict[str, Any]:
    """Return an event as the API tells it."""
    told = {"at": AT, "type": "OperationStarted", "runtime": "ollama", "model": "a:1b", "message": "declared"}
    return told | more


def operation(**more: Any) -> dict[str, Any]:
    """Return a download as the API tells it."""
    told = {"operation_id": "1", "operation_type": "install", "model_name": "a:1b", "runtime": "ollama"}
    return told | {"status": "in_progress", "progress": 42.4, "message": "1 of 2 GB"} | more


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (event(), f"{TIME}  ollama  a:1b  OperationStarted: declared"),
        (event(runtime=None, model=None, type="FileAccepted"), f"{TIME}  FileAccepted: declared"),
        (event(at=None, model=None), "--:--:--  ollama  OperationStarted: declared"),
    ],
)
def test_an_event_is_one_line(told: dict[str, Any], line: str) -> None:
    """When, where, what, and why; what is not known is left out."""
    assert event_line(told) == line


def test_progress_is_one_line() -> None:
    """It names the operation and how far it is."""
    assert progress_line(operation(), at=seconds_of(AT)) == f"{TIME}  ollama  a:1b  install 42 %: 1 of 2 GB"


class Steady:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_progress_is_told_every_few_seconds_of_each_download() -> None:
    """The first report starts the clock, so what takes a moment is not told of at all."""
    lines: list[str] = []
    steady = Steady()
    teller = Lines(lines.append, steady=steady)
    for steady.now in (0.0, 4.9, 5.0, 6.0, 10.0):
        teller.take("operation", operation())
    teller.take("operation", operation(operation_id="2"))
    steady.now = 99.0
    for quiet in (operation(status="completed"), operation(progress=None)):
        teller.take("operation", quiet)
    teller.take("snapshot", {})
    assert len(lines) == 2


def test_a_loss_is_told_once_until_something_is_heard() -> None:
    """Trying again is not told."""
    lines: list[str] = []
    teller = Lines(lines.append)
    teller.lost("gone")
    teller.lost("gone")
    teller.take("snapshot", {})
    teller.lost("gone")
    assert lines == ["gone", "gone"]


def test_json_lines_are_the_items_of_the_stream() -> None:
    """Each line is one object; a loss is none."""
    lines: list[str] = []
    teller = JsonLines(lines.append)
    teller.take("event", {"message": "größer"})
    teller.lost("gone")
    assert [json.loads(line) for line in lines] == [{"event": "event", "data": {"message": "größer"}}]
    assert "größer" in lines[0]


class Enough(Exception):
    """Ends a test of what never ends."""


def test_following_goes_on_where_it_was_after_the_daemon_came_back() -> None:
    """What happened before the first snapshot is left out; what happened while the daemon was away is not."""
    past, first = b"event: event\ndata: {}\n\n", b'id: one\nevent: snapshot\ndata: {"n": 1}\n\n'
    later = b'event: event\ndata: {"n": 2}\n\n'
    told: list[tuple[str, Any]] = []

    class Kept:
        def take(self, name: str, data: dict[str, Any]) -> None:
            told.append((name, data))

        def lost(self, message: str) -> None:
            told.append(("lost", message))

    pauses = iter([None])

    def pause(_: float) -> None:
        if next(pauses, Enough) is Enough:
            raise Enough

    with answering(stream(past, first), stream(later)) as (address, requests), pytest.raises(Enough):
        follow(DaemonClient(address), Kept(), pause=pause)
    assert told == [("snapshot", {"n": 1}), ("event", {"n": 2})]
    assert b"Last-Event-ID: one" in requests[1]


def test_a_daemon_that_went_away_is_told_as_lost() -> None:
    """The follower is told why, and the daemon is asked again."""
    lines: list[str] = []

    def pause(_: float) -> None:
        raise Enough

    with answering(b"") as (address, _), pytest.raises(Enough):
        follow(DaemonClient(address), Lines(lines.append), pause=pause)
    assert [line.partition(" at ")[0] for line in lines] == ["No daemon answers"]

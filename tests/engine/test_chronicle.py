"""The log of events in the state: written soon, several in one, and whole at the end."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.conftest import eventually
from venom_modeld.core.events import Event
from venom_modeld.engine.board import Board
from venom_modeld.engine.chronicle import Chronicle
from venom_modeld.state.snapshot import SnapshotHub
from venom_modeld.state.store import Store

TOLD = [Event(at=float(number), type="RuntimeLost") for number in range(3)]


@pytest.fixture
def board() -> Board:
    """Give a board that shows events."""
    return Board(SnapshotHub(), host="here", wall=lambda: 0.0)


async def test_what_is_told_last_is_kept(tmp_path: Path, board: Board) -> None:
    """The end does not wait for more, and nothing is lost by it; events stay in their order."""
    store = await Store.open(tmp_path / "state.db")
    async with store:
        async with Chronicle(store, board) as chronicle:
            for event in TOLD:
                chronicle.tell(event)
        assert await store.events(9) == tuple(TOLD)


async def test_events_of_a_moment_are_written_in_one(tmp_path: Path, board: Board) -> None:
    """An operation that ends and the next that begins cost the disk one write together."""
    writes: list[int] = []

    class Counting(Store):
        async def append_events(self, events: Iterable[Event]) -> None:
            found = tuple(events)
            writes.append(len(found))
            await super().append_events(found)

    store = await Counting.open(tmp_path / "state.db")
    async with store:
        async with Chronicle(store, board) as chronicle:
            for event in TOLD:
                chronicle.tell(event)
        async with Chronicle(store, board):
            pass
    assert writes == [len(TOLD)]


async def test_a_log_that_cannot_be_written_is_told_once(
    tmp_path: Path, board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    """The events are shown all the same."""
    store = await Store.open(tmp_path / "state.db")
    async with store:
        await store._database.write(lambda connection: connection.execute("DROP TABLE events"))
        async with Chronicle(store, board) as chronicle:
            chronicle.tell(TOLD[0])
            await eventually(lambda: bool(caplog.records))
            chronicle.tell(TOLD[1])
    assert [record.message for record in caplog.records] == ["event log cannot be written"]

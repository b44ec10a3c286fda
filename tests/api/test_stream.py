"""What the event stream tells, to whom, and when; in virtual time."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.builder import DOWNLOAD, event, observation, record, runtime, snapshot, spec
from venom_modeld.api.answers import SnapshotAnswer
from venom_modeld.api.stream import HEARTBEAT, PACE_SECONDS, Feed, events_after, mark_of
from venom_modeld.api.views_status import status
from venom_modeld.core.events import Event, OperationRecord
from venom_modeld.state.snapshot import SnapshotHub, StatusSnapshot

pytestmark = pytest.mark.looptime


@dataclass(frozen=True)
class Item:
    """One item as a reader understands it."""

    event: str
    data: Any
    id: str | None = None


def parse(content: bytes) -> list[Item]:
    """Return the items of a piece of the stream; comments and hints are none."""
    found = []
    for block in content.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append(Item(fields["event"], json.loads(fields["data"]), fields.get("id")))
    return found


def shown(version: int, *operations: OperationRecord, events: tuple[Event, ...] = ()) -> StatusSnapshot:
    """Return a snapshot with these operations and events."""
    return snapshot(runtime(spec(), observation(), operations=operations), version=version, events=events)


class World:
    """A hub and the feed of one process."""

    def __init__(self, process: str = "abcd1234") -> None:
        self.hub = SnapshotHub()
        self.feed = Feed(self.hub, SnapshotAnswer(self.hub, status), process)

    def read(self, last_event_id: str | None = None) -> AsyncGenerator[bytes]:
        """Begin to read."""
        return self.feed.items(last_event_id)


async def following(items: AsyncGenerator[bytes]) -> list[Item]:
    """Return the items of the next piece that holds any."""
    while True:
        found = parse(await anext(items))
        if found:
            return found


async def test_a_new_reader_gets_everything() -> None:
    """The latest events, the operations and the status, the last of them with an id."""
    world = World()
    world.hub.publish(shown(5, record(transfer=DOWNLOAD), events=(event(1), event(2))))
    async with aclosing(world.read()) as items:
        found = await following(items)
    assert [one.event for one in found] == ["event", "event", "operation", "snapshot"]
    assert [one.id is not None for one in found] == [False, False, False, True]
    assert found[2].data["message"] == "1.8 of 4.4 GB, 22 MB/s, 2 min left"
    assert found[3].data["host"] == "lab"


async def test_later_only_what_is_new_is_told() -> None:
    """An event is told once, and an operation when it has changed."""
    world = World()
    first, other = record(id="one"), record(id="two")
    world.hub.publish(shown(1, first, other, events=(event(1),)))
    async with aclosing(world.read()) as items:
        await following(items)
        world.hub.publish(shown(2, replace(first, transfer=DOWNLOAD), other, events=(event(1), event(2))))
        found = await following(items)
    assert [one.event for one in found] == ["event", "operation", "snapshot"]
    assert found[0].data["message"] == "event 2"
    assert found[1].data["operation_id"] == "one"


async def test_a_reader_that_comes_back_misses_no_event_and_sees_none_twice() -> None:
    """The id of the last item is all that is needed to go on."""
    world = World()
    world.hub.publish(shown(1, events=(event(1), event(2))))
    async with aclosing(world.read()) as items:
        last = (await following(items))[-1].id
    world.hub.publish(shown(2, events=(event(1), event(2), event(3))))
    world.hub.publish(shown(3, events=(event(1), event(2), event(3), event(4))))
    async with aclosing(world.read(last)) as items:
        found = await following(items)
    assert [one.data["message"] for one in found if one.event == "event"] == ["event 3", "event 4"]


async def test_a_reader_that_missed_nothing_waits() -> None:
    """Nothing is told again of a snapshot that was told already."""
    world = World()
    world.hub.publish(shown(1, events=(event(1),)))
    async with aclosing(world.read()) as items:
        last = (await following(items))[-1].id
    async with aclosing(world.read(last)) as items:
        await anext(items)
        assert await anext(items) == HEARTBEAT


@pytest.mark.parametrize(
    "last",
    [
        "ffff0000-1-0",
        "abcd1234-99-0",
        "abcd1234-1-0123456789ab",
        "nonsense",
        "",
        "abcd1234-1",
        "abcd1234--1-0",
        "abcd1234-1-0\n",
        "abcd1234-" + "9" * 40 + "-0",
        "abcd1234-١-0",
    ],
)
async def test_an_id_that_leads_nowhere_gets_everything(last: str) -> None:
    """An id of an earlier process, of the future, of a forgotten event, or of nobody: all is told anew."""
    world = World()
    world.hub.publish(shown(2, record(), events=(event(1), event(2))))
    async with aclosing(world.read(last)) as items:
        found = await following(items)
    assert [one.event for one in found] == ["event", "event", "operation", "snapshot"]


async def test_a_slow_reader_skips() -> None:
    """Whoever does not come back for a while is told of the newest snapshot alone."""
    world = World()
    world.hub.publish(shown(1))
    async with aclosing(world.read()) as items:
        await following(items)
        for version in range(2, 100):
            world.hub.publish(shown(version, record(message=f"step {version}")))
        found = await following(items)
    assert [one.event for one in found] == ["operation", "snapshot"]
    assert found[0].data["message"] == "step 99"


async def test_a_reader_is_told_four_times_a_second_at_the_most() -> None:
    """However fast snapshots come, pieces are at least a quarter of a second apart."""
    world = World()
    clock = asyncio.get_running_loop().time

    async def publish() -> None:
        for version in range(1, 201):
            world.hub.publish(shown(version, record(message=str(version))))
            await asyncio.sleep(0.01)

    times = []
    publishing = asyncio.create_task(publish())
    async with aclosing(world.read()) as items:
        while not times or times[-1] < 1.9:
            await following(items)
            times.append(clock())
    await publishing
    gaps = [after - before for before, after in pairwise(times)]
    assert round(min(gaps), 9) >= PACE_SECONDS  # sums of fractions are a hair off
    assert 6 <= len(times) <= 9


async def test_silence_is_broken_every_fifteen_seconds() -> None:
    """A reader that nothing is told to hears that the daemon is there."""
    world = World()
    world.hub.publish(shown(1))
    clock = asyncio.get_running_loop().time
    async with aclosing(world.read()) as items:
        await following(items)
        before = clock()
        for _ in range(3):
            assert await anext(items) == HEARTBEAT
    assert clock() - before == pytest.approx(45 + PACE_SECONDS, abs=0.1)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 12))
def test_events_are_told_once_each(before: int, more: int, window: int) -> None:
    """Whatever the window holds, what comes after a mark is what was added since, as far as it is still there."""
    every = tuple(event(number) for number in range(before + more))
    seen, now = every[:before][-window:], every[-window:]
    found = events_after(now, mark_of(seen))
    assert found == (every[before:] if len(every[before:]) < window or not before else now)[-window:]


def test_equal_moments_are_told_apart() -> None:
    """Two events of the same moment have different marks."""
    one, two = event(1), replace(event(1), message="another")
    assert events_after((one, two), mark_of((one,))) == (two,)


async def test_data_stays_on_one_line() -> None:
    """A message with line ends cannot end an item or begin another."""
    world = World()
    world.hub.publish(shown(1, events=(event(1, message="a\n\nevent: fake\ndata: {}\r\n"),)))
    place = world.feed.place(None)
    found = parse(await world.feed.news(world.hub.present, place))
    assert [one.event for one in found] == ["event", "snapshot"]
    assert found[0].data["message"] == "a\n\nevent: fake\ndata: {}\r\n"

"""Answers of a snapshot are made once, in a thread, while the event loop goes on."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tests.api.builder import snapshot
from tests.conftest import DEADLINE, eventually
from venom_modeld.api.answers import SnapshotAnswer
from venom_modeld.api.models_status import HealthAnswer
from venom_modeld.state.snapshot import SnapshotHub, StatusSnapshot


class Workshop:
    """A view whose making waits until it is let go."""

    def __init__(self) -> None:
        self.hub = SnapshotHub()
        self.made: list[int] = []
        self.go = threading.Event()
        self.answer = SnapshotAnswer(self.hub, self.view)

    def view(self, shown: StatusSnapshot) -> HealthAnswer:
        """Make an answer."""
        self.made.append(shown.version)
        assert self.go.wait(DEADLINE)
        return HealthAnswer(healthy=shown.version % 2 == 0)

    def publish(self, version: int) -> None:
        """Show another snapshot."""
        self.hub.publish(snapshot(version=version))


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    """Give a view; what waits in the end is let go."""
    found = Workshop()
    found.publish(2)
    yield found
    found.go.set()


async def test_an_answer_is_made_once_for_all_who_ask(workshop: Workshop) -> None:
    """Those who ask while it is being made get the same one, and the loop is free meanwhile."""
    asking = [asyncio.create_task(workshop.answer.made()) for _ in range(5)]
    await eventually(lambda: bool(workshop.made))
    assert not any(task.done() for task in asking)
    workshop.go.set()
    bodies = await asyncio.gather(*asking)
    assert {id(body) for body in bodies} == {id(bodies[0])}
    assert (workshop.made, workshop.answer.is_made) == ([2], True)
    assert await workshop.answer.made() is bodies[0]


async def test_nobody_gets_an_answer_that_is_older_than_the_question(workshop: Workshop) -> None:
    """A snapshot that comes while the one before is being made is made next, once."""
    early = asyncio.create_task(workshop.answer.made())
    await eventually(lambda: bool(workshop.made))
    workshop.publish(3)
    late = [asyncio.create_task(workshop.answer.made()) for _ in range(3)]
    workshop.go.set()
    assert b"true" in (await early).content
    assert [b"false" in body.content for body in await asyncio.gather(*late)] == [True] * 3
    assert workshop.made == [2, 3]

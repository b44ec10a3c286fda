"""A wall clock that is set back makes nobody wait for as long again."""

import dataclasses
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.conftest import QUICK, House
from tests.engine.world import Server, declared, name
from venom_modeld.core.errors import TemporaryError
from venom_modeld.core.plan import BlockKind
from venom_modeld.core.reasons import Reason
from venom_modeld.engine.wall import SLACK_SECONDS, SetBack
from venom_modeld.state.snapshot import RuntimeSnapshot

YEARS = 1e8
A = name("a")


def test_only_what_is_more_than_a_correction_counts() -> None:
    """Clocks are moved by a little all the time, and forward by nothing that matters here."""
    now = {"wall": 1000.0, "steady": 5.0}
    watch = SetBack(lambda: now["wall"], lambda: now["steady"])
    for wall, steady, back in (
        (1000.0 + 60, 65.0, False),
        (1060.0 - 0.9 * SLACK_SECONDS, 65.0, False),
        (YEARS, 66.0, False),
        (YEARS + 1, 67.0, False),
        (YEARS - 600, 68.0, True),
        (YEARS - 599, 69.0, False),
    ):
        now |= {"wall": wall, "steady": steady}
        assert watch.look() == back, (wall, steady)


class WallClock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.now = YEARS

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def wall() -> WallClock:
    """Give a clock that is years ahead."""
    return WallClock()


@pytest.fixture
async def house(tmp_path: Path, server: Server, wall: WallClock) -> AsyncIterator[House]:
    """Give an engine with that clock, whose first failure costs a wait of an hour."""
    house = House(tmp_path, server)
    house.pace = dataclasses.replace(QUICK, backoff_first=3600.0, backoff_longest=3600.0, wall=wall)
    await house.start()
    yield house
    await house.stop()


def waits(runtime: RuntimeSnapshot) -> bool:
    """Tell whether something waits to be tried again."""
    steps = runtime.plan.steps if runtime.plan else ()
    return any(step.block is not None and step.block.kind is BlockKind.BACKOFF for step in steps)


async def test_a_clock_that_is_set_back_ends_the_waits(
    house: House, server: Server, wall: WallClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What failed is tried at once, and not years later."""
    server.failures["install", A].append(TemporaryError("one: not now", reason=Reason.CUT))
    await house.desire(declared("a"))
    await house.until(waits)
    with caplog.at_level(logging.WARNING):
        wall.now -= YEARS / 2
        await house.converged()
    assert [one.message for one in caplog.records if "clock" in one.message] == ["clock was set back"]
    assert A in server.installed


async def test_a_clock_that_was_set_back_between_two_processes_ends_the_waits(
    house: House, server: Server, wall: WallClock
) -> None:
    """A wait that no process could have asked for is void; one that it could have asked for holds."""
    server.failures["install", A].append(TemporaryError("one: not now", reason=Reason.CUT))
    await house.desire(declared("a"))
    await house.until(waits)
    await house.stop()
    await house.start()
    await house.desire(declared("a"))
    await house.until(waits)
    await house.stop()
    wall.now -= YEARS / 2
    await house.start()
    await house.desire(declared("a"))
    await house.converged()
    assert A in server.installed

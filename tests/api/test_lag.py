"""How long the event loop keeps others waiting."""

import asyncio
import time

import pytest

from tests.conftest import eventually
from venom_modeld.api.lag import BOUNDS, BUSY, OFTEN_SECONDS, SELDOM_SECONDS, Delays


def test_delays_fall_into_their_buckets() -> None:
    """A delay belongs to the first bound that it does not pass, and to the last bucket beyond all bounds."""
    delays = Delays()
    for seconds in (0.0, BOUNDS[0], 0.05, 0.051, 100.0):
        delays.add(seconds)
    assert delays.counts == [2, 0, 0, 1, 1, 0, 0, 0, 1]
    assert delays.seconds == 100.0 + 0.101 + BOUNDS[0]


async def test_a_loop_that_is_blocked_is_seen() -> None:
    """What keeps the loop from turning shows as a delay, also of a loop that is measured seldom."""
    delays = Delays()
    watching = asyncio.create_task(delays.watch())
    await eventually(lambda: sum(delays.counts) > 0)
    time.sleep(SELDOM_SECONDS + 0.5)  # noqa: ASYNC251 - this is what is to be seen
    await eventually(lambda: sum(delays.counts[6:]) > 0)
    watching.cancel()


class Noted(Delays):
    """Notes when each measurement was."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._last = asyncio.get_running_loop().time()

    def add(self, seconds: float) -> None:
        """Count one, and note how long after the last it is."""
        super().add(seconds)
        now = asyncio.get_running_loop().time()
        self.pauses.append(round(now - self._last, 3))
        self._last = now


def work() -> None:
    """Keep the processor busy for twice what counts as a loop that works."""
    end = time.thread_time() + 2 * BUSY * SELDOM_SECONDS
    while time.thread_time() < end:
        pass


@pytest.mark.looptime
async def test_a_loop_at_rest_is_measured_seldom_and_a_working_one_often() -> None:
    """An idle daemon pays for each time that it wakes."""
    delays = Noted()
    watching = asyncio.create_task(delays.watch())
    await asyncio.sleep(10 * SELDOM_SECONDS)
    assert delays.pauses[-1] == SELDOM_SECONDS
    work()
    await asyncio.sleep(SELDOM_SECONDS + OFTEN_SECONDS)
    assert delays.pauses[-1] == OFTEN_SECONDS
    watching.cancel()

"""How long the event loop keeps others waiting."""

import asyncio
import time

from tests.conftest import eventually
from venom_modeld.api.lag import BOUNDS, Delays


def test_delays_fall_into_their_buckets() -> None:
    """A delay belongs to the first bound that it does not pass, and to the last bucket beyond all bounds."""
    delays = Delays()
    for seconds in (0.0, BOUNDS[0], 0.05, 0.051, 100.0):
        delays.add(seconds)
    assert delays.counts == [2, 0, 0, 1, 1, 0, 0, 0, 1]
    assert delays.seconds == 100.0 + 0.101 + BOUNDS[0]


async def test_a_loop_that_is_blocked_is_seen() -> None:
    """What keeps the loop from turning shows as a delay of that length."""
    delays = Delays()
    watching = asyncio.create_task(delays.watch())
    await eventually(lambda: sum(delays.counts) > 0)
    time.sleep(0.5)  # noqa: ASYNC251 - this is what is to be seen
    await eventually(lambda: sum(delays.counts[6:]) > 0)
    watching.cancel()

"""How long the event loop keeps others waiting, measured all the time.

A task sleeps for a moment again and again, and counts how much later than asked it woke. Whatever keeps the loop from
turning shows there: work of our own that is too long, and threads or other programs that have the processor.
"""

import asyncio
import time
from bisect import bisect_left

OFTEN_SECONDS, SELDOM_SECONDS = 0.1, 1.0
"""Between two measurements: of a loop that works, and of one that rests. Each costs an idle daemon a tenth of a
millisecond of the processor, and where nothing is done nothing waits."""

BUSY = 0.1
"""Of one processor: a loop whose thread used more than this share since the last measurement counts as working."""

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"""Seconds: the upper bounds of the buckets that delays are counted in; a last bucket takes what is longer."""


class Delays:
    """How many delays fell into each bucket, and all of them together in seconds."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds

    async def watch(self) -> None:
        """Measure until cancelled."""
        clock = asyncio.get_running_loop().time
        pause = OFTEN_SECONDS
        while True:
            worked, due = time.thread_time(), clock() + pause
            await asyncio.sleep(pause)
            self.add(max(0.0, clock() - due))
            is_busy = time.thread_time() - worked > BUSY * pause
            pause = OFTEN_SECONDS if is_busy else SELDOM_SECONDS

"""Signs of life of the loops, gathered into rounds: a round is whole when every loop has given one.

A loop gives a sign when a cycle of it has ended, and now and then while it rests. One that is stuck in a cycle gives
none, so no round becomes whole any more, whatever the others do.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress

SELDOM_SECONDS = 60.0


class Pulse:
    """Gathers the signs. `watchdog` is after how many seconds without a whole round the daemon counts as stuck."""

    def __init__(self, *, watchdog: float | None = None) -> None:
        self.every = watchdog / 4 if watchdog else SELDOM_SECONDS
        """How often, in seconds, a loop that rests should give a sign."""
        self._heard: set[str] = set()
        self._sign = asyncio.Event()

    def beat(self, name: str) -> None:
        """Take a sign of life of the loop of that name."""
        self._heard.add(name)
        self._sign.set()

    def missing(self, names: Collection[str]) -> list[str]:
        """Return which of these loops have given no sign since the last round."""
        return sorted(set(names) - self._heard)

    async def whole_round(self, names: Callable[[], Collection[str]]) -> None:
        """Wait until every loop has given a sign since the last round.

        `names` returns the loops that there are; it is asked again and again, since the file may name others meanwhile.
        """
        while self.missing(names()):
            self._sign.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.every):
                    await self._sign.wait()
        self._heard.clear()

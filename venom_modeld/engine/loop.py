"""The loop of one runtime: a cycle at every wake-up, and at the latest after the interval.

Wake-ups are a changed file, SIGHUP, the end of an operation, an answer of a provider, and a person's word. Between
them the loop sleeps until the first of: the interval (with jitter, so that many hosts do not ask in step), the end of
a backoff, a look-up that got old.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from venom_modeld.core.errors import ModeldError
from venom_modeld.engine.reconciler import Outcome, Reconciler

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often to look, in seconds; `draw` returns a number from 0 to 1, evenly distributed."""

    interval: float
    """Between cycles while all is well."""
    retry_interval: float
    """While the runtime is Unknown, or after a cycle that could not be finished."""
    draw: Callable[[], float]
    sign_every: float = 60.0
    """Between the signs of life of a loop that rests."""

    def rest(self, outcome: Outcome | None, until: float | None) -> float:
        """Return how many seconds to sleep; `until` is how many seconds from now something else is due, if it is.

        What is due on a runtime that does not answer has to wait for it.
        """
        healthy = outcome is not None and outcome.unknown is None
        plain = self.interval if healthy else self.retry_interval
        jittered = plain * (0.9 + 0.2 * self.draw())
        return jittered if until is None or not healthy else max(0.0, min(jittered, until))


class Loop:
    """Runs a reconciler until stopped. `next_due` returns in how many seconds something is due, or None.

    `report` takes what a cycle found, `complain` what is known after one that met a fault of the program.
    `alive` is called whenever a cycle has ended, and now and then while the loop rests; never in the middle of a cycle.
    `name` is that of the runtime, for the log.
    """

    def __init__(
        self,
        reconciler: Reconciler,
        rhythm: Rhythm,
        *,
        next_due: Callable[[], float | None],
        report: Callable[[Outcome], Awaitable[None]],
        complain: Callable[[Outcome], None],
        alive: Callable[[], None],
        name: str,
    ) -> None:
        self._reconciler = reconciler
        self._rhythm = rhythm
        self._next_due = next_due
        self._report = report
        self._show = complain
        self._alive = alive
        self._name = name
        self._wake = asyncio.Event()
        self._broken = ""
        self.ran_at = asyncio.get_running_loop().time()
        """When the last cycle ended, or the loop was made, on the event loop's clock."""

    def wake(self) -> None:
        """Ask for a cycle now; asking twice before it begins is asking once."""
        self._wake.set()

    async def run(self) -> None:
        """Run cycles until cancelled."""
        while True:
            self._wake.clear()
            outcome = await self._cycle()
            self.ran_at = asyncio.get_running_loop().time()
            self._alive()
            await self._sleep(self._rhythm.rest(outcome, self._next_due()))

    async def _cycle(self) -> Outcome | None:
        """Run one cycle; a failure of ours ends that cycle, not the loop, and is told when it changes."""
        try:
            outcome = await self._reconciler.cycle()
            await self._report(outcome)
        except ModeldError as error:
            self._complain(error.message)
            return None
        except Exception as error:
            if repr(error) != self._broken:
                logger.exception("cycle met a bug", extra={"runtime": self._name})
            self._broken = repr(error)
            self._show_bug(error)
            return None
        self._broken = ""
        return outcome

    def _show_bug(self, error: Exception) -> None:
        """Tell of a fault of ours where people look; what is wrong may stand in the way of that too."""
        with suppress(Exception):
            self._show(self._reconciler.broke(type(error).__name__))

    def _complain(self, message: str) -> None:
        if message != self._broken:
            logger.warning("cycle could not be finished", extra={"runtime": self._name, "detail": message})
        self._broken = message

    async def _sleep(self, seconds: float) -> None:
        """Rest until woken, at the most so long, and show now and then that the loop is not stuck."""
        clock = asyncio.get_running_loop().time
        ends = clock() + seconds
        while not await self._woken(within=min(ends - clock(), self._rhythm.sign_every)) and clock() < ends:
            self._alive()

    async def _woken(self, *, within: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._wake.wait()
        return self._wake.is_set()

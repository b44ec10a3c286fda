"""The signs of life that the loop of a runtime gives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from tests.engine.world import declared
from venom_modeld.core.errors import TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.engine.executor import Cause
from venom_modeld.engine.loop import Loop, Rhythm
from venom_modeld.engine.reconciler import Order, Outcome

OUTCOME = Outcome(order=Order(spec=declared(), cause=Cause(revision="r", generation=1)))


@dataclass
class Cycles:
    """In the place of a reconciler: cycles that end at once, fail, or do not end."""

    error: TemporaryError | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0
    signs: int = 0

    async def cycle(self) -> Outcome:
        """Run one."""
        self.begun += 1
        if self.error is not None:
            raise self.error
        await self.gate.wait()
        return OUTCOME

    async def report(self, _: Outcome) -> None:
        """Report to nobody."""

    def broke(self, _: str) -> Outcome:
        """Say what is known after a cycle that met a fault."""
        return OUTCOME

    def complain(self, _: Outcome) -> None:
        """Complain to nobody."""

    def alive(self) -> None:
        """Count a sign."""
        self.signs += 1

    @asynccontextmanager
    async def looped(self) -> AsyncIterator[Loop]:
        """Run a loop that looks every 100 seconds and gives a sign every 10."""
        rhythm = Rhythm(interval=100.0, retry_interval=100.0, draw=lambda: 0.5, sign_every=10.0)
        loop = Loop(
            self,  # type: ignore[arg-type]
            rhythm,
            next_due=lambda: None,
            report=self.report,
            complain=self.complain,
            alive=self.alive,
            name="one",
        )
        task = asyncio.create_task(loop.run())
        yield loop
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.looptime
async def test_a_loop_that_is_stuck_in_a_cycle_gives_no_sign() -> None:
    """It gives one as soon as the cycle ends."""
    cycles = Cycles()
    async with cycles.looped():
        await asyncio.sleep(1000)
        assert (cycles.begun, cycles.signs) == (1, 0)
        cycles.gate.set()
        await asyncio.sleep(0.1)
        assert cycles.signs == 1


@pytest.mark.looptime
async def test_a_loop_that_rests_gives_signs_without_looking_more_often() -> None:
    """A long interval is no reason to be taken for stuck."""
    cycles = Cycles()
    cycles.gate.set()
    async with cycles.looped() as loop:
        await asyncio.sleep(95)
        assert (cycles.begun, cycles.signs) == (1, 10)
        await asyncio.sleep(10)
        assert cycles.begun == 2
        loop.wake()
        await asyncio.sleep(0.1)
        assert cycles.begun == 3


@pytest.mark.looptime
async def test_a_cycle_that_fails_is_a_sign_too() -> None:
    """The watchdog is for a loop that is stuck; one that fails tells so by itself."""
    cycles = Cycles(error=TemporaryError("The disk is full.", reason=Reason.DISK_FULL))
    async with cycles.looped():
        await asyncio.sleep(1)
        assert (cycles.begun, cycles.signs) == (1, 1)

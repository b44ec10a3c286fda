"""A look at a runtime that took so long that an operation ended meanwhile: it tells an old world."""

import asyncio
from collections.abc import Collection

from tests.conftest import eventually
from tests.engine.conftest import House
from tests.engine.world import MemoryRuntime, Server, declared, name
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import ObservedState

B, ALIAS = name("b"), name("default")


class SlowRuntime(MemoryRuntime):
    """A runtime that can be made to hold back one answer."""

    held: asyncio.Event | None = None
    holding = False

    async def observe(self, interest: Collection[ModelName]) -> ObservedState:
        """Return what was there when it was asked."""
        found = await super().observe(interest)
        held, self.held = self.held, None
        if held is not None:
            self.holding = True
            await held.wait()
        return found


async def test_what_an_operation_just_put_there_is_not_forgotten(house: House, server: Server) -> None:
    """The alias that was made while a look was under way stays the daemon's own, and goes when it is not wanted."""
    runtime = SlowRuntime(server)
    house.engine._make = lambda _: runtime
    await house.desire(declared("a", "b", active="a"))
    await house.converged()
    gate = server.gates["activate", B] = asyncio.Event()
    await house.desire(declared("a", "b", active="b", alias=ALIAS))
    worker = house.engine.workers["one"]
    await eventually(lambda: bool(worker._executor.in_flight))
    answer = runtime.held = asyncio.Event()
    worker.wake()
    await eventually(lambda: runtime.holding)
    gate.set()
    await eventually(lambda: ALIAS in server.installed and not worker._executor.in_flight)
    answer.set()
    await house.converged()
    assert ALIAS in worker._ledger.inventory.entries
    await house.desire(declared("a", "b", active="b"))
    await house.converged()
    assert ALIAS not in server.installed

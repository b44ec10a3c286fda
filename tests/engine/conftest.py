"""A whole engine on a runtime in memory, with the real state store."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import MemoryRuntime, Server
from venom_modeld.core.desired import DesiredState, RuntimeSpec, digest_of
from venom_modeld.core.events import Event
from venom_modeld.engine.board import Board
from venom_modeld.engine.engine import Engine
from venom_modeld.engine.worker import Pace
from venom_modeld.state.snapshot import RuntimeSnapshot, SnapshotHub
from venom_modeld.state.store import Store

DEADLINE = 20.0
"""Seconds after which a wait is a failure; generous, because the machine may be busy."""

QUICK = Pace(
    interval=0.2, retry_interval=0.05, backoff_first=0.02, backoff_longest=0.1, stall_timeout=10.0, draw=lambda: 0.5
)


class House:
    """A daemon without its shell: start it, stop it, kill it, change the file, wait for what it does."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.server = server
        self.events: list[Event] = []
        self.pace = QUICK
        self.generation = 0
        self._path = folder / "state.db"
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Start the engine on what is in the state."""
        self.store = await self._stack.enter_async_context(await Store.open(self._path))
        self.hub = SnapshotHub()
        board = Board(self.hub, host="here", wall=time.time)
        self.engine = Engine(
            lambda _: MemoryRuntime(self.server), store=self.store, board=board, pace=self.pace, tell=self._tell
        )
        self.board = board
        self._stack.push_async_callback(self.engine.close)

    async def stop(self) -> None:
        """Stop it; the server and the state stay."""
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    async def desire(self, spec: RuntimeSpec, **more: object) -> None:
        """Put a file in force."""
        self.generation += 1
        desired = DesiredState(
            generation=self.generation,
            revision=digest_of(self.generation),
            runtimes=(spec,),
            **more,  # type: ignore[arg-type]
        )
        self.board.set_file(replace(self.hub.present.file, attempted_revision=desired.revision), desired)
        await self.engine.desire(desired)

    async def until(self, wanted: Callable[[RuntimeSnapshot], bool]) -> RuntimeSnapshot:
        """Wait until the runtime is seen as wanted, on a cycle of the present file."""
        async with asyncio.timeout(DEADLINE):
            version = -1
            while True:
                snapshot = await self.hub.newer_than(version)
                version = snapshot.version
                runtime = snapshot.runtime("one")
                if runtime and runtime.observed_generation == self.generation and wanted(runtime):
                    return runtime

    async def converged(self) -> RuntimeSnapshot:
        """Wait until nothing is left to do."""
        return await self.until(
            lambda now: now.cycles > 0 and now.unknown is None and not now.drift and not now.operations
        )

    async def cycles(self, more: int) -> RuntimeSnapshot:
        """Wait for so many more cycles."""
        runtime = self.hub.present.runtime("one")
        target = (runtime.cycles if runtime else 0) + more
        return await self.until(lambda now: now.cycles >= target)

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        self.board.tell(event)

    def told(self, kind: str) -> list[Event]:
        """Return the events of a kind."""
        return [event for event in self.events if event.type == kind]


@pytest.fixture
def server() -> Server:
    """Give a server with nothing on it."""
    return Server()


@pytest.fixture
async def house(tmp_path: Path, server: Server) -> AsyncIterator[House]:
    """Give a running engine."""
    house = House(tmp_path, server)
    await house.start()
    yield house
    await house.stop()

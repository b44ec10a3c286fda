"""A month of the real engine and the real state in virtual time: nothing grows."""

import asyncio
import gc
import os
import random
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.lives import Inline
from tests.engine.world import MemoryRuntime, Server, declared, digest, name
from tests.proof.soak.samples import Sample, courses
from venom_modeld.core.desired import DesiredState, ModelSpec, Update, digest_of
from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.engine.board import Board
from venom_modeld.engine.chronicle import Chronicle
from venom_modeld.engine.engine import Engine
from venom_modeld.engine.worker import Pace
from venom_modeld.state.records import Retention
from venom_modeld.state.snapshot import SnapshotHub
from venom_modeld.state.store import STATE_FILE, Store

HOUR = 3600.0
DAYS = 30
BEGAN = 1_800_000_000.0
KEPT = Retention(operations=100, events=200, reconciliations=50)
MODELS = "abcdefgh"
PACE = Pace(
    interval=HOUR,
    beat_every=6 * HOUR,
    update_interval=6 * HOUR,
    wall=lambda: BEGAN + asyncio.get_running_loop().time(),
    draw=lambda: 0.5,
)


@dataclass
class Month:
    """A host, and what a month brings."""

    server: Server
    engine: Engine
    store: Store
    hub: SnapshotHub
    folder: Path
    dice: random.Random
    generation: int = 0
    logged: int = 0

    async def watch(self) -> None:
        """Let one thing happen, and four hours pass."""
        deeds = (self.edit, self.edit, self.publish, self.vanish, self.fail, self.outage)
        await self.dice.choice(deeds)()
        await asyncio.sleep(4 * HOUR)

    async def edit(self) -> None:
        """Put another file in force, and approve whatever it removes."""
        chosen = self.dice.sample(MODELS, self.dice.randint(1, len(MODELS)))
        specs = [ModelSpec(name=name(one), update=self.dice.choice([*Update])) for one in chosen]
        spec = declared(*specs, active=chosen[0], alias=name("default"))
        self.generation += 1
        await self.engine.desire(
            DesiredState(generation=self.generation, revision=digest_of(self.generation), runtimes=(spec,))
        )
        await asyncio.sleep(60)
        runtime = self.hub.present.runtime("one")
        if runtime and runtime.plan and runtime.plan.unsafe:
            await self.engine.approve(runtime.plan.unsafe.digest)

    async def publish(self) -> None:
        """Have a tag move."""
        one = name(self.dice.choice(MODELS))
        self.server.published[one] = digest(f"{one} {self.dice.random()}"[:30])

    async def vanish(self) -> None:
        """Have somebody delete a model."""
        self.server.installed.pop(name(self.dice.choice(MODELS)), None)

    async def fail(self) -> None:
        """Have the next operations fail."""
        place = (self.dice.choice(("install", "update", "activate", "remove")), name(self.dice.choice(MODELS)))
        broken = PermanentError("one: it cannot be", reason=Reason.LOAD_FAILED)
        passing = TemporaryError("one: not now", reason=Reason.REGISTRY_UNREACHABLE)
        self.server.failures[place] = [self.dice.choice((broken, passing))]

    async def outage(self) -> None:
        """Have the runtime away for a while."""
        self.server.down = True
        await asyncio.sleep(self.dice.randint(60, 3600))
        self.server.down = False

    async def sample(self) -> Sample:
        """Measure everything."""
        self.server.log.clear()
        gc.collect()
        return Sample(
            at=asyncio.get_running_loop().time(),
            memory=sys.getallocatedblocks() * 64,
            descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208
            threads=threading.active_count() + len(asyncio.all_tasks()),
            state=(self.folder / STATE_FILE).stat().st_size,
            log=self.logged,
            history=len(await self.store.operations(10_000)),
        )


@asynccontextmanager
async def a_month(folder: Path, dice: random.Random) -> AsyncIterator[Month]:
    """Start an engine on an empty server."""
    server, hub = Server(), SnapshotHub()
    store = await Store.open(folder / STATE_FILE, retention=KEPT)
    store._database._thread.shutdown()
    store._database._thread = Inline()  # type: ignore[assignment]
    board = Board(hub, host="here", wall=PACE.wall)
    async with store, Chronicle(store, board) as chronicle:
        engine = Engine(lambda _: MemoryRuntime(server), store=store, board=board, pace=PACE, tell=chronicle.tell)
        yield Month(server=server, engine=engine, store=store, hub=hub, folder=folder, dice=dice)
        await engine.close()


@pytest.mark.looptime
@pytest.mark.timeout(600)
async def test_a_month_leaves_nothing_behind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Memory, descriptors, tasks, the state and the log are in the last week as in the second; history is bounded."""
    async with a_month(tmp_path, random.Random(7)) as month:  # noqa: S311 - it is to be repeatable
        samples = []
        for _ in range(DAYS):
            for _ in range(6):
                await month.watch()
            month.logged += sum(len(record.getMessage()) + 100 for record in caplog.records)
            caplog.clear()
            samples.append(await month.sample())
        runtime = month.hub.present.runtime("one")
        assert runtime is not None
        assert runtime.cycles > DAYS * 24
        assert samples[-1].history <= KEPT.operations
        assert len(await month.store.events(10_000)) <= KEPT.events
        assert len(await month.store.reconciliations(10_000)) <= KEPT.reconciliations
        assert [one for one in courses(samples) if not one.flat] == []

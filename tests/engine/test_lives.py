"""Whole lives of the real engine: edits, outages, people, failures and crashes in any order, in virtual time.

`LIVES=5000` tries that many instead of the few of every day.
"""

import asyncio
import os
import tempfile
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import looptime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.strategies import ALIASES, DERIVED, MINE, PLAIN, VERSIONS, specs
from tests.core.world import PerfectRuntime, published
from tests.engine.lives import Fate, Host, Inline, LivelyRuntime
from venom_modeld.core.desired import GB, DesiredState, ModelSpec, Prune, RuntimeSpec, Update, digest_of
from venom_modeld.core.names import ModelName
from venom_modeld.core.plan import Plan
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import BlockKind
from venom_modeld.engine.board import Board
from venom_modeld.engine.engine import Engine, NotFound
from venom_modeld.engine.worker import Pace, Worker
from venom_modeld.state.snapshot import SnapshotHub
from venom_modeld.state.store import Store

LIVES = int(os.environ.get("LIVES", "40"))
MEMORY = Path("/dev/shm")  # noqa: S108 - its folders are made with names of their own
CYCLES = 80
"""Within how many intervals the daemon must be done once all faults have ended.

Sixty of them are the half hour after which an operation is cut of which nothing is heard.
"""


class Life:
    """A daemon on a host, with a person beside it."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.generation = 0
        self.suspended = False
        self.spec: RuntimeSpec | None = None
        self._path = folder / "state.db"
        self._pace = Pace(wall=lambda: asyncio.get_running_loop().time(), draw=lambda: 0.5)
        host.worker = self.worker

    def worker(self) -> Worker | None:
        """Return the worker, while there is one."""
        return self.engine.workers.get("one")

    async def begin(self) -> None:
        """Start a daemon on what is on disk, with the file that is there."""
        self.store = await Store.open(self._path)
        self.store._database._thread.shutdown()
        self.store._database._thread = Inline()  # type: ignore[assignment]
        board = Board(SnapshotHub(), host="here", wall=self._pace.wall)
        self.engine = Engine(
            lambda _: LivelyRuntime(self.host), store=self.store, board=board, pace=self._pace, tell=board.tell
        )
        await self._desire()

    async def end(self) -> None:
        """Stop the daemon in order."""
        await self.engine.close()
        await self.store.close()

    async def crash(self) -> None:
        """Let the daemon vanish: whatever runs stops where it is, and nothing more is written."""
        self.store._database._connection.close()
        with suppress(Exception):
            await self.engine.close()
        self.host.running.clear()
        await self.begin()

    async def edit(self, spec: RuntimeSpec) -> None:
        """Put another file in force."""
        self.spec, self.generation = spec, self.generation + 1
        await self._desire()

    async def approve(self) -> None:
        """Approve the unsafe plan, if there is one."""
        plan = self.plan
        if plan is not None and plan.unsafe is not None:
            with suppress(NotFound):
                await self.engine.approve(plan.unsafe.digest)

    async def retry(self) -> None:
        """Try again whatever failed for good."""
        steps = self.plan.steps if self.plan else ()
        for step in [step for step in steps if step.block and step.block.kind in {BlockKind.STALLED, BlockKind.HELD}]:
            with suppress(NotFound):
                await self.engine.retry(step.key)

    def told(self) -> list[str]:
        """Return what is left to do and what keeps it from being done."""
        steps = self.plan.steps if self.plan else ()
        return [f"{step.operation.type} {step.operation.model} after {len(step.after)}: {step.block}" for step in steps]

    @property
    def plan(self) -> Plan | None:
        """Return the present plan."""
        worker = self.worker()
        return worker.outcome.plan if worker else None

    async def settle(self) -> bool:
        """End all faults, approve what is asked for, and tell whether the daemon comes to rest with nothing left."""
        self.host.heal()
        self.suspended = False
        for model in self.spec.models if self.spec else ():
            if model.pin is not None:
                self.host.runtime.publish(model.name, model.pin)
        await self._desire()
        for _ in range(CYCLES):
            await asyncio.sleep(self._pace.interval)
            await self.approve()
            await self.retry()
            worker = self.worker()
            if worker is None or (worker.idle and worker.outcome.unknown is None and not self._left(worker)):
                return True
        return False

    def _left(self, worker: Worker) -> list[str]:
        """Return the steps that are left and that nothing but a taken alias keeps from being done."""
        steps = worker.outcome.plan.steps if worker.outcome.plan else ()
        taken = {step.key for step in steps if step.block and step.block.reason is Reason.ALIAS_TAKEN}
        return [step.key for step in steps if step.key not in taken and taken.isdisjoint(step.after)]

    async def _desire(self) -> None:
        if self.spec is not None:
            await self.engine.desire(
                DesiredState(
                    generation=self.generation,
                    revision=digest_of(self.generation),
                    runtimes=(self.spec,),
                    suspend=self.suspended,
                )
            )


# What may happen

Act = Callable[[Life], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Deed:
    """Something that happens in a life, with the words for it."""

    words: str
    act: Act

    def __repr__(self) -> str:
        return self.words


def _deed(words: str, change: Callable[[Life], object]) -> Deed:
    async def act(life: Life) -> None:
        change(life)

    return Deed(words, act)


def _edits() -> st.SearchStrategy[Deed]:
    return specs().map(lambda spec: Deed(f"edit {spec}", lambda life: life.edit(spec)))


def _suspends() -> st.SearchStrategy[Deed]:
    async def suspend(life: Life, *, suspended: bool) -> None:
        life.suspended = suspended
        await life._desire()

    return st.booleans().map(lambda on: Deed(f"suspend {on}", lambda life: suspend(life, suspended=on)))


def _waits() -> st.SearchStrategy[Deed]:
    seconds = st.sampled_from((0.1, 0.3, 1.0, 7.0, 31.0, 200.0, 4000.0))
    return seconds.map(lambda long: Deed(f"wait {long}", lambda _: asyncio.sleep(long)))


def _people() -> st.SearchStrategy[Deed]:
    """Return what a person does on the server by hand."""

    def put(name: ModelName, version: str) -> Deed:
        return _deed(f"a person puts {name} {version}", lambda life: life.host.runtime.put(name, version, GB))

    def delete(name: ModelName) -> Deed:
        return _deed(f"a person removes {name}", lambda life: life.host.runtime.delete(name))

    names = st.sampled_from((*PLAIN, *DERIVED, *ALIASES, MINE))
    evict = _deed("the server forgets what is loaded", lambda life: life.host.runtime.runners.clear())
    return st.one_of(st.builds(put, names, st.sampled_from(VERSIONS)), names.map(delete), st.just(evict))


def _world() -> st.SearchStrategy[Deed]:
    """Return changes of the server, of the registry and of what they will do."""

    def publish(name: ModelName, version: str) -> Deed:
        return _deed(f"{name} moves to {version}", lambda life: life.host.runtime.publish(name, version))

    def down(is_down: bool) -> Deed:
        return _deed(f"down {is_down}", lambda life: setattr(life.host, "down", is_down))

    def offline(is_offline: bool) -> Deed:
        return _deed(f"offline {is_offline}", lambda life: setattr(life.host, "offline", is_offline))

    def fates(coming: list[Fate]) -> Deed:
        return _deed(f"fates {coming}", lambda life: life.host.fates.extend(coming))

    return st.one_of(
        st.builds(publish, st.sampled_from(PLAIN), st.sampled_from(VERSIONS)),
        st.booleans().map(down),
        st.booleans().map(offline),
        st.lists(st.sampled_from(Fate), min_size=1, max_size=4).map(fates),
    )


DEEDS = st.one_of(
    _edits(),
    _waits(),
    _waits(),
    _people(),
    _world(),
    _suspends(),
    st.just(Deed("crash", Life.crash)),
    st.just(Deed("approve", Life.approve)),
    st.just(Deed("retry", Life.retry)),
)


@st.composite
def hosts(draw: st.DrawFn) -> Host:
    """Return a host on which a person already has some models."""
    runtime = PerfectRuntime(published={name: published(draw(st.sampled_from(VERSIONS))) for name in PLAIN})
    for name in draw(st.sets(st.sampled_from((*PLAIN, MINE)), max_size=3)):
        runtime.put(name, draw(st.sampled_from(VERSIONS)), GB)
    return Host(runtime=runtime)


def in_virtual_time(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on a loop whose clock jumps to whatever comes next."""
    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        runner.run(main)


def test_an_update_that_stands_still_before_it_says_anything_is_cut_in_the_end() -> None:
    """It is tried again after half an hour, so that a runtime that hung once does not keep its model for ever."""
    name, older, newer = PLAIN[0], VERSIONS[0], VERSIONS[1]
    runtime = PerfectRuntime(published={name: published(newer)})
    runtime.put(name, older, GB)
    model = ModelSpec(name=name, update=Update.ALWAYS)
    spec = RuntimeSpec(name="one", kind="perfect", url="http://127.0.0.1:1", prune=Prune.MANAGED, models=(model,))

    async def live(folder: Path) -> None:
        host = Host(runtime=runtime, fates=deque([Fate.STILL]))
        life = Life(host, folder)
        await life.begin()
        await life.edit(spec)
        await asyncio.sleep(1.0)
        assert host.running == {("update", name)}
        assert await life.settle(), life.told()
        assert runtime.installed[name].digest == published(newer).digest
        await life.end()

    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        in_virtual_time(live(Path(folder)))


def test_a_tag_that_moved_again_since_it_was_looked_up_is_followed_once() -> None:
    """What an update brought counts as the newest until the registry says otherwise, and is not updated in turn."""
    name, older, looked_up, newest = PLAIN[0], *VERSIONS
    runtime = PerfectRuntime(published={name: published(looked_up)})
    runtime.put(name, older, GB)
    model = ModelSpec(name=name, update=Update.ALWAYS)
    spec = RuntimeSpec(name="one", kind="perfect", url="http://127.0.0.1:1", prune=Prune.MANAGED, models=(model,))

    async def live(folder: Path) -> None:
        host = Host(runtime=runtime)
        life = Life(host, folder)
        await life.begin()
        await life.edit(spec)
        await asyncio.sleep(1.0)
        assert host.running == {("update", name)}
        runtime.publish(name, newest)
        assert await life.settle(), life.told()
        await asyncio.sleep(600.0)
        assert runtime.installed[name].digest == newest
        assert [one.type.value for one in await life.store.operations(10)] == ["update"]
        await life.end()

    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        in_virtual_time(live(Path(folder)))


@settings(max_examples=LIVES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(hosts(), specs(), st.lists(DEEDS, max_size=14))
def test_whatever_happens_nothing_is_lost_and_it_converges(host: Host, spec: RuntimeSpec, deeds: list[Deed]) -> None:
    """Nothing is done that may not be, at no moment; once all faults have ended the runtime is as the file says."""

    async def live(folder: Path) -> None:
        life = Life(host, folder)
        await life.begin()
        await life.edit(spec)
        for deed in deeds:
            await deed.act(life)
            assert not host.broken, host.broken
        rested = await life.settle()
        assert not host.broken, host.broken
        assert rested, life.told()
        told = {(one.type.value, one.model) for one in await life.store.operations(1000)}
        assert {(kind, model.text) for kind, model in host.changed} <= told
        await life.end()

    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        in_virtual_time(live(Path(folder)))

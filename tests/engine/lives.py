"""A runtime that goes its own way, for lives of the real engine in virtual time.

It is the perfect runtime of the core's properties behind the contract of drivers. Every effect takes a moment, so that
it can be cut there; what becomes of each is drawn beforehand: it goes well, fails for a time or for good, stands still,
or is reported as done and was not. A watch looks at each effect before it happens and notes whatever must never happen.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar

from tests.core.world import ABLE, PerfectRuntime, Refusal, hold_name
from venom_modeld.core.desired import ModelSpec, Prune, RuntimeSpec, with_bases
from venom_modeld.core.drift import is_held
from venom_modeld.core.errors import PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.inventory import Entry, Inventory, Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import ObservedState, RemoteModel
from venom_modeld.core.progress import Part, Phase, Progress
from venom_modeld.core.reasons import Reason
from venom_modeld.engine.worker import Worker
from venom_modeld.runtimes.base import Report, Runtime

P = ParamSpec("P")
T = TypeVar("T")

MOMENT = 0.25
"""Seconds that an effect takes."""


class Fate(StrEnum):
    """What becomes of an effect."""

    WELL = "well"
    PASSING = "passing"
    LASTING = "lasting"
    STILL = "still"
    LIE = "lie"


class Inline(Executor):
    """Runs what it is given at once, so that nothing is waited for in real time while the clock is a virtual one."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run it, and return what became of it."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to whoever asks for the result
            future.set_exception(error)
        return future


@dataclass
class Host:
    """The server, which outlives the daemon, and what was done to it."""

    runtime: PerfectRuntime
    fates: deque[Fate] = field(default_factory=deque)
    """Of the next effects; all others go well."""
    down: bool = False
    offline: bool = False
    """The registry cannot be reached."""
    worker: Callable[[], Worker | None] = lambda: None
    """The present worker of the daemon, whose memory the watch looks at."""
    broken: list[str] = field(default_factory=list)
    """What must never happen, and did."""
    changed: list[tuple[str, ModelName]] = field(default_factory=list)
    """The operations that changed something: their type and model."""
    running: set[tuple[str, ModelName]] = field(default_factory=set)

    def heal(self) -> None:
        """End all faults."""
        self.fates.clear()
        self.down = self.offline = False
        self.runtime.capacity, self.runtime.broken, self.runtime.unknown = None, frozenset(), frozenset()


class LivelyRuntime(Runtime):
    """The driver of a `Host`; one for each life of the daemon."""

    capabilities = ABLE

    def __init__(self, host: Host) -> None:
        self._host = host
        self._seen: ObservedState | None = None

    async def observe(self, interest: Collection[ModelName]) -> ObservedState:
        """Return what is there, unless the server is down."""
        try:
            await self._moment()
        except RuntimeUnreachable:
            self._seen = None
            raise
        self._seen = self._host.runtime.observe()
        return replace(self._seen, remote={})

    async def look_up(self, spec: ModelSpec) -> RemoteModel:
        """Return what the registry has."""
        await asyncio.sleep(MOMENT)
        if self._host.offline or spec.name in self._host.runtime.unknown:
            raise TemporaryError("one: the registry does not answer", reason=Reason.REGISTRY_UNREACHABLE)
        if spec.base is not None:
            return RemoteModel(digest=None, size_bytes=None)
        remote = self._host.runtime.published.get(spec.name)
        if remote is None:
            raise PermanentError(f"one: there is no {spec.name}", reason=Reason.NOT_FOUND)
        return remote

    async def install(self, spec: ModelSpec, *, expect: RemoteModel | None, report: Report) -> None:
        """Pull or make."""
        with self._watched("install", spec.name):
            size = (expect.size_bytes if expect else None) or 0
            report(Progress(phase=Phase.DOWNLOADING, parts={"a": Part(completed=size // 2, total=size)}))
            await self._effect("install", spec.name, lambda: self._pull(spec))

    async def update(self, spec: ModelSpec, *, expect: RemoteModel | None, hold: ModelName, report: Report) -> None:
        """Hold, pull or make anew, drop the hold."""
        runtime = self._host.runtime
        with self._watched("update", spec.name):
            if hold not in runtime.installed and spec.name in runtime.installed:
                await self._effect("update", spec.name, lambda: runtime.copy(spec.name, hold))
            await self._effect("update", spec.name, lambda: self._pull(spec))
            await self._effect("update", spec.name, lambda: runtime.delete(hold))

    async def remove(self, name: ModelName) -> None:
        """Delete."""
        with self._watched("remove", name):
            await self._effect("remove", name, lambda: self._host.runtime.delete(name))

    async def activate(self, spec: ModelSpec, *, alias: ModelName | None, pin: bool, report: Report) -> None:
        """Load."""
        with self._watched("activate", spec.name):
            report(Progress(phase=Phase.LOADING))
            await self._effect("activate", spec.name, lambda: self._host.runtime.load(spec.name))

    async def point(self, alias: ModelName, name: ModelName) -> None:
        """Copy."""
        with self._watched("point", alias):
            await self._effect("activate", name, lambda: self._host.runtime.copy(name, alias))

    async def deactivate(self, name: ModelName) -> None:
        """Unload."""
        with self._watched("deactivate", name):
            await self._effect("deactivate", name, lambda: self._host.runtime.unload(name))

    async def restore(self, hold: Entry) -> None:
        """Put the held version back."""
        assert hold.holds is not None
        await self._moment()
        self._host.runtime.copy(hold.name, hold.holds)
        self._host.runtime.delete(hold.name)

    def hold_name(self, name: ModelName) -> ModelName:
        """Return a name for the earlier version."""
        return hold_name(name)

    async def close(self) -> None:
        """Let go of nothing."""

    async def _moment(self) -> None:
        await asyncio.sleep(MOMENT)
        if self._host.down:
            raise RuntimeUnreachable("one: nobody answers", reason=Reason.UNREACHABLE)

    async def _effect(self, kind: str, model: ModelName, change: Callable[[], object]) -> None:
        fate = self._host.fates.popleft() if self._host.fates else Fate.WELL
        await self._moment()
        match fate:
            case Fate.PASSING:
                raise TemporaryError("one: not now", reason=Reason.FAILED)
            case Fate.LASTING:
                raise PermanentError("one: it cannot be", reason=Reason.LOAD_FAILED)
            case Fate.STILL:
                await asyncio.Event().wait()
            case Fate.WELL:
                self._do(kind, model, change)

    def _do(self, kind: str, model: ModelName, change: Callable[[], object]) -> None:
        try:
            change()
        except Refusal as refusal:
            passing = refusal.kind == "backoff"
            error = TemporaryError if passing else PermanentError
            raise error(f"one: {model} cannot be", reason=refusal.reason) from refusal
        self._host.changed.append((kind, model))

    def _pull(self, spec: ModelSpec) -> None:
        if self._host.offline and spec.base is None:
            raise TemporaryError("one: the registry does not answer", reason=Reason.REGISTRY_UNREACHABLE)
        self._host.runtime.pull(spec)

    @contextmanager
    def _watched(self, kind: str, name: ModelName) -> Iterator[None]:
        """Note what must not happen before it does."""
        host, worker = self._host, self._host.worker()
        if worker is not None:
            found = Watch(worker.order.spec, worker._ledger.inventory, self._seen, worker._ledger.approved)
            host.broken += [f"{kind} {name}: {what}" for what in found.wrong_with(kind, name)]
        if (kind, name) in host.running:
            host.broken.append(f"{kind} {name}: it is running already")
        host.running.add((kind, name))
        try:
            yield
        finally:
            host.running.discard((kind, name))


@dataclass(frozen=True)
class Watch:
    """What is asked for, what is remembered and what was seen at the moment of an operation."""

    spec: RuntimeSpec
    inventory: Inventory
    seen: ObservedState | None
    approved: Collection[Any]

    def wrong_with(self, kind: str, name: ModelName) -> Iterator[str]:
        """Return why an operation may not be begun now."""
        if self.seen is None:
            yield "nothing is known of the runtime"
            return
        declared = {model.name for model in with_bases(self.spec.models)}
        if kind in {"install", "update", "activate"} and name not in declared | {self.inventory.last_active}:
            yield "the file does not ask for it"
        if kind == "point":
            yield from self._overwritten(name, self.seen)
        if kind == "remove":
            yield from self._removed(name, declared, self.seen)
        if kind in {"remove", "deactivate"} and not self._may_lose(name, self.seen):
            yield "people use it, and its successor does not answer"

    def _overwritten(self, alias: ModelName, seen: ObservedState) -> Iterator[str]:
        entry = self.inventory.entries.get(alias)
        if alias != self.spec.alias or entry is None or entry.role is not Role.ALIAS:
            yield "the alias is not on record"

    def _removed(self, name: ModelName, declared: Collection[ModelName], seen: ObservedState) -> Iterator[str]:
        entry = self.inventory.entries.get(name)
        if name in declared:
            yield "the file asks for it"
        if entry is None and self.spec.prune is not Prune.ALL:
            yield "this daemon did not put it there"
        if entry is not None and entry.role is Role.HOLD:
            return
        if name in self.inventory.kept or self.spec.prune is Prune.NEVER:
            yield "it is to stay"
        if entry is None or entry.role is Role.MODEL:
            yield from self._beyond_the_brakes(name, declared, seen)

    def _beyond_the_brakes(
        self, name: ModelName, declared: Collection[ModelName], seen: ObservedState
    ) -> Iterator[str]:
        there = seen.installed.get(name)
        if there is not None and (name.key, there.digest) in self.approved:
            return
        entries, limits = self.inventory.entries, self.spec.limits
        governed = {one for one in seen.installed if one in entries or self.spec.prune is Prune.ALL}
        going = [
            one
            for one in governed - set(declared) - {self.spec.alias} - self.inventory.kept
            if (one not in entries or entries[one].role is Role.MODEL)
            and (one.key, seen.installed[one].digest) not in self.approved
        ]
        if len(going) > limits.removals:
            yield f"{len(going)} would go, the limit is {limits.removals}"
        if not self.spec.models:
            yield "the file wants nothing, and nobody approved that"

    def _may_lose(self, name: ModelName, seen: ObservedState) -> bool:
        active, last = self.spec.active, self.inventory.last_active
        if active is None or name != last or name == active or seen.serving(name) is None:
            return True
        return is_held(active, None, seen)

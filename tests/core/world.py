"""A host in memory for properties: a perfect runtime, and a daemon that decides by the core alone.

The daemon does what the engine does, without time and without input: it takes stock, compares, plans, starts what may
start. An operation is a generator that stops after every effect and after every line of bookkeeping, so a run can be
looked at, cut or broken between any two of them.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from venom_modeld.core.brakes import Removal
from venom_modeld.core.desired import GB, ModelSpec, RuntimeSpec, digest_of, with_bases
from venom_modeld.core.drift import Drift, diff, is_held, recipe, wanted_in_memory
from venom_modeld.core.inventory import Entry, Inventory, Role
from venom_modeld.core.names import ModelName, parse_ollama
from venom_modeld.core.observed import (
    Capabilities,
    Disk,
    InstalledModel,
    LoadedModel,
    ObservedState,
    RemoteModel,
)
from venom_modeld.core.operations import (
    ActivateModel,
    DeactivateModel,
    InstallModel,
    Operation,
    RemoveModel,
    UpdateModel,
)
from venom_modeld.core.plan import Block, BlockKind, Plan, Situation, Step, make_plan
from venom_modeld.core.reasons import Reason
from venom_modeld.core.schedule import next_operations, obsolete

ABLE = Capabilities(derive=True, preload=True, alias=True, alias_copies=True, unload=True)


def hold_name(name: ModelName) -> ModelName:
    """Return the name under which an earlier version of a model is kept."""
    return parse_ollama("held/" + name.key.rpartition("/")[2])


class Refusal(Exception):
    """An operation that the runtime refuses, with the reason; a `passing` one may go well the next time."""

    def __init__(self, reason: Reason, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = BlockKind.BACKOFF if passing else BlockKind.STALLED


@dataclass
class PerfectRuntime:
    """A server that does at once what it is told; it keeps one runner for each version, as Ollama does."""

    published: dict[ModelName, RemoteModel] = field(default_factory=dict)
    installed: dict[ModelName, InstalledModel] = field(default_factory=dict)
    runners: dict[str, bool] = field(default_factory=dict)
    """The versions in memory, and whether each stays there."""
    capacity: int | None = None
    """Bytes of its disk, which counts every version once; None where the disk is not on this host."""
    unknown: frozenset[ModelName] = frozenset()
    """Models whose published side nobody could tell."""
    broken: frozenset[ModelName] = frozenset()
    """Models that cannot be loaded."""

    def observe(self) -> ObservedState:
        """Return everything there is."""
        return ObservedState(
            installed=dict(self.installed),
            loaded=tuple(self._loaded(digest) for digest in sorted(self.runners)),
            remote={name: remote for name, remote in self.published.items() if name not in self.unknown},
            disk=self._disk(),
        )

    def _loaded(self, digest: str) -> LoadedModel:
        serves = frozenset(name for name, model in self.installed.items() if model.digest == digest)
        return LoadedModel(name=min(serves), digest=digest, serves=serves, pinned=self.runners[digest])

    def _disk(self) -> Disk | None:
        if self.capacity is None:
            return None
        return Disk(path="/models", free_bytes=self.capacity - self.used, total_bytes=self.capacity)

    @property
    def used(self) -> int:
        """Return how many bytes the versions take, each counted once."""
        return sum({model.digest: model.size_bytes or 0 for model in self.installed.values()}.values())

    def put(self, name: ModelName, digest: str, size_bytes: int | None) -> None:
        """Let a name stand for a version."""
        self.installed[name] = InstalledModel(name=name, digest=digest, size_bytes=size_bytes)
        self._forget_runners()

    def pull(self, spec: ModelSpec) -> None:
        """Put the published version there, or what the base and the definition make."""
        if spec.base is None:
            remote = self.published.get(spec.name)
            if remote is None or remote.digest is None:
                raise Refusal(Reason.NOT_FOUND)
            if spec.pin not in (None, remote.digest):
                raise Refusal(Reason.PIN_MISMATCH)
            self.put(spec.name, remote.digest, remote.size_bytes)
        elif spec.base in self.installed:
            base = self.installed[spec.base]
            self.put(spec.name, derived_digest(spec.definition, base.digest), 0)
        else:
            raise Refusal(Reason.NOT_FOUND, passing=True)

    def copy(self, source: ModelName, target: ModelName) -> None:
        """Give a version a second name."""
        self.put(target, self.installed[source].digest, self.installed[source].size_bytes)

    def delete(self, name: ModelName) -> None:
        """Take a name away; the version goes with its last name."""
        self.installed.pop(name, None)
        self._forget_runners()

    def load(self, name: ModelName) -> None:
        """Load a model to stay."""
        if name in self.broken:
            raise Refusal(Reason.LOAD_FAILED)
        if name not in self.installed:
            raise Refusal(Reason.NOT_FOUND, passing=True)
        self.runners[self.installed[name].digest] = True

    def unload(self, name: ModelName) -> None:
        """Take the version that a name stands for out of memory."""
        if name in self.installed:
            self.runners.pop(self.installed[name].digest, None)

    def publish(self, name: ModelName, digest: str) -> None:
        """Let the registry have a version under a name."""
        self.published[name] = published(digest)

    def _forget_runners(self) -> None:
        there = {model.digest for model in self.installed.values()}
        self.runners = {digest: pinned for digest, pinned in self.runners.items() if digest in there}


def derived_digest(definition: str, base: str) -> str:
    """Return the version that a definition makes of a base."""
    return digest_of(["derived", definition, base])


@dataclass(frozen=True, kw_only=True)
class Flight:
    """An operation in flight; each step of `course` is one effect or one line of bookkeeping."""

    operation: Operation
    course: Iterator[None]


@dataclass
class Daemon:
    """What the engine remembers and does, for one runtime."""

    runtime: PerfectRuntime
    spec: RuntimeSpec
    inventory: Inventory = field(default_factory=Inventory)
    suspended: bool = False
    blocks: dict[str, Block] = field(default_factory=dict)
    approved: frozenset[Removal] = frozenset()
    flights: list[Flight] = field(default_factory=list)
    observed: ObservedState = field(default_factory=ObservedState)
    plan: Plan = field(default_factory=lambda: Plan(runtime="one"))
    drift: tuple[Drift, ...] = ()
    log: list[Operation] = field(default_factory=list)
    """Every operation that was started."""

    @property
    def in_flight(self) -> tuple[Operation, ...]:
        """Return the running operations, oldest first."""
        return tuple(flight.operation for flight in self.flights)

    # The loop

    def cycle(self) -> None:
        """Run one cycle."""
        gone = {one.key for one in obsolete(self.in_flight, self.spec, self.inventory, suspended=self.suspended)}
        self.flights = [flight for flight in self.flights if flight.operation.key not in gone]
        self.look()
        for operation in next_operations(self.plan, self.in_flight, downloads=self.spec.limits.downloads):
            self.log.append(operation)
            self.flights.append(Flight(operation=operation, course=self._course(operation)))

    def look(self) -> None:
        """Observe, take stock and plan, and start nothing."""
        self.observed = self.runtime.observe()
        self._take_stock()
        self.drift = diff(self.spec, self.observed, self.inventory)
        self.plan = make_plan(self.situation())
        keys = {step.key for step in self.plan.steps} | {operation.key for operation in self.in_flight}
        self.blocks = {key: block for key, block in self.blocks.items() if key in keys}

    def situation(self) -> Situation:
        """Return what the plan is made of."""
        return Situation(
            spec=self.spec,
            observed=self.observed,
            inventory=self.inventory,
            drift=self.drift,
            capabilities=ABLE,
            blocks=self.blocks,
            approved=self.approved,
            suspended=self.suspended,
        )

    def step(self, index: int = 0) -> None:
        """Let one flight do its next effect; one that ends or fails leaves."""
        flight = self.flights[index % len(self.flights)]
        try:
            next(flight.course)
        except StopIteration:
            self.blocks.pop(flight.operation.key, None)
            self.flights.remove(flight)
        except Refusal as refusal:
            self.fail(flight, refusal.kind, refusal.reason)

    def finish(self, index: int) -> None:
        """Let one flight, if there is one, come to its end."""
        flight = self.flights[index % len(self.flights)] if self.flights else None
        while flight in self.flights:
            self.step(self.flights.index(flight))

    def fail(self, flight: Flight, kind: BlockKind, reason: Reason) -> None:
        """End a flight by a failure."""
        until = 1.0 if kind is BlockKind.BACKOFF else None
        self.blocks[flight.operation.key] = Block(kind=kind, reason=reason, message="it failed", until=until)
        self.flights.remove(flight)

    def crash(self) -> None:
        """Lose all that is not on disk: what is in flight stops where it is."""
        self.flights.clear()

    def wait(self) -> None:
        """Let every backoff pass."""
        self.blocks = {key: one for key, one in self.blocks.items() if one.kind is not BlockKind.BACKOFF}

    def approve(self) -> None:
        """Approve the unsafe plan, if there is one."""
        if self.plan.unsafe is not None:
            self.approved |= set(self.plan.unsafe.removals)

    def settle(self, turns: Iterable[int] = (), *, limit: int = 400) -> None:
        """Run until nothing moves any more; `turns` choose which operation does its next effect."""
        choices = iter(turns)
        for _ in range(limit):
            self.cycle()
            if self.flights:
                self.step(next(choices, 0))
            elif any(block.kind is BlockKind.BACKOFF for block in self.blocks.values()):
                self.wait()
            else:
                return
        raise AssertionError(f"it does not come to rest: {self.log[-6:]}")

    def mend(self) -> None:
        """End all faults: room on the disk, models that load, pins that are published, and no failure remembered."""
        self.runtime.capacity, self.runtime.broken, self.blocks = None, frozenset(), {}
        for model in self.spec.models:
            if model.pin is not None:
                self.runtime.publish(model.name, model.pin)

    def converge(self, turns: Iterable[int] = ()) -> None:
        """Run until nothing moves any more, with every approval that is asked for on the way."""
        self.settle(turns)
        while self.plan.unsafe is not None:
            self.approve()
            self.settle(turns)

    # What the engine does before it plans

    def _take_stock(self) -> None:
        spec, installed = self.spec, self.observed.installed
        declared = {model.name for model in with_bases(spec.models)}
        busy = {name for operation in self.in_flight for name in operation.names}
        entries = {
            name: entry
            for name, entry in self.inventory.entries.items()
            if name in installed or name in declared or name in busy or entry.holds in busy
        }
        kept = {model.name for model in spec.models if model.keep}
        loose = {model.name for model in spec.models if not model.keep}
        self.inventory = replace(
            self.inventory,
            entries=entries,
            kept=frozenset((self.inventory.kept - loose | kept) & (installed.keys() | kept)),
        )
        self._remember_memory(busy)

    def _remember_memory(self, busy: Collection[ModelName]) -> None:
        wanted = set(wanted_in_memory(self.spec))
        held = {name for name in wanted if is_held(name, None, self.observed)}
        lasting = {
            name
            for name in self.inventory.pinned
            if name in wanted or name in busy or is_held(name, None, self.observed)
        }
        self.inventory = replace(self.inventory, pinned=frozenset(lasting | held))
        if self.spec.active in held and self.spec.active not in busy:
            self.inventory = replace(self.inventory, last_active=self.spec.active)

    # What operations do, one effect at a time

    def _course(self, operation: Operation) -> Iterator[None]:
        match operation:
            case InstallModel():
                return self._install(operation.spec, self.observed)
            case UpdateModel():
                return self._update(operation.spec, self.observed)
            case RemoveModel():
                return self._remove(operation.name)
            case ActivateModel():
                return self._activate(operation)
            case DeactivateModel():
                return self._deactivate(operation.name)

    def _install(self, spec: ModelSpec, before: ObservedState) -> Iterator[None]:
        made_of = recipe(spec, before)
        if spec.name not in before.installed:
            self._record(Entry(name=spec.name))
            yield
        self.runtime.pull(spec)
        yield
        if made_of is not None:
            self._record(Entry(name=spec.name, recipe=made_of))
            yield

    def _update(self, spec: ModelSpec, before: ObservedState) -> Iterator[None]:
        made_of, hold = recipe(spec, before), hold_name(spec.name)
        self._record(Entry(name=hold, role=Role.HOLD, holds=spec.name))
        yield
        if hold not in self.runtime.installed and spec.name in self.runtime.installed:
            self.runtime.copy(spec.name, hold)
            yield
        self.runtime.pull(spec)
        yield
        self.runtime.delete(hold)
        yield
        if made_of is not None or spec.name in self.inventory.entries:
            self._record(Entry(name=spec.name, recipe=made_of))
            yield
        self._forget(hold)

    def _remove(self, name: ModelName) -> Iterator[None]:
        self.runtime.delete(name)
        yield
        self._forget(name)
        yield
        if self.inventory.last_active == name:
            self.inventory = replace(self.inventory, last_active=None)

    def _activate(self, operation: ActivateModel) -> Iterator[None]:
        self.inventory = replace(self.inventory, pinned=self.inventory.pinned | {operation.model})
        yield
        self.runtime.load(operation.model)
        yield
        if operation.primary:
            self.inventory = replace(self.inventory, last_active=operation.model)
            yield
        if operation.alias is not None:
            yield from self._point(operation, operation.alias)

    def _point(self, operation: ActivateModel, alias: ModelName) -> Iterator[None]:
        there, model = self.runtime.installed.get(alias), self.runtime.installed[operation.model]
        if there is not None and there.digest == model.digest:
            return
        if there is not None and there.digest != operation.replaces:
            raise Refusal(Reason.ALIAS_TAKEN, passing=True)
        self._record(Entry(name=alias, role=Role.ALIAS))
        yield
        self.runtime.copy(operation.model, alias)

    def _deactivate(self, name: ModelName) -> Iterator[None]:
        self.runtime.unload(name)
        yield
        self.inventory = replace(self.inventory, pinned=self.inventory.pinned - {name})
        yield
        if self.inventory.last_active == name:
            self.inventory = replace(self.inventory, last_active=None)

    def _record(self, entry: Entry) -> None:
        self.inventory = replace(self.inventory, entries={**self.inventory.entries, entry.name: entry})

    def _forget(self, name: ModelName) -> None:
        entries = {key: entry for key, entry in self.inventory.entries.items() if key != name}
        self.inventory = replace(self.inventory, entries=entries)


def unreachable(daemon: Daemon) -> list[Step]:
    """Return the steps that are left although nothing but a taken alias keeps them from being taken."""
    taken = {step.key for step in daemon.plan.steps if step.block and step.block.reason is Reason.ALIAS_TAKEN}
    return [step for step in daemon.plan.steps if step.key not in taken and taken.isdisjoint(step.after)]


def published(digest: str, size_gb: int = 1) -> RemoteModel:
    """Return a published version."""
    return RemoteModel(digest=digest, size_bytes=size_gb * GB)

"""One cycle of one runtime: observe, compare, plan, start what may start.

Level-triggered: every cycle begins with the file and the world, never with what changed since the last one. Whatever
cannot be known makes the cycle end early, with nothing started.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from venom_modeld.core.conditions import Condition, Picture, broken, carry_over, of_runtime
from venom_modeld.core.desired import RuntimeSpec
from venom_modeld.core.drift import Drift, diff, is_held, wanted_in_memory
from venom_modeld.core.errors import ModeldError
from venom_modeld.core.inventory import Role
from venom_modeld.core.last import Last
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import ObservedState, Unknown, kept
from venom_modeld.core.operations import InstallModel, Operation, RemoveModel, UpdateModel
from venom_modeld.core.plan import Plan, Situation, make_plan
from venom_modeld.core.schedule import next_operations, obsolete
from venom_modeld.engine.executor import Cause, Executor
from venom_modeld.engine.ledger import Ledger
from venom_modeld.engine.lookups import Lookups, worth_asking
from venom_modeld.engine.wall import SetBack
from venom_modeld.runtimes.base import Runtime

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a runtime must be like, and which file says so."""

    spec: RuntimeSpec
    cause: Cause
    suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a cycle found; frozen, so that whoever reports it cannot change it."""

    order: Order
    observed: ObservedState | None = None
    observed_at: float | None = None
    unknown: Unknown | None = None
    unknown_since: float | None = None
    drift: tuple[Drift, ...] = ()
    plan: Plan | None = None
    conditions: tuple[Condition, ...] = ()
    seconds: float | None = None
    cycles: int = 0


class Reconciler:
    """The cycles of one runtime. `wall` is seconds since the epoch; `permits` has the last word on what is started."""

    def __init__(
        self,
        runtime: Runtime,
        ledger: Ledger,
        executor: Executor,
        lookups: Lookups,
        *,
        order: Order,
        wall: Callable[[], float],
        permits: Callable[[Operation], bool],
    ) -> None:
        self._runtime = runtime
        self._ledger = ledger
        self._executor = executor
        self._lookups = lookups
        self._wall = wall
        self._permits = permits
        self._set_back = SetBack(wall, asyncio.get_running_loop().time)
        self._diff = Last(diff)
        self._worth_asking = Last(worth_asking)
        self.order = order
        self.outcome = Outcome(order=order)

    @property
    def observed(self) -> ObservedState:
        """Return the last good observation; empty before the first one."""
        return self.outcome.observed or ObservedState()

    async def cycle(self) -> Outcome:
        """Run one cycle and return what it found; raises nothing but StateError."""
        order, began = self.order, asyncio.get_running_loop().time()
        endings = self._executor.endings
        if self._set_back.look():
            logger.warning("clock was set back", extra={"runtime": order.spec.name})
            await self._ledger.forgive()
        self._drop_obsolete(order)
        found = await self._observe(order)
        if found.unknown is None and found.observed is not None:
            if endings == self._executor.endings:  # a look from before the end of an operation misses what it put there
                await self._take_stock(order.spec, found.observed)
            found = await self._plan(order, found, found.observed)
        found = self._judged(found)
        self.outcome = replace(found, seconds=asyncio.get_running_loop().time() - began, cycles=self.outcome.cycles + 1)
        if found.unknown is None and found.plan is not None and endings == self._executor.endings:
            self._start(order, found.plan)
        return self.outcome

    def broke(self, fault: str) -> Outcome:
        """Take note that a cycle met a fault of the program, and return what is known with that."""
        generation = self.order.cause.generation
        conditions = broken(self.outcome.conditions, generation=generation, now=self._wall(), fault=fault)
        self.outcome = replace(self.outcome, conditions=conditions)
        return self.outcome

    def _drop_obsolete(self, order: Order) -> None:
        """Cancel the work in flight that the file no longer wants."""
        in_flight, inventory = self._executor.in_flight, self._ledger.inventory
        for operation in obsolete(in_flight, order.spec, inventory, suspended=order.suspended):
            why = "the file no longer asks for it" if not order.suspended else "suspended by the file"
            self._executor.cancel(operation.key, why)

    async def _observe(self, order: Order) -> Outcome:
        before = replace(self.outcome, order=order)
        self._runtime.follow(order.spec)
        try:
            observed = await self._runtime.observe(wanted_in_memory(order.spec))
        except ModeldError as error:
            if before.unknown is None:
                fields = {"runtime": order.spec.name, "reason": error.reason.value, "detail": error.message}
                logger.warning("runtime does not answer", extra=fields)
            unknown = Unknown(reason=error.reason, message=error.message)
            return replace(before, unknown=unknown, unknown_since=before.unknown_since or self._wall())
        if before.unknown is not None:
            logger.info("runtime answers again", extra={"runtime": order.spec.name})
            await self._ledger.forgive()
        self._lookups.refresh(self._worth_asking(order.spec, observed.installed))
        observed = replace(kept(before.observed, observed), remote=self._lookups.known)
        return replace(before, observed=observed, observed_at=self._wall(), unknown=None, unknown_since=None)

    async def _take_stock(self, spec: RuntimeSpec, observed: ObservedState) -> None:
        """Bring what is remembered in line with what is seen, before anything is decided on it."""
        ledger, inventory = self._ledger, self._ledger.inventory
        declared = spec.everything.keys()
        busy = {name for operation in self._executor.in_flight for name in operation.names}
        gone = inventory.entries.keys() - observed.installed.keys() - declared
        await ledger.forget(name for name in gone if not self._is_awaited(name, busy))
        kept = {model.name for model in spec.models if model.keep}
        loose = {model.name for model in spec.models if not model.keep}
        await ledger.keep(frozenset((inventory.kept - loose | kept) & (observed.installed.keys() | kept)))
        await self._remember_memory(spec, observed)

    def _is_awaited(self, name: ModelName, busy: set[ModelName]) -> bool:
        entry = self._ledger.inventory.entries[name]
        return name in busy or (entry.role is Role.HOLD and entry.holds in busy)

    async def _remember_memory(self, spec: RuntimeSpec, observed: ObservedState) -> None:
        """Own the pins of what the file wants loaded; forget the pins that are gone."""
        wanted = set(wanted_in_memory(spec))
        held = {name for name in wanted if is_held(name, None, observed)}
        busy = {operation.model for operation in self._executor.in_flight}
        inventory = self._ledger.inventory
        lasting = {name for name in inventory.pinned if name in wanted | busy or is_held(name, None, observed)}
        await self._ledger.pin(held, unpin=inventory.pinned - lasting)
        if spec.active in held and spec.active not in busy:
            await self._ledger.set_last_active(spec.active)

    async def _plan(self, order: Order, found: Outcome, observed: ObservedState) -> Outcome:
        capabilities = self._runtime.capabilities
        without_disk = replace(observed, disk=None)
        drift = self._diff(order.spec, without_disk, self._ledger.inventory, can_unload=capabilities.unload)
        plan = make_plan(
            Situation(
                spec=order.spec,
                observed=observed,
                inventory=self._ledger.inventory,
                drift=drift,
                capabilities=capabilities,
                blocks=self._ledger.blocks(now=self._wall()),
                approved=self._ledger.approved,
                partial=self._partial(),
                suspended=order.suspended,
            )
        )
        await self._forget_what_passed(plan)
        return replace(found, drift=drift, plan=plan)

    def _partial(self) -> Mapping[ModelName, int]:
        """Return what is on the disk of downloads that are not whole; what is free there does not count it."""
        stored, flying = self._ledger.partial, self._executor.partial
        return {name: max(stored.get(name, 0), flying.get(name, 0)) for name in {*stored, *flying}}

    async def _forget_what_passed(self, plan: Plan) -> None:
        """Forget failures and approvals of work that nobody plans any more."""
        in_flight = {operation.key for operation in self._executor.in_flight}
        await self._ledger.retain_attempts(frozenset({step.key for step in plan.steps} | in_flight))
        removals = (step.operation for step in plan.steps if isinstance(step.operation, RemoveModel))
        await self._ledger.drop_spent_approvals(frozenset((one.name.key, one.digest) for one in removals))

    def _start(self, order: Order, plan: Plan) -> None:
        if order is not self.order:
            return
        for operation in next_operations(plan, self._executor.in_flight, downloads=order.spec.limits.downloads):
            if isinstance(operation, InstallModel | UpdateModel) and operation.model in self._lookups.asking:
                continue
            if self._permits(operation):
                self._executor.start(operation, order.cause)

    def _judged(self, found: Outcome) -> Outcome:
        picture = Picture(
            generation=found.order.cause.generation,
            now=self._wall(),
            unknown=found.unknown,
            drift=found.drift,
            plan=found.plan,
            running=len(self._executor.in_flight),
        )
        return replace(found, conditions=carry_over(self.outcome.conditions, of_runtime(picture)))

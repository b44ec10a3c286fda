"""A plan without a daemon: observe once, ask what must be asked, plan, and change nothing."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from venom_modeld.core.desired import DesiredState, RuntimeSpec
from venom_modeld.core.drift import Drift, diff, wanted_in_memory
from venom_modeld.core.errors import ModeldError
from venom_modeld.core.observed import ObservedState, Unknown
from venom_modeld.core.plan import Plan, Situation, make_plan, overall_digest
from venom_modeld.engine.ledger import Ledger
from venom_modeld.engine.lookups import Lookups, worth_asking
from venom_modeld.runtimes.base import Runtime
from venom_modeld.state.store import Store

LOOKUP_SECONDS = 20.0
"""How long providers may take to tell sizes; what is not told by then is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimePlan:
    """What is to be done on one runtime, or why that cannot be known."""

    spec: RuntimeSpec
    observed: ObservedState | None = None
    unknown: Unknown | None = None
    drift: tuple[Drift, ...] = ()
    plan: Plan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    """The plans of all runtimes of a file."""

    desired: DesiredState
    runtimes: tuple[RuntimePlan, ...]

    @property
    def digest(self) -> str:
        """Return the digest of all that would be done."""
        plans: Mapping[str, Plan | None] = {one.spec.name: one.plan for one in self.runtimes}
        return overall_digest(plans)


async def preview(desired: DesiredState, runtimes: Mapping[str, Runtime], store: Store) -> PlanReport:
    """Return what a daemon would do now; `runtimes` are the drivers by the names in the file."""
    plans = (_preview(spec, desired, runtimes[spec.name], store) for spec in desired.runtimes)
    return PlanReport(desired=desired, runtimes=tuple(await asyncio.gather(*plans)))


async def _preview(spec: RuntimeSpec, desired: DesiredState, runtime: Runtime, store: Store) -> RuntimePlan:
    runtime.follow(spec)
    try:
        observed = await runtime.observe(wanted_in_memory(spec))
    except ModeldError as error:
        return RuntimePlan(spec=spec, unknown=Unknown(reason=error.reason, message=error.message))
    ledger = Ledger(store, spec.name)
    await ledger.load()
    observed = await _with_remote(spec, observed, runtime)
    drift = diff(spec, observed, ledger.inventory, can_unload=runtime.capabilities.unload)
    plan = make_plan(
        Situation(
            spec=spec,
            observed=observed,
            inventory=ledger.inventory,
            drift=drift,
            capabilities=runtime.capabilities,
            blocks=ledger.blocks(now=time.time()),
            approved=ledger.approved,
            partial=ledger.partial,
            suspended=desired.suspend or spec.suspend,
        )
    )
    return RuntimePlan(spec=spec, observed=observed, drift=drift, plan=plan)


async def _with_remote(spec: RuntimeSpec, observed: ObservedState, runtime: Runtime) -> ObservedState:
    lookups = Lookups(runtime, interval=LOOKUP_SECONDS, clock=asyncio.get_running_loop().time, wake=lambda: None)
    lookups.refresh(worth_asking(spec, observed.installed))
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            await lookups.settle()
    except TimeoutError:
        await lookups.close()
    return replace(observed, remote=lookups.known)

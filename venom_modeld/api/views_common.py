"""The parts of a view that several answers share: pure functions from the snapshot."""

from collections.abc import Iterable, Mapping
from typing import TypedDict

from venom_modeld.api.models_common import ConditionInfo, Counts
from venom_modeld.api.values import elapsed, timestamp
from venom_modeld.core.conditions import Condition
from venom_modeld.core.events import OPERATION_COMPLETED, OperationStatus
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import InstalledModel
from venom_modeld.core.plan import Step
from venom_modeld.core.steps import coming_steps
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot


class Reached(TypedDict):
    """The fields of `Reachability`."""

    name: str
    kind: str
    reachable: bool | None
    error: str | None
    reason: str | None
    unknown_since: str | None
    observed_at: str | None
    age_seconds: float | None


def reached(runtime: RuntimeSnapshot, made_at: float) -> Reached:
    """Return whether a runtime answers and how old what is known of it was at `made_at`."""
    unknown = runtime.unknown
    return Reached(
        name=runtime.spec.name,
        kind=runtime.spec.kind,
        reachable=answers(runtime),
        error=unknown.message if unknown else None,
        reason=unknown.reason if unknown else None,
        unknown_since=timestamp(runtime.unknown_since) if unknown else None,
        observed_at=timestamp(runtime.observed_at),
        age_seconds=elapsed(runtime.observed_at, made_at),
    )


def answers(runtime: RuntimeSnapshot) -> bool | None:
    """Return whether a runtime answers; None before it was first asked."""
    if runtime.unknown is not None:
        return False
    return None if runtime.observed is None else True


def suspended(snapshot: StatusSnapshot, runtime: RuntimeSnapshot) -> bool:
    """Return whether the file says to change nothing on a runtime."""
    return runtime.spec.suspend or (snapshot.desired is not None and snapshot.desired.suspend)


def condition_info(condition: Condition) -> ConditionInfo:
    """Return a condition as the API writes it."""
    return ConditionInfo(
        type=condition.type,
        status=condition.status,
        reason=condition.reason,
        message=condition.message,
        last_transition_time=timestamp(condition.last_transition_time),
        observed_generation=condition.observed_generation,
    )


def by_name(installed: Mapping[ModelName, InstalledModel]) -> list[tuple[ModelName, InstalledModel]]:
    """Return installed models sorted by name. Comparing keys is many times faster than comparing names."""
    return sorted(installed.items(), key=lambda item: item[0].key)


def steps(runtime: RuntimeSnapshot) -> tuple[Step, ...]:
    """Return the steps of a runtime's plan."""
    return runtime.plan.steps if runtime.plan else ()


def done(snapshot: StatusSnapshot, runtime: RuntimeSnapshot) -> frozenset[str]:
    """Return the keys of the operations that were completed after the runtime was last looked at.

    Its plan and what is known of it are older than they are, and would tell of them as if they were still to be done.
    What seems to be yet to come was told before the clock was set back, and has been looked at long since.
    """
    since, now = runtime.observed_at or 0.0, snapshot.made_at
    return frozenset(
        event.operation_id.rpartition("-")[0]
        for event in snapshot.events
        if event.type == OPERATION_COMPLETED and event.runtime == runtime.spec.name and since < event.at <= now
    )


def counts(snapshot: StatusSnapshot, runtime: RuntimeSnapshot) -> Counts:
    """Return how much there is of what on a runtime."""
    observed = runtime.observed
    running = {one.key for one in runtime.operations if one.status is OperationStatus.IN_PROGRESS}
    left = [step for step in steps(runtime) if step.key not in running | done(snapshot, runtime)]
    coming = {step.key for step in coming_steps(steps(runtime))}
    return Counts(
        declared=len(runtime.spec.models),
        installed=len(observed.installed) if observed else 0,
        loaded=len(observed.loaded) if observed else 0,
        unmanaged=_unmanaged(runtime),
        drift=len(runtime.drift),
        in_progress=len(running),
        pending=sum(step.key in coming for step in left),
        waiting=sum(step.key not in coming for step in left),
    )


def _unmanaged(runtime: RuntimeSnapshot) -> int:
    managed = {name.key for name in runtime.spec.everything}
    managed.update(name.key for name in runtime.inventory.entries)
    return sum(name.key not in managed for name in (runtime.observed.installed if runtime.observed else ()))


def total(parts: Iterable[Counts]) -> Counts:
    """Return the sums of counts."""
    found = list(parts)
    return Counts(**{name: sum(getattr(part, name) for part in found) for name in Counts.model_fields})

"""Conditions: what is true of a runtime and of the whole, each with a reason for programs and a sentence for people.

Their form and the three words Ready, Reconciling and Stalled are those of Kubernetes' kstatus, so that people and
tools that know them need not learn others.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from venom_modeld.core.drift import Drift
from venom_modeld.core.observed import Unknown
from venom_modeld.core.origin import Origin
from venom_modeld.core.plan import Block, Plan, Step
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import coming_steps


class ConditionType(StrEnum):
    """What a condition speaks of."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    RUNTIME_REACHABLE = "RuntimeReachable"
    CONFIG_VALID = "ConfigValid"
    SOURCE_FETCHED = "SourceFetched"


class Truth(StrEnum):
    """Unknown is an answer of its own: neither true nor false."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition; `last_transition_time` is when its status last changed, in seconds since the epoch."""

    type: ConditionType
    status: Truth
    reason: Reason
    message: str
    last_transition_time: float
    observed_generation: int


def carry_over(before: tuple[Condition, ...], now: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Return the conditions of `now`, each with the earlier transition time where its status did not change."""
    known = {condition.type: condition for condition in before}
    return tuple(_carry(known.get(condition.type), condition) for condition in now)


def _carry(before: Condition | None, now: Condition) -> Condition:
    if before is None or before.status is not now.status:
        return now
    return replace(now, last_transition_time=before.last_transition_time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the conditions of one runtime are judged by."""

    generation: int
    now: float
    unknown: Unknown | None
    drift: tuple[Drift, ...]
    plan: Plan | None
    running: int
    """How many operations are in flight."""


def of_runtime(picture: Picture) -> tuple[Condition, ...]:
    """Return the four conditions of a runtime; with an Unknown runtime everything else is Unknown too."""
    judge = _Judge(picture)
    if picture.unknown is not None:
        reason, message = Reason(picture.unknown.reason), picture.unknown.message
        return (
            judge.say(ConditionType.RUNTIME_REACHABLE, Truth.FALSE, reason, message),
            judge.say(ConditionType.READY, Truth.UNKNOWN, reason, message),
            judge.say(ConditionType.RECONCILING, Truth.UNKNOWN, reason, "nothing is started while it does not answer"),
            judge.say(ConditionType.STALLED, Truth.UNKNOWN, reason, message),
        )
    return (
        judge.say(ConditionType.RUNTIME_REACHABLE, Truth.TRUE, Reason.REACHABLE, "it answers"),
        _ready(judge),
        _reconciling(judge),
        _stalled(judge),
    )


def broken(before: tuple[Condition, ...], *, generation: int, now: float, fault: str) -> tuple[Condition, ...]:
    """Return the conditions of a runtime whose cycle met a fault of the program: not Ready, and else as before."""
    ready = Condition(
        type=ConditionType.READY,
        status=Truth.FALSE,
        reason=Reason.INTERNAL_ERROR,
        message=(
            f"the daemon met a fault of its own ({fault}) and could not finish looking at this runtime; it begins"
            " nothing here and tries again by itself. Please report it, with the trace that is in its log"
        ),
        last_transition_time=now,
        observed_generation=generation,
    )
    return carry_over(before, tuple(ready if one.type is ready.type else one for one in before) or (ready,))


@dataclass(frozen=True, slots=True)
class _Judge:
    picture: Picture

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps of the plan."""
        return self.picture.plan.steps if self.picture.plan else ()

    @property
    def first_stop(self) -> Step | None:
        """Return the first step that waits for a person."""
        return next((step for step in self.steps if step.block and step.block.needs_a_person), None)

    def say(self, kind: ConditionType, status: Truth, reason: Reason, message: str) -> Condition:
        """Return a condition that began now."""
        return Condition(
            type=kind,
            status=status,
            reason=reason,
            message=message,
            last_transition_time=self.picture.now,
            observed_generation=self.picture.generation,
        )


def _ready(judge: _Judge) -> Condition:
    drift, stop = judge.picture.drift, judge.first_stop
    if not drift and not judge.picture.running:
        return judge.say(ConditionType.READY, Truth.TRUE, Reason.SUCCEEDED, "the runtime is as the file says")
    if stop is not None and stop.block is not None:
        return judge.say(ConditionType.READY, Truth.FALSE, stop.block.reason, _of_model(stop, stop.block))
    message = f"{drift[0].model}: {drift[0].message}" if drift else "the last operation is being finished"
    if len(drift) > 1:
        message += f", and {len(drift) - 1} more"
    return judge.say(ConditionType.READY, Truth.FALSE, Reason.PROGRESSING, message)


def _reconciling(judge: _Judge) -> Condition:
    waiting = coming_steps(judge.steps)
    retries = [step for step in waiting if step.block is not None]
    if judge.picture.running:
        message = f"{judge.picture.running} in progress, {max(0, len(waiting) - judge.picture.running)} to follow"
        return judge.say(ConditionType.RECONCILING, Truth.TRUE, Reason.PROGRESSING, message)
    if retries and retries[0].block is not None:
        return judge.say(
            ConditionType.RECONCILING, Truth.TRUE, Reason.RETRYING, _of_model(retries[0], retries[0].block)
        )
    if waiting:
        return judge.say(ConditionType.RECONCILING, Truth.TRUE, Reason.PENDING, f"{len(waiting)} to follow")
    return judge.say(ConditionType.RECONCILING, Truth.FALSE, Reason.SUCCEEDED, "nothing is in progress")


def _stalled(judge: _Judge) -> Condition:
    stop = judge.first_stop
    if stop is None or stop.block is None:
        return judge.say(ConditionType.STALLED, Truth.FALSE, Reason.PROGRESSING, "nothing waits for a person")
    return judge.say(ConditionType.STALLED, Truth.TRUE, stop.block.reason, _of_model(stop, stop.block))


def _of_model(step: Step, block: Block) -> str:
    """Return what a block says, with the model that it is about, unless it says so itself."""
    model = step.operation.model.text
    return block.message if model in block.message else f"{model}: {block.message}"


def config_valid(problems: tuple[str, ...], *, generation: int, now: float, missing: bool) -> Condition:
    """Return ConfigValid for a file with these problems (each a `file:line:column: …` sentence; none: it is valid)."""
    if not problems:
        status, reason, message = Truth.TRUE, Reason.VALID, "the file is valid and in force"
    else:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        status, reason = Truth.FALSE, Reason.FILE_MISSING if missing else Reason.INVALID
        message = f"{problems[0]}{more}; the last good file stays in force"
    return Condition(
        type=ConditionType.CONFIG_VALID,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=now,
        observed_generation=generation,
    )


def source_fetched(origin: Origin, *, generation: int, now: float) -> Condition:
    """Return SourceFetched for a file that comes out of a repository."""
    status, reason = Truth.TRUE, Reason.SUCCEEDED
    message = f"{origin.ref} of {origin.url} was fetched"
    if origin.reason is not None:
        status, reason = Truth.FALSE, origin.reason
        message = f"{origin.message}; what was fetched before stays in force"
    elif origin.fetched_at is None:
        status, reason, message = Truth.UNKNOWN, Reason.PENDING, f"{origin.url} has not been asked yet"
    return Condition(
        type=ConditionType.SOURCE_FETCHED,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=now,
        observed_generation=generation,
    )


def roll_up(config: Condition, runtimes: tuple[tuple[Condition, ...], ...], *, now: float) -> tuple[Condition, ...]:
    """Return the conditions of the whole: the worst of each type over all runtimes, and ConfigValid."""
    kinds = (ConditionType.READY, ConditionType.RECONCILING, ConditionType.STALLED, ConditionType.RUNTIME_REACHABLE)
    worst = (_worst(kind, [one for found in runtimes for one in found if one.type is kind], now) for kind in kinds)
    return (config, *(one for one in worst if one is not None))


_BAD = {
    ConditionType.READY: Truth.FALSE,
    ConditionType.RECONCILING: Truth.TRUE,
    ConditionType.STALLED: Truth.TRUE,
    ConditionType.RUNTIME_REACHABLE: Truth.FALSE,
}


def _worst(kind: ConditionType, found: list[Condition], now: float) -> Condition | None:
    if not found:
        return None
    ranks = {_BAD[kind]: 0, Truth.UNKNOWN: 1}
    worst = min(found, key=lambda one: ranks.get(one.status, 2))
    return replace(worst, last_transition_time=now)

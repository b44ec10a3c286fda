"""Conditions: what is true of a runtime and of the whole, each with a reason for programs and a sentence for people.

Their form and the three words Ready, Reconciling and Stalled are those of Kubernetes' kstatus, so that people and
tools that know them need not learn others.
"""

from dataclasses import dataclass
from enum import StrEnum

from venom_modeld.core.reasons import Reason


class ConditionType(StrEnum):
    """What a condition speaks of."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    RUNTIME_REACHABLE = "RuntimeReachable"
    CONFIG_VALID = "ConfigValid"


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
    return Condition(
        type=now.type,
        status=now.status,
        reason=now.reason,
        message=now.message,
        last_transition_time=before.last_transition_time,
        observed_generation=now.observed_generation,
    )

"""Conditions: what is said of a runtime, and of all of them together."""

from dataclasses import replace

import pytest

from tests.core.values import block, install, planned, runtime
from venom_modeld.core.conditions import (
    Condition,
    ConditionType,
    Picture,
    Truth,
    carry_over,
    config_valid,
    of_runtime,
    source_fetched,
)
from venom_modeld.core.conditions import roll_up as rolled_up
from venom_modeld.core.drift import Drift, diff
from venom_modeld.core.inventory import Inventory
from venom_modeld.core.observed import ObservedState, Unknown
from venom_modeld.core.origin import Origin
from venom_modeld.core.plan import Plan, Step
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import BlockKind

DRIFT = diff(runtime("a"), ObservedState(), Inventory())
MORE_DRIFT = diff(runtime("a", "b", "c"), ObservedState(), Inventory())


def picture(
    *, drift: tuple[Drift, ...] = (), plan: Plan | None = None, running: int = 0, unknown: Unknown | None = None
) -> Picture:
    """Return a picture of a runtime."""
    return Picture(generation=7, now=100.0, unknown=unknown, drift=drift, plan=plan, running=running)


def with_block(kind: BlockKind) -> Plan:
    """Return a plan of one step, blocked."""
    return Plan(runtime="one", steps=(Step(operation=install("a"), block=block(kind)),))


STUCK = Plan(
    runtime="one",
    steps=(
        Step(operation=install("a"), block=block(BlockKind.STALLED)),
        Step(operation=install("b"), after=(install("a").key,)),
    ),
)
HALF_STUCK = Plan(runtime="one", steps=(*STUCK.steps, Step(operation=install("c"))))


def said(found: tuple[Condition, ...], kind: ConditionType) -> tuple[str, str, str]:
    """Return the status, the reason and the message of a condition."""
    one = next(one for one in found if one.type is kind)
    return one.status.value, one.reason.value, one.message


@pytest.mark.parametrize(
    ("seen", "ready", "reconciling", "stalled"),
    [
        (
            picture(),
            ("True", "Succeeded", "the runtime is as the file says"),
            ("False", "Succeeded", "nothing is in progress"),
            ("False", "Progressing", "nothing waits for a person"),
        ),
        (
            picture(running=1),
            ("False", "Progressing", "the last operation is being finished"),
            ("True", "Progressing", "1 in progress, 0 to follow"),
            ("False", "Progressing", "nothing waits for a person"),
        ),
        (
            picture(drift=DRIFT, plan=planned(runtime("a"))),
            ("False", "Progressing", "a:latest: declared, not installed"),
            ("True", "Pending", "1 to follow"),
            ("False", "Progressing", "nothing waits for a person"),
        ),
        (
            picture(drift=MORE_DRIFT, plan=planned(runtime("a", "b", "c")), running=1),
            ("False", "Progressing", "a:latest: declared, not installed, and 2 more"),
            ("True", "Progressing", "1 in progress, 2 to follow"),
            ("False", "Progressing", "nothing waits for a person"),
        ),
        (
            picture(drift=DRIFT, plan=with_block(BlockKind.BACKOFF)),
            ("False", "Progressing", "a:latest: declared, not installed"),
            ("True", "Retrying", "a:latest: it is backoff"),
            ("False", "Progressing", "nothing waits for a person"),
        ),
        (
            picture(drift=DRIFT, plan=STUCK),
            ("False", "Failed", "a:latest: it is stalled"),
            ("False", "Succeeded", "nothing is in progress"),
            ("True", "Failed", "a:latest: it is stalled"),
        ),
        (
            picture(drift=DRIFT, plan=HALF_STUCK),
            ("False", "Failed", "a:latest: it is stalled"),
            ("True", "Pending", "1 to follow"),
            ("True", "Failed", "a:latest: it is stalled"),
        ),
    ],
    ids=("converged", "finishing", "pending", "running", "retrying", "stuck", "half stuck"),
)
def test_three_conditions_tell_how_it_goes(
    seen: Picture, ready: tuple[str, str, str], reconciling: tuple[str, str, str], stalled: tuple[str, str, str]
) -> None:
    """Ready, Reconciling and Stalled each have a reason and a sentence; a step that cannot come is not to follow."""
    found = of_runtime(seen)
    assert said(found, ConditionType.READY) == ready
    assert said(found, ConditionType.RECONCILING) == reconciling
    assert said(found, ConditionType.STALLED) == stalled
    assert said(found, ConditionType.RUNTIME_REACHABLE) == ("True", "Reachable", "it answers")
    assert {(one.observed_generation, one.last_transition_time) for one in found} == {(7, 100.0)}


def test_of_an_unknown_runtime_nothing_else_is_known() -> None:
    """A runtime that does not answer is not reachable, and all else is Unknown, with its reason."""
    unknown = Unknown(reason="Unreachable", message="connection refused")
    found = of_runtime(picture(unknown=unknown, drift=DRIFT, plan=STUCK))
    assert [(one.type, one.status) for one in found] == [
        (ConditionType.RUNTIME_REACHABLE, Truth.FALSE),
        (ConditionType.READY, Truth.UNKNOWN),
        (ConditionType.RECONCILING, Truth.UNKNOWN),
        (ConditionType.STALLED, Truth.UNKNOWN),
    ]
    assert {one.reason for one in found} == {Reason.UNREACHABLE}


def condition(status: Truth, *, at: float = 1.0, kind: ConditionType = ConditionType.READY) -> Condition:
    """Return a condition."""
    return Condition(
        type=kind,
        status=status,
        reason=Reason.SUCCEEDED,
        message="",
        last_transition_time=at,
        observed_generation=1,
    )


@pytest.mark.parametrize(
    ("before", "kept"), [((condition(Truth.TRUE),), 1.0), ((condition(Truth.FALSE),), 2.0), ((), 2.0)]
)
def test_a_condition_keeps_its_time_while_its_status_stays(before: tuple[Condition, ...], kept: float) -> None:
    """Only a changed status, or a condition that was not there, begins now."""
    (found,) = carry_over(before, (condition(Truth.TRUE, at=2.0),))
    assert found.last_transition_time == kept


@pytest.mark.parametrize(
    ("problems", "missing", "expected"),
    [
        ((), False, ("True", "Valid", "the file is valid and in force")),
        (("f:1:1: bad",), False, ("False", "Invalid", "f:1:1: bad; the last good file stays in force")),
        (
            ("f: gone", "more"),
            True,
            ("False", "FileMissing", "f: gone (and 1 more); the last good file stays in force"),
        ),
    ],
)
def test_a_bad_file_is_said_with_its_first_problem(
    problems: tuple[str, ...], missing: bool, expected: tuple[str, str, str]
) -> None:
    """ConfigValid tells the first problem, how many more there are, and what is in force."""
    found = config_valid(problems, generation=3, now=5.0, missing=missing)
    assert said((found,), ConditionType.CONFIG_VALID) == expected
    assert (found.observed_generation, found.last_transition_time) == (3, 5.0)


@pytest.mark.parametrize(
    ("kind", "statuses", "worst"),
    [
        (ConditionType.READY, (Truth.TRUE, Truth.UNKNOWN, Truth.FALSE), Truth.FALSE),
        (ConditionType.READY, (Truth.TRUE, Truth.UNKNOWN), Truth.UNKNOWN),
        (ConditionType.READY, (Truth.TRUE, Truth.TRUE), Truth.TRUE),
        (ConditionType.STALLED, (Truth.FALSE, Truth.TRUE), Truth.TRUE),
        (ConditionType.RECONCILING, (Truth.FALSE, Truth.TRUE), Truth.TRUE),
        (ConditionType.RUNTIME_REACHABLE, (Truth.TRUE, Truth.FALSE), Truth.FALSE),
    ],
)
def test_the_whole_is_as_good_as_its_worst_runtime(
    kind: ConditionType, statuses: tuple[Truth, ...], worst: Truth
) -> None:
    """What is bad for its type comes first, then Unknown; types that no runtime has are left out."""
    config = config_valid((), generation=1, now=1.0, missing=False)
    runtimes = tuple((condition(status, kind=kind),) for status in statuses)
    found = rolled_up(config, runtimes, now=9.0)
    assert [one.type for one in found] == [ConditionType.CONFIG_VALID, kind]
    assert (found[1].status, found[1].last_transition_time) == (worst, 9.0)


ORIGIN = Origin(url="https://git.example/a", ref="main", path="models.yaml")


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (ORIGIN, ("Unknown", "Pending", "https://git.example/a has not been asked yet")),
        (replace(ORIGIN, fetched_at=4.0), ("True", "Succeeded", "main of https://git.example/a was fetched")),
        (
            replace(ORIGIN, fetched_at=4.0, reason=Reason.UNREACHABLE, message="it is away"),
            ("False", "Unreachable", "it is away; what was fetched before stays in force"),
        ),
    ],
)
def test_how_the_last_fetch_went_is_a_condition(origin: Origin, expected: tuple[str, str, str]) -> None:
    """SourceFetched is of the whole, and only where the file comes out of a repository."""
    found = source_fetched(origin, generation=3, now=5.0)
    assert said((found,), ConditionType.SOURCE_FETCHED) == expected
    assert (found.observed_generation, found.last_transition_time) == (3, 5.0)

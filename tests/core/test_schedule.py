"""What may start beside what is in flight, and what in flight is no longer wanted."""

from dataclasses import replace

import pytest

from tests.core.values import block, install, inventory, model, name, remove, runtime
from venom_modeld.core.desired import Prune, RuntimeSpec, Update
from venom_modeld.core.inventory import Role
from venom_modeld.core.operations import ActivateModel, DeactivateModel, Operation, UpdateModel
from venom_modeld.core.plan import Plan
from venom_modeld.core.schedule import next_operations, obsolete
from venom_modeld.core.steps import BlockKind, Step


def update(text: str, **more: object) -> UpdateModel:
    """Return an update."""
    return UpdateModel(runtime="one", reason="moved", spec=model(text, **more), from_digest="x", to_digest="y")


def activate(text: str, **more: object) -> ActivateModel:
    """Return an activation."""
    return ActivateModel(runtime="one", reason="active", spec=model(text, **more), digest="x")


def deactivate(text: str) -> DeactivateModel:
    """Return a deactivation."""
    return DeactivateModel(runtime="one", reason="not wanted", name=name(text))


def plan(*operations: Operation | Step) -> Plan:
    """Return a plan."""
    steps = [one if isinstance(one, Step) else Step(operation=one) for one in operations]
    return Plan(runtime="one", steps=tuple(steps))


A, B, C = install("a"), install("b"), install("c")
DERIVED = install("d", base="a")


@pytest.mark.parametrize(
    ("planned", "in_flight", "downloads", "started"),
    [
        (plan(A, B, C), (), 1, [A]),
        (plan(A, B, C), (), 2, [A, B]),
        (plan(A, B, C), (A,), 2, [B]),
        (plan(A, B), (A, B), 3, []),
        (plan(A, activate("x")), (), 1, [A, activate("x")]),
        (plan(activate("x"), activate("y")), (), 1, [activate("x")]),
        (plan(DERIVED, activate("x")), (), 1, [DERIVED]),
        (plan(A, DERIVED), (), 1, [A, DERIVED]),
        (plan(update("a"), activate("a")), (), 1, [update("a")]),
        (plan(remove("x"), A), (), 1, [remove("x")]),
        (plan(A, remove("x")), (), 1, [A]),
        (plan(remove("x"), remove("y")), (), 1, [remove("x")]),
        (plan(remove("x")), (activate("y"),), 1, []),
        (plan(Step(operation=A, block=block(BlockKind.BACKOFF)), B), (), 1, [B]),
        (plan(A, Step(operation=activate("x"), after=(A.key,))), (), 1, [A]),
        (plan(Step(operation=activate("x"), after=(A.key,))), (), 1, [activate("x")]),
    ],
)
def test_only_what_may_run_together_is_started(
    planned: Plan, in_flight: tuple[Operation, ...], downloads: int, started: list[Operation]
) -> None:
    """One change at a time, downloads beside it up to a limit, no removal beside a download, one operation a model."""
    assert list(next_operations(planned, in_flight, downloads=downloads)) == started


ACTIVE = runtime("a", "b", active="a", alias="default")


@pytest.mark.parametrize(
    ("operation", "spec", "wanted"),
    [
        (install("a"), ACTIVE, True),
        (install("z"), ACTIVE, False),
        (install("a"), runtime(model("a", pin="sha256:x")), False),
        (install("a"), runtime(model("d", base="a")), True),
        (update("a"), runtime(model("a", update=Update.ALWAYS)), True),
        (update("a"), ACTIVE, False),
        (update("a", pin="sha256:y"), runtime(model("a", pin="sha256:y")), True),
        (replace(update("a"), to_digest=None), ACTIVE, True),
        (update("z"), ACTIVE, False),
        (activate("a"), ACTIVE, True),
        (activate("last"), ACTIVE, True),
        (activate("b"), ACTIVE, False),
        (activate("b"), runtime(model("b", preload=True)), True),
        (deactivate("b"), ACTIVE, True),
        (deactivate("a"), ACTIVE, False),
        (remove("z"), ACTIVE, True),
        (remove("a"), ACTIVE, False),
        (remove("default"), ACTIVE, False),
        (remove("default", role=Role.ALIAS), ACTIVE, False),
        (remove("default", role=Role.ALIAS), runtime("a", alias="default"), True),
        (remove("z"), runtime(prune=Prune.NEVER), False),
        (remove("held/a", role=Role.HOLD), runtime(prune=Prune.NEVER), True),
    ],
)
def test_work_is_cancelled_when_the_file_no_longer_wants_it(
    operation: Operation, spec: RuntimeSpec, wanted: bool
) -> None:
    """An installation of what is not declared, a removal of what is, a switch to what nobody asks for."""
    gone = obsolete([operation], spec, inventory(last_active="last"), suspended=False)
    assert gone == (() if wanted else (operation,))


def test_a_suspended_runtime_gives_up_downloads_only() -> None:
    """A download goes on later where it stopped; what takes a moment ends in order."""
    running = [install("a"), install("d", base="a"), activate("a")]
    spec = runtime("a", model("d", base="a"), active="a")
    assert obsolete(running, spec, inventory(), suspended=True) == (running[0],)

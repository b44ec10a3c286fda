"""Plans: who waits for whom, what stands in for whom, and whose names are not overwritten."""

from dataclasses import replace

import pytest

from tests.core.values import (
    ABLE,
    inventory,
    loaded,
    model,
    name,
    observed,
    planned,
    remote,
    runtime,
    step_of,
    steps_of,
    told,
    waits_of,
)
from venom_modeld.core.desired import GB, Limits, Prune, RuntimeSpec, Update
from venom_modeld.core.inventory import Entry, Inventory, Role
from venom_modeld.core.observed import Disk, ObservedState
from venom_modeld.core.operations import ActivateModel, RemoveModel, UpdateModel
from venom_modeld.core.plan import Plan, overall_digest
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import BlockKind

ALIAS = Entry(name=name("default"), role=Role.ALIAS)
HOLD = Entry(name=name("held/a"), role=Role.HOLD, holds=name("a"))
WITH_A = loaded("a")
STALLED = BlockKind.STALLED


def activations(plan: Plan) -> list[tuple[str, str | None, str | None]]:
    """Return the activations: the model, the alias that is pointed at it, and what blocks it."""
    return [
        (
            step.operation.model.text.removesuffix(":latest"),
            step.operation.alias.text.removesuffix(":latest") if step.operation.alias else None,
            step.block.kind if step.block else None,
        )
        for step in plan.steps
        if isinstance(step.operation, ActivateModel)
    ]


# Order


def test_work_is_done_in_the_order_that_loses_nothing() -> None:
    """Install, update, activate, deactivate, remove; a removal waits for all that comes."""
    spec = runtime("new", model("moved", update=Update.ALWAYS), active="new")
    now = observed("moved", "old", loaded=(loaded("old"),), remote=remote(moved="x"))
    remembered = inventory("old", "moved", last_active="old", pinned=frozenset({name("old")}))
    plan = planned(spec, now, remembered)
    assert steps_of(plan) == ["install new", "update moved", "activate new", "deactivate old", "remove old"]
    assert waits_of(plan, "activate new") == ["install new"]
    assert waits_of(plan, "deactivate old") == ["activate new"]
    assert waits_of(plan, "remove old") == ["install new", "update moved", "activate new"]


def test_what_a_model_is_made_of_comes_first() -> None:
    """A base stands before its derived models, however the file lists them, and also where it is only updated."""
    spec = runtime(model("c", base="b"), model("b", base="a"), model("a", update=Update.ALWAYS))
    plan = planned(spec, observed("a", remote=remote(a="x")))
    assert steps_of(plan) == ["update a", "install b", "install c"]
    assert waits_of(plan, "install b") == ["update a"]
    assert waits_of(plan, "install c") == ["install b"]


def test_models_in_a_circle_are_planned_all_the_same() -> None:
    """A circle, which no valid file has, ends in steps that wait for each other, not in a planner that never ends."""
    spec = runtime(model("a", base="b"), model("b", base="a"))
    assert sorted(steps_of(planned(spec))) == ["install a", "install b"]


def test_a_model_is_loaded_after_what_is_loaded_with_it() -> None:
    """An activation waits for the adapters of the model as for the model itself."""
    spec = runtime(model("a", adapters=(model("extra"),)), active="a")
    assert waits_of(planned(spec, observed("a")), "activate a") == ["install extra"]


def test_a_model_that_is_loaded_otherwise_than_the_file_says_is_activated_anew() -> None:
    """The step says what differs; nothing is downloaded for it, and what waits for a successor waits for it."""
    otherwise = replace(loaded("a"), serves=frozenset(), differs="is served with other args")
    plan = planned(runtime("a", active="a"), observed("a", "old", loaded=(otherwise,)), inventory("a", "old"))
    assert steps_of(plan) == ["activate a", "remove old"]
    assert plan.steps[0].operation.reason == "is served with other args"
    assert waits_of(plan, "remove old") == ["activate a"]


@pytest.mark.parametrize("kind", [BlockKind.STALLED, BlockKind.HELD])
def test_what_will_not_come_holds_nothing_up(kind: BlockKind) -> None:
    """Removals do not wait for a load that needs a person, nor for what can only follow it."""
    spec = runtime("kept", model("coder", base="base"), active="kept")
    now = observed("kept", "old", loaded=(loaded("kept"),))
    plan = planned(spec, now, inventory("old", last_active="kept"), blocks={"install base": kind})
    assert steps_of(plan) == ["install base", "install coder", "remove old"]
    assert waits_of(plan, "remove old") == []


def test_what_fails_for_a_time_is_waited_for() -> None:
    """A load that is tried again holds the removals back: its model is still to come."""
    plan = planned(runtime("b", "c"), observed("c", "a"), inventory("a"), blocks={"install b": BlockKind.BACKOFF})
    assert waits_of(plan, "remove a") == ["install b"]


def test_what_people_use_waits_for_its_successor_in_any_case() -> None:
    """The last proven model and the old alias stay while the declared one cannot be loaded."""
    spec = runtime("b", active="b", alias="new")
    old = Entry(name=name("old"), role=Role.ALIAS)
    now = observed("a", "b", "old=a", "c", loaded=(WITH_A,))
    remembered = inventory("a", "c", old, last_active="a", pinned=frozenset({name("a")}))
    plan = planned(spec, now, remembered, blocks={"activate b": BlockKind.STALLED})
    assert waits_of(plan, "remove a") == ["activate b"]
    assert waits_of(plan, "remove old") == ["activate b"]
    assert waits_of(plan, "deactivate a") == ["activate b"]
    assert waits_of(plan, "remove c") == []


def test_memory_that_is_shared_with_what_people_use_waits_too() -> None:
    """Unloading a name takes out the runner that the last proven model answers from under another name."""
    spec = runtime("a", "twin", "b", active="b")
    now = observed("a", "twin=a", loaded=(loaded("a", "twin"),))
    remembered = inventory("a", last_active="a", pinned=frozenset({name("a"), name("twin")}))
    plan = planned(spec, now, remembered)
    assert waits_of(plan, "deactivate twin") == ["activate b"]


def test_without_an_active_model_there_is_no_successor_to_wait_for() -> None:
    """A file that names no active model lets the last one go."""
    plan = planned(runtime("b"), observed("a", "b", loaded=(WITH_A,)), inventory("a", last_active="a"))
    assert steps_of(plan) == ["remove a"]
    assert waits_of(plan, "remove a") == []


def test_a_runtime_that_cannot_unload_is_not_asked_to() -> None:
    """Where a model only leaves memory for another one, nothing is deactivated."""
    spec, pinned = runtime("a"), frozenset({name("a")})
    now = observed("a", loaded=(WITH_A,))
    assert steps_of(planned(spec, now, inventory(pinned=pinned))) == ["deactivate a"]
    unable = replace(ABLE, unload=False)
    assert steps_of(planned(spec, now, inventory(pinned=pinned), capabilities=unable)) == []


# Pins


def test_a_version_that_the_pin_refuses_is_not_activated() -> None:
    """A model waits for its pinned version before it is switched to; without a pin an earlier version will do."""
    now = observed("a=old", "b=old", remote=remote(a="new"))
    pinned = planned(runtime(model("a", pin="sha256:new"), active="a"), now)
    moved = planned(runtime(model("a", update=Update.ALWAYS), active="a"), now)
    assert waits_of(pinned, "activate a") == ["update a"]
    assert waits_of(moved, "activate a") == []


def test_the_version_that_people_use_comes_back_until_the_pinned_one_is_there() -> None:
    """A new pin of the active model does not keep its healthy version out of memory."""
    spec = runtime(model("a", pin="sha256:new"), active="a")
    assert waits_of(planned(spec, observed("a=old"), inventory(last_active="a")), "activate a") == []


def test_an_update_knows_its_target() -> None:
    """A pin is the target of an update, else what the tag stands for now; a changed definition has none."""
    now = observed("a", "b", "c", remote=remote(a="x", b="y"))
    spec = runtime(model("a", pin="sha256:p"), model("b", update=Update.ALWAYS), model("c", base="b"))
    updates = [step.operation for step in planned(spec, now).steps]
    assert [one.to_digest for one in updates if isinstance(one, UpdateModel)] == ["sha256:p", "sha256:y", None]


# Falling back


@pytest.mark.parametrize(
    "blocks",
    [{"install b": BlockKind.STALLED}, {"install b": BlockKind.BACKOFF}, {}],
    ids=("stalled", "backoff", "on its way"),
)
def test_the_last_healthy_model_comes_back_while_the_declared_one_cannot_be_had(blocks: dict[str, BlockKind]) -> None:
    """Evicted or unpinned, it is activated again, with the alias that is ours."""
    spec = runtime("a", "b", active="b", alias="default")
    now = observed("a", "default=a")
    plan = planned(spec, now, inventory("a", ALIAS, last_active="a"), blocks=blocks)
    assert activations(plan) == [("b", "default", None), ("a", "default", None)]
    assert step_of(plan, "activate a").operation.reason == "the last healthy model, until b:latest can be active"


@pytest.mark.parametrize(
    ("spec", "now", "remembered", "expected"),
    [
        (runtime("a", "b", active="b"), observed("a", "b"), inventory(last_active="a"), [("b", None, None)]),
        (runtime("b", active="b"), observed(), inventory(last_active="a"), [("b", None, None)]),
        (runtime("b", active="b"), observed(), inventory(), [("b", None, None)]),
        (runtime("b", active="b"), observed("a", loaded=(WITH_A,)), inventory(last_active="a"), [("b", None, None)]),
        (
            runtime(model("a", preload=True), "b", active="b"),
            observed("a"),
            inventory(last_active="a"),
            [("b", None, None), ("a", None, None)],
        ),
        (
            runtime("b", active="b", alias="default"),
            observed("a"),
            inventory(last_active="a"),
            [("b", "default", None), ("a", None, None)],
        ),
        (
            runtime("b", active="b", alias="default"),
            observed("a", "b", "default"),
            inventory(last_active="a"),
            [("b", None, None), ("b", "default", BlockKind.STALLED)],
        ),
    ],
    ids=("can be had", "not installed", "none known", "held", "preloaded anyway", "alias not ours", "alias taken"),
)
def test_nobody_stands_in_without_need(
    spec: RuntimeSpec, now: ObservedState, remembered: Inventory, expected: list[tuple[str, str | None, str | None]]
) -> None:
    """The last healthy model is brought back only if there is one, it is not there, and the other cannot be had."""
    assert activations(planned(spec, now, remembered)) == expected


# The alias


@pytest.mark.parametrize(
    ("prune", "remembered", "is_taken"),
    [
        (Prune.MANAGED, inventory(), True),
        (Prune.NEVER, inventory(), True),
        (Prune.ALL, inventory(), False),
        (Prune.MANAGED, inventory(ALIAS), False),
        (Prune.NEVER, inventory(ALIAS), False),
        (Prune.MANAGED, inventory("default"), False),
        (Prune.NEVER, inventory("default"), True),
        (Prune.MANAGED, inventory("default", kept=frozenset({name("default")})), True),
        (Prune.ALL, inventory(kept=frozenset({name("default")})), True),
    ],
)
def test_an_alias_overwrites_only_what_might_be_removed(prune: Prune, remembered: Inventory, is_taken: bool) -> None:
    """A model under the alias's name that may not be removed may not be overwritten; the model is active without it."""
    spec = runtime("a", active="a", alias="default", prune=prune)
    plan = planned(spec, observed("a", "default"), remembered)
    free = [("a", "default", None)]
    assert activations(plan) == ([("a", None, None), ("a", "default", BlockKind.STALLED)] if is_taken else free)


def test_a_taken_alias_is_all_that_is_left_once_the_model_is_held() -> None:
    """The step that cannot be done stays on show with its reason."""
    spec = runtime("a", active="a", alias="default")
    plan = planned(spec, observed("a", "default", loaded=(WITH_A,)))
    (step,) = plan.steps
    assert step.block is not None
    assert step.block.reason is Reason.ALIAS_TAKEN
    assert "the alias default:latest is a model that this daemon may not overwrite" in step.block.message


def test_where_an_alias_is_no_copy_it_is_never_taken() -> None:
    """A second name that the server is only told of stands for nothing that could be lost, recorded or not."""
    spec = runtime("b", active="b", alias="default")
    now = observed("a", "b", "default=a", loaded=(loaded("a", "default"),))
    told_only = replace(ABLE, alias_copies=False)
    assert activations(planned(spec, now, capabilities=told_only)) == [("b", "default", None)]
    remembered = inventory("a", last_active="a")
    stuck = planned(spec, observed("a", "b"), remembered, capabilities=told_only, blocks={"activate b": STALLED})
    assert activations(stuck) == [("b", "default", STALLED), ("a", "default", None)]


def test_an_activation_knows_what_its_alias_replaces() -> None:
    """The version under the alias at the time of the plan is all that the alias may be taken from."""
    spec = runtime("b", active="b", alias="default")
    for now, replaced in ((observed("a", "b", "default=a"), "sha256:a"), (observed("b"), None)):
        operation = step_of(planned(spec, now, inventory(ALIAS)), "activate b").operation
        assert isinstance(operation, ActivateModel)
        assert operation.replaces == replaced


def test_a_copy_that_somebody_else_made_is_not_made_ours() -> None:
    """An alias that a person set to the right version is left to that person, and is never removed later."""
    spec = runtime("a", active="a", alias="default")
    assert activations(planned(spec, observed("a", "default=a"))) == [("a", None, None)]
    assert activations(planned(spec, observed("a", "default=a"), inventory(ALIAS))) == [("a", "default", None)]
    assert planned(spec, observed("a", "default=a", loaded=(WITH_A,))).steps == ()


# Room, brakes and suspension


def small_disk(free_gb: float) -> Disk:
    """Return a disk with so much room."""
    return Disk(path="/models", free_bytes=int(free_gb * GB), total_bytes=10 * GB)


@pytest.mark.parametrize(
    ("spec", "remembered", "expected"),
    [
        (runtime("new", "b"), inventory("old"), ["remove old", "install new"]),
        (runtime("new", "b"), inventory("old", last_active="old"), ["remove old", "install new"]),
        (
            runtime("new", "b", active="b"),
            inventory("old", last_active="old"),
            ["install new", "activate b", "remove old"],
        ),
        (
            runtime("new", "b", limits=Limits(removals=0)),
            inventory("old"),
            ["install new", "remove old"],
        ),
    ],
    ids=("free", "no longer active", "in use", "unsafe"),
)
def test_only_what_nobody_needs_goes_before_its_successor(
    spec: RuntimeSpec, remembered: Inventory, expected: list[str]
) -> None:
    """On a small disk a removal goes first, but never what people use, nor what the brakes hold."""
    now = observed("old", "b", remote=remote(new="n"), disk=small_disk(1.5))
    assert steps_of(planned(spec, now, remembered)) == expected


@pytest.mark.parametrize("now", [observed("old", "twin=old"), observed("old", "held/a=x")], ids=("twin", "way back"))
def test_what_frees_nothing_or_is_a_way_back_does_not_go_first(now: ObservedState) -> None:
    """A version that stays under another name frees no room; an earlier version is kept until the new one is there."""
    spec = runtime("a", "twin") if name("twin") in now.installed else runtime("a")
    entries = inventory("old", HOLD) if name("twin") in now.installed else inventory(HOLD)
    plan = planned(spec, replace(now, remote=remote(a="n"), disk=small_disk(1.5)), entries)
    assert steps_of(plan)[0] == "install a"


def test_what_does_not_fit_even_then_is_not_a_reason_to_remove_all() -> None:
    """Where the successor can never fit, the removal of the only model is unsafe: nothing would be left."""
    now = observed("old", remote=remote(new="n"), disk=replace(small_disk(0.5), total_bytes=2 * GB))
    now = replace(now, remote={name("new"): replace(now.remote[name("new")], size_bytes=50 * GB)})
    plan = planned(runtime("new", limits=Limits(removal_share=1.0)), now, inventory("old"))
    assert plan.unsafe is not None
    assert plan.unsafe.reasons == ("it would leave nothing that the file wants",)
    blocks = [step.block.reason for step in plan.steps if step.block]
    assert blocks == [Reason.DISK_FULL, Reason.UNSAFE]


def test_an_unsafe_removal_says_how_to_approve_it() -> None:
    """The block of each removal names the limits and the command with the digest; other work is free to go."""
    plan = planned(runtime("n"), observed("a", "b"), inventory("a", "b"))
    assert plan.unsafe is not None
    removals = [step for step in plan.steps if isinstance(step.operation, RemoveModel)]
    assert [step.block.kind for step in removals if step.block] == [BlockKind.UNSAFE] * 2
    assert f"venom-modeld approve {plan.unsafe.digest}" in step_of(plan, "remove a").block.message  # type: ignore[union-attr]
    assert step_of(plan, "install n").block is None


def test_an_unsafe_plan_leaves_the_alias_too() -> None:
    """While removals wait for a person, clients find what they ask for under its second name."""
    plan = planned(runtime(), observed("a", "default=a"), inventory("a", ALIAS))
    assert [(told(step), step.block and step.block.kind) for step in plan.steps] == [
        ("remove a", BlockKind.UNSAFE),
        ("remove default", BlockKind.UNSAFE),
    ]
    assert plan.unsafe is not None
    assert plan.unsafe.models == ("a:latest",)
    approved = planned(runtime(), observed("a", "default=a"), inventory("a", ALIAS), approved=plan.unsafe.removals)
    assert [step.block for step in approved.steps] == [None, None]


def test_what_the_brakes_hold_goes_on_answering() -> None:
    """An emptied list does not take the active model out of memory before somebody approves its removal."""
    now, remembered = observed("a", loaded=(WITH_A,)), inventory("a", last_active="a", pinned=frozenset({name("a")}))
    held = planned(runtime(), now, remembered)
    assert [(told(step), step.block and step.block.kind) for step in held.steps] == [
        ("deactivate a", BlockKind.UNSAFE),
        ("remove a", BlockKind.UNSAFE),
    ]
    assert held.unsafe is not None
    free = planned(runtime(), now, remembered, approved=held.unsafe.removals)
    assert [step.block for step in free.steps] == [None, None]


def test_a_suspended_runtime_shows_its_plan_and_does_nothing() -> None:
    """All steps are there, each blocked by the suspension."""
    plan = planned(runtime("n"), observed("a"), inventory("a"), suspended=True)
    assert steps_of(plan) == ["install n", "remove a"]
    assert {step.block.kind for step in plan.steps if step.block} == {BlockKind.SUSPENDED}
    assert all(step.block for step in plan.steps)


# What a plan says of itself


def test_a_plan_sums_what_it_moves() -> None:
    """Downloads and removals are summed as far as their sizes are known."""
    now = observed("old", "b", remote=remote(a="a"))
    plan = planned(runtime("a", "b", "unknown"), now, inventory("old"))
    assert (plan.install_bytes, plan.freed_bytes) == (GB, GB)


def test_the_digest_is_of_the_work() -> None:
    """The same operations have the same digest, whatever blocks them; other operations have another."""
    spec = runtime("a", "b")
    assert planned(spec).digest == planned(spec, suspended=True).digest
    assert planned(spec).digest != planned(runtime("a")).digest
    assert overall_digest({"x": planned(spec)}) != overall_digest({"x": None})
    assert overall_digest({"x": planned(spec), "y": None}) == overall_digest({"y": None, "x": planned(spec)})

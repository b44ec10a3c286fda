"""What holds of the core for every file, runtime and inventory."""

from dataclasses import replace
from itertools import islice
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.core.strategies import HOLDS, TURNS, daemons, specs
from tests.core.world import Daemon, unreachable
from venom_modeld.core.brakes import removal_of
from venom_modeld.core.desired import GB, ModelSpec, Prune, RuntimeSpec, Update, digest_of, with_bases
from venom_modeld.core.drift import diff, is_held
from venom_modeld.core.inventory import Inventory, Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import ObservedState
from venom_modeld.core.operations import (
    ActivateModel,
    DeactivateModel,
    InstallModel,
    Operation,
    RemoveModel,
    UpdateModel,
)
from venom_modeld.core.plan import make_plan
from venom_modeld.core.schedule import obsolete
from venom_modeld.core.steps import Step, coming_steps

SEED = st.randoms(use_true_random=False)


# What "satisfied" means, said once more and otherwise


def is_satisfied(spec: RuntimeSpec, observed: ObservedState, inventory: Inventory) -> bool:
    """Tell whether a runtime is as the file says."""
    models = with_bases(spec.models)
    return (
        all(_is_there(model, observed, inventory) for model in models)
        and all(_is_loaded(spec, model, observed) for model in models)
        and not any(_is_too_much(spec, name, observed, inventory) for name in observed.installed)
        and not any(_is_loaded_for_nothing(spec, name, observed) for name in inventory.pinned)
    )


def _is_there(model: ModelSpec, observed: ObservedState, inventory: Inventory) -> bool:
    there, entry = observed.installed.get(model.name), inventory.entries.get(model.name)
    if there is None or there.differs or (model.pin and there.digest != model.pin):
        return False
    if model.base is not None:
        base = observed.installed.get(model.base)
        made_of = digest_of([model.definition, model.base.key, base.digest]) if base else None
        return made_of is None or (entry is not None and entry.recipe == made_of)
    remote = observed.remote.get(model.name)
    follows = model.update is Update.ALWAYS and model.pin is None and remote is not None
    return (entry is None or entry.recipe is None) and not (follows and remote and remote.digest != there.digest)


def _is_loaded(spec: RuntimeSpec, model: ModelSpec, observed: ObservedState) -> bool:
    if model.name != spec.active and not model.preload:
        return True
    loaded = any(one.pinned and model.name in one.serves for one in observed.loaded)
    if model.name != spec.active or spec.alias is None:
        return loaded
    copy = observed.installed.get(spec.alias)
    return loaded and copy is not None and copy.digest == observed.installed[model.name].digest


def _is_too_much(spec: RuntimeSpec, name: ModelName, observed: ObservedState, inventory: Inventory) -> bool:
    if name == spec.alias or name in {model.name for model in with_bases(spec.models)}:
        return False
    entry = inventory.entries.get(name)
    if entry is not None and entry.role is Role.HOLD:
        return True
    return name not in inventory.kept and (
        spec.prune is Prune.ALL or (spec.prune is Prune.MANAGED and entry is not None)
    )


def _is_loaded_for_nothing(spec: RuntimeSpec, name: ModelName, observed: ObservedState) -> bool:
    wanted = {model.name for model in spec.models if model.preload or model.name == spec.active}
    serving = [one for one in observed.loaded if name in one.serves]
    return name not in wanted and any(one.pinned and not one.serves & wanted for one in serving)


@given(daemon=daemons())
def test_there_is_no_drift_exactly_when_the_runtime_satisfies_the_file(daemon: Daemon) -> None:
    """Drift is empty if and only if the runtime is as the file says."""
    daemon.look()
    assert (not daemon.drift) == is_satisfied(daemon.spec, daemon.observed, daemon.inventory)


@given(daemon=daemons())
def test_no_drift_is_no_plan(daemon: Daemon) -> None:
    """A plan has steps if and only if there is drift."""
    daemon.look()
    assert (not daemon.drift) == (not daemon.plan.steps)


# Convergence


@given(daemon=daemons(), turns=TURNS)
def test_a_plan_that_is_carried_out_leaves_no_drift(daemon: Daemon, turns: list[int]) -> None:
    """Step by step, planned anew after each, every host gets as its file says, but for an alias that is taken."""
    daemon.mend()
    daemon.converge(turns)
    assert unreachable(daemon) == []
    assert bool(daemon.drift) == bool(daemon.plan.steps)
    started = len(daemon.log)
    daemon.settle()
    assert len(daemon.log) == started


@given(daemon=daemons(disks=True), turns=TURNS, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_a_run_that_is_cut_anywhere_converges_after_a_restart(
    daemon: Daemon, turns: list[int], cuts: list[int]
) -> None:
    """Whatever effect or line of bookkeeping was the last, the world and the inventory are enough to go on from."""
    for effects in cuts:
        for turn in islice((*turns, *[0] * effects), effects):
            daemon.cycle()
            if daemon.flights:
                daemon.step(turn)
        daemon.crash()
    daemon.mend()
    daemon.converge(turns)
    assert unreachable(daemon) == []


@given(daemon=daemons(disks=True), broken=st.booleans(), turns=TURNS)
def test_nothing_waits_for_what_will_not_come(daemon: Daemon, broken: bool, turns: list[int]) -> None:
    """When nothing moves any more, every step that is left needs a person, or waits for one that does."""
    if broken and daemon.spec.active:
        daemon.runtime.broken = frozenset({daemon.spec.active})
    daemon.settle(turns)
    assert coming_steps(daemon.plan.steps) == []


# What a plan is


@given(daemon=daemons(disks=True), seed=SEED)
def test_the_order_in_which_a_runtime_lists_its_models_changes_nothing(daemon: Daemon, seed: Random) -> None:
    """The same models in another order give the same drift and the same plan."""
    daemon.look()
    names = list(daemon.observed.installed)
    seed.shuffle(names)
    loaded = list(daemon.observed.loaded)
    seed.shuffle(loaded)
    installed = {name: daemon.observed.installed[name] for name in names}
    observed = replace(daemon.observed, installed=installed, loaded=tuple(loaded))
    assert diff(daemon.spec, observed, daemon.inventory) == daemon.drift
    again = make_plan(replace(daemon.situation(), observed=observed))
    assert (again, again.digest) == (daemon.plan, daemon.plan.digest)


@given(daemon=daemons(disks=True))
def test_a_step_stands_after_all_that_it_waits_for(daemon: Daemon) -> None:
    """A plan reads from the top: no step twice, and none before what must be done before it."""
    daemon.look()
    seen: list[str] = []
    keys = {step.key for step in daemon.plan.steps}
    for step in daemon.plan.steps:
        assert step.key not in seen
        assert keys.intersection(step.after) <= set(seen)
        seen.append(step.key)


@given(daemon=daemons(disks=True))
def test_a_plan_touches_nothing_but_what_is_declared_or_remembered(daemon: Daemon) -> None:
    """Under `prune: managed` and `never` no step is about a model outside the file and the inventory."""
    daemon.spec = replace(daemon.spec, prune=Prune.MANAGED)
    daemon.look()
    inventory = daemon.inventory
    known = {model.name for model in with_bases(daemon.spec.models)} | inventory.entries.keys() | inventory.pinned
    assert {step.operation.model for step in daemon.plan.steps} <= known | {inventory.last_active}


@given(daemon=daemons(), turns=TURNS)
def test_an_unmanaged_model_stays_as_it_is(daemon: Daemon, turns: list[int]) -> None:
    """What a person put there and the file does not name has the same version in the end, unless it prunes all."""
    if daemon.spec.prune is Prune.ALL:
        daemon.spec = replace(daemon.spec, prune=Prune.MANAGED)
    ours = {model.name for model in with_bases(daemon.spec.models)} | daemon.inventory.entries.keys() | set(HOLDS)
    before = {name: model for name, model in daemon.runtime.installed.items() if name not in ours}
    daemon.mend()
    daemon.converge(turns)
    assert {name: daemon.runtime.installed.get(name) for name in before} == before
    daemon.spec = replace(daemon.spec, models=(), active=None, alias=None)
    daemon.converge(turns)
    assert {name: daemon.runtime.installed.get(name) for name in before} == before


# The active model


def _has_successor(daemon: Daemon) -> bool:
    active = daemon.spec.active
    return active is None or is_held(active, None, daemon.observed)


@given(daemon=daemons(disks=True))
def test_the_active_model_goes_only_after_its_successor_is_held(daemon: Daemon) -> None:
    """Nothing that is started takes what people use off the disk or out of memory before the next one answers."""
    daemon.cycle()
    in_use = daemon.inventory.last_active
    for operation in daemon.log:
        match operation:
            case RemoveModel():
                assert operation.model != in_use or _has_successor(daemon)
            case DeactivateModel():
                serving = daemon.observed.serving(operation.model)
                assert serving is None or in_use not in serving.serves or _has_successor(daemon)


@given(daemon=daemons(), turns=TURNS)
def test_while_the_active_model_fails_the_last_healthy_one_answers(daemon: Daemon, turns: list[int]) -> None:
    """If the declared model cannot be loaded, the one that was active before stays, or comes back."""
    daemon.look()
    healthy, active = daemon.inventory.last_active, daemon.spec.active
    daemon.runtime.broken = frozenset({active} if active else ())
    was_there = healthy in daemon.runtime.installed
    daemon.settle(turns)
    if active is None or healthy in (None, active) or not was_there:
        return
    assert _has_successor(daemon) or is_held(healthy, None, daemon.observed)


# The brakes


@given(daemon=daemons(), turns=TURNS)
def test_without_approval_no_more_goes_than_the_limits_allow(daemon: Daemon, turns: list[int]) -> None:
    """However many cycles one file is in force, its removals stay within the count, the share and the bytes."""
    daemon.look()
    spec, installed = daemon.spec, daemon.observed.installed
    managed = {name for name, entry in daemon.inventory.entries.items() if entry.role is Role.MODEL}
    governed = {model.name for model in with_bases(spec.models)} | (
        installed.keys() if spec.prune is Prune.ALL else managed & installed.keys()
    )
    daemon.settle(turns)
    gone = {one.name: one for one in daemon.log if isinstance(one, RemoveModel) and one.role is Role.MODEL}
    assert len(gone) <= spec.limits.removals
    assert len(gone) <= spec.limits.removal_share * len(governed)
    assert sum(one.size_bytes or 0 for one in gone.values()) <= spec.limits.removal_bytes


@given(daemon=daemons(disks=True))
def test_no_removal_starts_that_leaves_nothing_of_the_file(daemon: Daemon) -> None:
    """A model goes unapproved only while a declared one is there, or its installation will be tried."""
    daemon.cycle()
    loads = [step for step in daemon.plan.steps if isinstance(step.operation, InstallModel | UpdateModel)]
    left = daemon.observed.installed.keys() | {step.operation.model for step in coming_steps(loads)}
    for operation in daemon.log:
        if isinstance(operation, RemoveModel) and operation.role is Role.MODEL:
            assert left & {model.name for model in daemon.spec.models}


@given(daemon=daemons(), turns=TURNS)
def test_what_is_to_be_approved_keeps_its_digest_while_other_work_goes_on(daemon: Daemon, turns: list[int]) -> None:
    """A person may read, think and approve in peace: as long as the file is in force, unsafe is one digest."""
    digests = set()
    for turn in (*turns, *[0] * 10):
        daemon.cycle()
        digests |= {daemon.plan.unsafe.digest} if daemon.plan.unsafe else set()
        if daemon.flights:
            daemon.step(turn)
    assert len(digests) <= 1


@given(daemon=daemons(), turns=TURNS)
def test_an_approval_is_for_these_removals_and_no_others(daemon: Daemon, turns: list[int]) -> None:
    """Nothing that the brakes would hold goes with what was approved."""
    daemon.look()
    unsafe = daemon.plan.unsafe
    if unsafe is None:
        return
    daemon.mend()
    daemon.approve()
    daemon.settle(turns)
    gone = {removal_of(one) for one in daemon.log if isinstance(one, RemoveModel) and one.role is Role.MODEL}
    assert gone <= set(unsafe.removals)


# What may run together


@given(daemon=daemons(disks=True))
def test_work_that_a_plan_would_start_is_never_cancelled(daemon: Daemon) -> None:
    """No step of a plan is work that the file does not want: nothing is cancelled only to be started again."""
    daemon.look()
    operations = [step.operation for step in daemon.plan.steps]
    assert obsolete(operations, daemon.spec, daemon.inventory, suspended=False) == ()


def is_download(operation: Operation) -> bool:
    """Tell whether an operation may move gigabytes."""
    return isinstance(operation, InstallModel | UpdateModel) and operation.spec.base is None


@given(daemon=daemons(disks=True), turns=TURNS)
def test_what_runs_at_the_same_time_may_run_at_the_same_time(daemon: Daemon, turns: list[int]) -> None:
    """One operation a model, one change at a time, no removal beside a download, and downloads up to their limit."""
    for turn in (*turns, *[0] * 10):
        daemon.cycle()
        running = daemon.in_flight
        downloads = [one for one in running if is_download(one)]
        changes = [one for one in running if not is_download(one)]
        assert len({one.model for one in running}) == len(running)
        assert len(downloads) <= daemon.spec.limits.downloads
        assert len(changes) <= 1
        assert not (downloads and any(isinstance(one, RemoveModel) for one in changes))
        if daemon.flights:
            daemon.step(turn)


@given(daemon=daemons(disks=True), spec=specs(), suspended=st.booleans())
def test_after_an_edit_only_what_the_file_wants_stays_in_flight(
    daemon: Daemon, spec: RuntimeSpec, suspended: bool
) -> None:
    """Installations of what is no longer declared are cancelled, and a suspended runtime downloads nothing."""
    daemon.cycle()
    gone = obsolete(daemon.in_flight, spec, daemon.inventory, suspended=suspended)
    declared = {model.name for model in with_bases(spec.models)}
    for operation in daemon.in_flight:
        if isinstance(operation, InstallModel | UpdateModel):
            assert operation in gone or operation.model in declared
        assert operation in gone or not (suspended and is_download(operation))


# Room on the disk


@given(daemon=daemons(disks=True), turns=TURNS)
def test_a_download_that_starts_fits(daemon: Daemon, turns: list[int]) -> None:
    """With all that is downloading, a gigabyte stays free, where sizes are known."""
    daemon.runtime.unknown = frozenset()
    for turn in (*turns, *[0] * 5):
        daemon.cycle()
        disk = daemon.observed.disk
        needed = sum(one.size_bytes or 0 for one in daemon.in_flight if is_download(one))
        assert disk is None or not needed or needed + GB <= disk.free_bytes
        daemon.finish(turn)


@given(daemon=daemons(disks=True))
def test_a_removal_goes_first_only_for_room_that_is_needed(daemon: Daemon) -> None:
    """Without its turn no removal stands before the rest, unless the disk would not hold both."""
    daemon.look()
    disk, steps = daemon.observed.disk, daemon.plan.steps
    first = [step for step in steps if isinstance(step.operation, RemoveModel) and _has_work_after(step, steps)]
    loads = [step.operation for step in coming_steps(steps) if is_download(step.operation)]
    if first:
        assert disk is not None
        assert sum(one.size_bytes or 0 for one in loads) + GB > disk.free_bytes


def _has_work_after(step: Step, steps: tuple[Step, ...]) -> bool:
    after = steps[steps.index(step) + 1 :]
    return any(isinstance(one.operation, InstallModel | UpdateModel | ActivateModel) for one in after)

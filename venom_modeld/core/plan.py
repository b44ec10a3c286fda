"""The plan: every operation that one observation asks for, in order, with what blocks it, its brakes and a digest.

The order is install → update → activate → deactivate → remove, so that nothing goes before its successor works. Each
step names the steps that must be done before it; because every cycle plans anew from the world, "done" simply means
"no longer in the plan", and a crash between any two steps costs nothing but time.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from venom_modeld.core import disk
from venom_modeld.core.brakes import Removal, Unsafe, judge, removal_of
from venom_modeld.core.desired import ModelSpec, Prune, RuntimeSpec, digest_of
from venom_modeld.core.drift import Drift, DriftKind, is_held
from venom_modeld.core.inventory import Inventory, Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import Capabilities, ObservedState
from venom_modeld.core.operations import (
    DOWNLOADS,
    ActivateModel,
    DeactivateModel,
    InstallModel,
    Operation,
    RemoveModel,
    UpdateModel,
)
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import Block, BlockKind, Step, coming_steps

__all__ = ["Block", "BlockKind", "Plan", "Situation", "Step", "Unsafe", "make_plan", "overall_digest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done on one runtime, in order."""

    runtime: str
    steps: tuple[Step, ...] = ()
    unsafe: Unsafe | None = None

    @property
    def digest(self) -> str:
        """Return the digest of the work: the same operations in the same order have the same digest."""
        return digest_of([list(step.operation.identity) for step in self.steps])

    @property
    def install_bytes(self) -> int:
        """Return how many bytes the plan downloads, as far as that is known."""
        loads = (step.operation for step in self.steps if isinstance(step.operation, DOWNLOADS))
        return sum(operation.size_bytes or 0 for operation in loads)

    @property
    def freed_bytes(self) -> int:
        """Return how many bytes the plan frees at the most."""
        removals = (step.operation for step in self.steps if isinstance(step.operation, RemoveModel))
        return sum(operation.size_bytes or 0 for operation in removals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a plan is made of."""

    spec: RuntimeSpec
    observed: ObservedState
    inventory: Inventory
    drift: tuple[Drift, ...]
    capabilities: Capabilities
    blocks: Mapping[str, Block] = field(default_factory=dict)
    """What blocks operations now, by operation key: failures that have not passed, holds by a person."""
    approved: Collection[Removal] = frozenset()
    """The removals that a person approved."""
    partial: Mapping[ModelName, int] = field(default_factory=dict)
    """Bytes of cut downloads that the runtime still has."""
    suspended: bool = False


def make_plan(now: Situation) -> Plan:
    """Return what to do; the empty plan when there is no drift."""
    loads, removals = _loads(now), _removals(now)
    possible = _fitted(now, loads, removals, brakes={})
    coming = {step.operation.model for step in coming_steps(possible.loads)}
    unsafe = judge(now.spec, now.observed, now.inventory, removals, coming=coming, approved=now.approved)
    brakes = _brakes(unsafe, removals)
    fitted = _fitted(now, loads, removals, brakes=brakes) if brakes else possible
    before = [*fitted.loads, *_activations(now, fitted.loads)]
    early = {operation.name for operation in fitted.first}
    steps = [
        *(_step(now, operation) for operation in fitted.first),
        *before,
        *_deactivations(now, before, brakes),
        *_removal_steps(now, [one for one in removals if one.name not in early], before, brakes),
    ]
    if now.suspended:
        steps = [replace(step, block=_SUSPENDED) for step in steps]
    return Plan(runtime=now.spec.name, steps=tuple(steps), unsafe=unsafe)


_SUSPENDED = Block(
    kind=BlockKind.SUSPENDED,
    reason=Reason.SUSPENDED,
    message="suspended by the file; take `suspend: true` out of it, or run `venom-modeld resume`",
)


def _step(now: Situation, operation: Operation, after: Collection[str] = (), block: Block | None = None) -> Step:
    step = Step(operation=operation, after=tuple(after), block=block)
    known = block or now.blocks.get(step.key)
    return step if known is block else replace(step, block=known)


def _drifted(now: Situation, *kinds: DriftKind, in_memory: bool = False) -> list[Drift]:
    return [one for one in now.drift if one.kind in kinds and one.in_memory is in_memory]


# What comes


def _loads(now: Situation) -> list[Step]:
    """Return the steps that put models there, each after those that bring what it is made of."""
    specs = now.spec.everything
    operations: list[InstallModel | UpdateModel] = [
        *(_install(now, one, specs[one.model]) for one in _drifted(now, DriftKind.MISSING)),
        *(_update(now, one, specs[one.model]) for one in _drifted(now, DriftKind.OUTDATED, DriftKind.CHANGED)),
    ]
    makers = {operation.model: operation for operation in operations}
    return _makers_first([_step(now, one, _maker(one, makers)) for one in operations])


def _install(now: Situation, one: Drift, spec: ModelSpec) -> InstallModel:
    return InstallModel(runtime=now.spec.name, spec=spec, reason=one.message, size_bytes=one.size_bytes)


def _update(now: Situation, one: Drift, spec: ModelSpec) -> UpdateModel:
    remote = now.observed.remote.get(one.model)
    newest = remote.digest if remote and one.kind is DriftKind.OUTDATED else None
    return UpdateModel(
        runtime=now.spec.name,
        spec=spec,
        reason=one.message,
        size_bytes=one.size_bytes,
        from_digest=now.observed.installed[one.model].digest,
        to_digest=spec.pin or newest,
    )


def _maker(operation: InstallModel | UpdateModel, makers: Mapping[ModelName, Operation]) -> tuple[str, ...]:
    """Return the key of the step that brings the base of a derived model, if there is one."""
    base = operation.spec.base
    return (makers[base].key,) if base is not None and base in makers else ()


def _makers_first(loads: list[Step]) -> list[Step]:
    ordered: list[Step] = []
    left = {step.key: step for step in loads}
    while left:
        ready = [key for key, step in left.items() if left.keys().isdisjoint(step.after)] or list(left)
        ordered += [left.pop(key) for key in ready]
    return ordered


def _fitted(
    now: Situation, loads: list[Step], removals: list[RemoveModel], *, brakes: Mapping[Removal, Block]
) -> disk.Fit:
    if now.observed.disk is None:
        return disk.Fit(loads=loads)
    return disk.fit(loads, _may_go_first(now, removals, brakes), now.observed.disk, now.partial)


# Activation


def _activations(now: Situation, loads: list[Step]) -> list[Step]:
    drift = _drifted(now, DriftKind.NOT_ACTIVE, DriftKind.CHANGED, in_memory=True)
    steps = [step for one in drift for step in _activate(now, one, loads)]
    return steps + _fall_back(now, steps, loads)


def _activate(now: Situation, one: Drift, loads: list[Step]) -> list[Step]:
    spec = now.spec.model(one.model) or ModelSpec(name=one.model)
    parts = {spec.name, *(adapter.name for adapter in spec.adapters)}
    awaited = tuple(step.key for step in loads if step.operation.model in parts and _is_needed_first(now, step))
    operation = _activation(now, spec, one.message, primary=one.model == now.spec.active)
    taken = _alias_taken(now, operation)
    if taken is None:
        return [_step(now, operation, awaited)]
    aliased = Step(operation=operation, after=awaited, block=taken)
    if is_held(one.model, None, now.observed):
        return [aliased]
    return [_step(now, replace(operation, alias=None), awaited), aliased]


def _is_needed_first(now: Situation, load: Step) -> bool:
    """Tell whether a model cannot be activated before it is loaded anew.

    An earlier version will do, but not one that the file refuses by a pin; unless that is what people use now.
    """
    operation = load.operation
    if not isinstance(operation, UpdateModel) or operation.spec.pin is None:
        return isinstance(operation, InstallModel)
    return operation.from_digest != operation.spec.pin and not _serves(now, operation.model)


def _activation(now: Situation, spec: ModelSpec, reason: str, *, primary: bool) -> ActivateModel:
    installed = now.observed.installed.get(spec.name)
    operation = ActivateModel(
        runtime=now.spec.name,
        spec=spec,
        reason=reason,
        digest=installed.digest if installed else None,
        primary=primary,
    )
    return _pointing(now, operation, _alias_to_point(now, spec.name)) if primary else operation


def _pointing(now: Situation, operation: ActivateModel, alias: ModelName | None) -> ActivateModel:
    """Return an activation that gives the model a second name as well."""
    there = now.observed.installed.get(alias) if alias else None
    return replace(operation, alias=alias, replaces=there.digest if there else None)


def _alias_to_point(now: Situation, name: ModelName) -> ModelName | None:
    """Return the alias, unless somebody else made just this copy: it would become ours, to be removed some day."""
    alias = now.spec.alias
    if alias is None or _is_ours(now, alias):
        return alias
    there, model = now.observed.installed.get(alias), now.observed.installed.get(name)
    return None if there and model and there.digest == model.digest else alias


def _alias_taken(now: Situation, operation: ActivateModel) -> Block | None:
    """Return a block where pointing the alias would overwrite a model that may not be removed."""
    alias = operation.alias
    there = now.observed.installed.get(alias) if alias else None
    if alias is None or there is None or there.digest == operation.digest or _may_be_overwritten(now, alias):
        return None
    return Block(
        kind=BlockKind.STALLED,
        reason=Reason.ALIAS_TAKEN,
        message=f"the alias {alias} is a model that this daemon may not overwrite; choose another alias or remove it",
    )


def _may_be_overwritten(now: Situation, alias: ModelName) -> bool:
    entry = now.inventory.entries.get(alias)
    if not now.capabilities.alias_copies or (entry is not None and entry.role is not Role.MODEL):
        return True
    if alias in now.inventory.kept or now.spec.prune is Prune.NEVER:
        return False
    return entry is not None or now.spec.prune is Prune.ALL


def _fall_back(now: Situation, activations: list[Step], loads: list[Step]) -> list[Step]:
    """Return the activation of the last healthy model, where the declared one cannot be had now and it is not held."""
    healthy = _stand_in(now, activations, loads)
    if healthy is None or is_held(healthy, _own_alias(now), now.observed):
        return []
    spec = now.spec.model(healthy) or ModelSpec(name=healthy)
    reason = f"the last healthy model, until {now.spec.active} can be active"
    return [_step(now, _pointing(now, _activation(now, spec, reason, primary=True), _own_alias(now)))]


def _stand_in(now: Situation, activations: list[Step], loads: list[Step]) -> ModelName | None:
    healthy = now.inventory.last_active
    if healthy is None or healthy == now.spec.active or healthy not in now.observed.installed:
        return None
    if any(step.operation.model == healthy for step in activations):
        return None
    waiting = {step.key for step in loads}
    steps = [step for step in activations if step.operation.model == now.spec.active]
    stuck = [step for step in steps if step.block or waiting.intersection(step.after)]
    return healthy if steps and stuck == steps else None


def _own_alias(now: Situation) -> ModelName | None:
    alias = now.spec.alias
    return alias if alias is not None and _is_ours(now, alias) else None


def _is_ours(now: Situation, alias: ModelName) -> bool:
    """Tell whether nobody but this daemon can have given that name."""
    return alias in now.inventory.entries or not now.capabilities.alias_copies


# What goes


def _deactivations(now: Situation, before: list[Step], brakes: Mapping[Removal, Block]) -> list[Step]:
    """Return what leaves memory; what the brakes keep on the disk goes on answering too."""
    if not now.capabilities.unload:
        return []
    activated = {step.operation.model for step in before if isinstance(step.operation, ActivateModel)}
    braked = {key: block for (key, _), block in brakes.items()}
    return [
        _step(
            now,
            DeactivateModel(runtime=now.spec.name, name=one.model, reason=one.message, size_bytes=one.size_bytes),
            _successor(now, before) if _shares_what_is_in_use(now, one.model) else (),
            braked.get(one.model.key),
        )
        for one in _drifted(now, DriftKind.UNWANTED, in_memory=True)
        if one.model not in activated
    ]


def _removals(now: Situation) -> list[RemoveModel]:
    return [
        RemoveModel(
            runtime=now.spec.name,
            name=one.model,
            digest=now.observed.installed[one.model].digest,
            role=now.inventory.entries[one.model].role if one.model in now.inventory.entries else Role.MODEL,
            reason=one.message,
            size_bytes=one.size_bytes,
        )
        for one in _drifted(now, DriftKind.UNWANTED)
    ]


def _removal_steps(
    now: Situation, removals: list[RemoveModel], before: list[Step], brakes: Mapping[Removal, Block]
) -> list[Step]:
    """Return removals that wait for all that is still coming; for what people use, for its successor in any case."""
    coming = tuple(step.key for step in coming_steps(before))
    in_use = tuple(dict.fromkeys((*coming, *_successor(now, before))))
    return [
        _step(now, one, in_use if _is_in_use(now, one) else coming, brakes.get(removal_of(one))) for one in removals
    ]


def _brakes(unsafe: Unsafe | None, removals: list[RemoveModel]) -> Mapping[Removal, Block]:
    """Return what holds each removal that nobody approved, where they are unsafe.

    The daemon's own names are held as well: an alias that goes is a model that clients no longer find.
    """
    if unsafe is None:
        return {}
    held = {*unsafe.removals, *(removal_of(one) for one in removals if one.role is not Role.MODEL)}
    why = "; ".join(unsafe.reasons)
    message = f"unsafe plan: {why}. Approve it by `venom-modeld approve {unsafe.digest}`, or mend the file"
    return dict.fromkeys(held, Block(kind=BlockKind.UNSAFE, reason=Reason.UNSAFE, message=message))


def _may_go_first(now: Situation, removals: list[RemoveModel], brakes: Mapping[Removal, Block]) -> list[RemoveModel]:
    """Return the removals that free room and harm nothing if they go before all else."""
    awaited = {one.model for one in now.drift if one.kind is not DriftKind.UNWANTED}
    free = [
        one
        for one in removals
        if not (one.key in now.blocks or removal_of(one) in brakes or _is_way_back(now, one.name, awaited))
        and not (now.spec.active and _is_in_use(now, one))
    ]
    names = {one.name for one in free}
    staying = {model.digest for name, model in now.observed.installed.items() if name not in names}
    return [one for one in free if one.digest not in staying]


def _is_way_back(now: Situation, name: ModelName, awaited: Collection[ModelName]) -> bool:
    """Tell whether a name holds the earlier version of a model that is not yet as it should be."""
    entry = now.inventory.entries.get(name)
    return entry is not None and entry.holds in awaited


def _successor(now: Situation, before: list[Step]) -> tuple[str, ...]:
    """Return the activations of the declared active model."""
    return tuple(
        step.key
        for step in before
        if isinstance(step.operation, ActivateModel) and step.operation.model == now.spec.active
    )


def _is_in_use(now: Situation, operation: RemoveModel) -> bool:
    """Tell whether people use a name now: the last model that was proven, or an alias."""
    return _serves(now, operation.name) or operation.role is Role.ALIAS


def _serves(now: Situation, name: ModelName) -> bool:
    return name == now.inventory.last_active


def _shares_what_is_in_use(now: Situation, name: ModelName) -> bool:
    """Tell whether taking a model out of memory takes out what people use now, be it under another name."""
    serving = now.observed.serving(name)
    return serving is not None and now.inventory.last_active in serving.serves


def overall_digest(plans: Mapping[str, Plan | None]) -> str:
    """Return the digest of the plans of all runtimes by their names; None stands for a runtime that is Unknown."""
    return digest_of({name: plan.digest if plan else None for name, plan in plans.items()})

"""The plan: every operation that one observation asks for, in order, with what blocks it, its brakes and a digest.

The order is install → update → activate → deactivate → remove, so that nothing goes before its successor works. Each
step names the steps that must be done before it; because every cycle plans anew from the world, "done" simply means
"no longer in the plan", and a crash between any two steps costs nothing but time.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from venom_modeld.core import disk
from venom_modeld.core.brakes import Removal, Unsafe, judge
from venom_modeld.core.desired import ModelSpec, Prune, RuntimeSpec, digest_of, with_bases
from venom_modeld.core.drift import Drift, DriftKind, is_held
from venom_modeld.core.inventory import Inventory, Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import Capabilities, ObservedState
from venom_modeld.core.operations import (
    ActivateModel,
    DeactivateModel,
    InstallModel,
    Operation,
    RemoveModel,
    UpdateModel,
)
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import Block, BlockKind, Step

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
        loads = (step.operation for step in self.steps if isinstance(step.operation, InstallModel | UpdateModel))
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
    wanted: list[Operation] = [*_installs(now), *_updates(now)]
    loads = [_step(now, operation) for operation in wanted]
    loads = [replace(step, after=_makers(step.operation, loads)) for step in loads]
    activations = _activations(now, loads)
    removals = _removals(now)
    coming = {step.operation.model for step in loads if step.coming}
    unsafe = judge(now.spec, now.observed, now.inventory, removals, coming=coming, approved=now.approved)
    before = [*loads, *activations]
    going = [
        *_deactivations(now, activations),
        *(_removal_step(now, operation, before, unsafe) for operation in removals),
    ]
    steps = disk.fit([*before, *going], now.observed.disk, now.partial, _in_use(now, going))
    if now.suspended:
        steps = [replace(step, block=_SUSPENDED) for step in steps]
    return Plan(runtime=now.spec.name, steps=tuple(steps), unsafe=unsafe)


_SUSPENDED = Block(
    kind=BlockKind.SUSPENDED,
    reason=Reason.SUSPENDED,
    message="suspended by the file; take `suspend: true` out of it, or run `venom-modeld resume`",
)


def _step(now: Situation, operation: Operation, after: Collection[str] = (), block: Block | None = None) -> Step:
    return Step(operation=operation, after=tuple(after), block=block or now.blocks.get(operation.key))


def _drifted(now: Situation, *kinds: DriftKind, in_memory: bool = False) -> list[Drift]:
    return [one for one in now.drift if one.kind in kinds and one.in_memory is in_memory]


def _specs(now: Situation) -> dict[ModelName, ModelSpec]:
    return {model.name: model for model in with_bases(now.spec.models)}


def _installs(now: Situation) -> list[InstallModel]:
    specs = _specs(now)
    return [
        InstallModel(runtime=now.spec.name, spec=specs[one.model], reason=one.message, size_bytes=one.size_bytes)
        for one in _drifted(now, DriftKind.MISSING)
    ]


def _updates(now: Situation) -> list[UpdateModel]:
    return [_update(now, one) for one in _drifted(now, DriftKind.OUTDATED, DriftKind.CHANGED)]


def _update(now: Situation, one: Drift) -> UpdateModel:
    spec = _specs(now)[one.model]
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


def _makers(operation: Operation, loads: list[Step]) -> tuple[str, ...]:
    """Return the keys of the steps that bring the base of a derived model."""
    if not isinstance(operation, InstallModel | UpdateModel) or operation.spec.base is None:
        return ()
    return tuple(step.key for step in loads if step.operation.model == operation.spec.base)


# Activation


def _activations(now: Situation, loads: list[Step]) -> list[Step]:
    steps = [step for one in _drifted(now, DriftKind.NOT_ACTIVE, in_memory=True) for step in _activate(now, one, loads)]
    return steps + _fall_back(now, steps, loads)


def _activate(now: Situation, one: Drift, loads: list[Step]) -> list[Step]:
    spec = now.spec.model(one.model) or ModelSpec(name=one.model)
    primary = one.model == now.spec.active
    installing = tuple(
        step.key for step in loads if step.operation.model == one.model and isinstance(step.operation, InstallModel)
    )
    operation = _activation(now, spec, one.message, primary=primary)
    taken = _alias_taken(now, operation)
    if taken is None:
        return [_step(now, operation, installing)]
    aliased = Step(operation=operation, after=installing, block=taken)
    if is_held(one.model, None, now.observed):
        return [aliased]
    return [_step(now, replace(operation, alias=None), installing), aliased]


def _activation(now: Situation, spec: ModelSpec, reason: str, *, primary: bool) -> ActivateModel:
    installed = now.observed.installed.get(spec.name)
    return ActivateModel(
        runtime=now.spec.name,
        spec=spec,
        reason=reason,
        digest=installed.digest if installed else None,
        primary=primary,
        alias=now.spec.alias if primary else None,
    )


def _alias_taken(now: Situation, operation: ActivateModel) -> Block | None:
    """Return a block where pointing the alias would overwrite a model that is not ours."""
    alias = operation.alias
    there = now.observed.installed.get(alias) if alias else None
    if alias is None or there is None or alias in now.inventory.entries or now.spec.prune is Prune.ALL:
        return None
    if there.digest == operation.digest:
        return None
    return Block(
        kind=BlockKind.STALLED,
        reason=Reason.ALIAS_TAKEN,
        message=f"the alias {alias} is a model that this daemon did not install; choose another alias or remove it",
    )


def _fall_back(now: Situation, activations: list[Step], loads: list[Step]) -> list[Step]:
    """Return the activation of the last healthy model, where the declared one cannot be had now and it is not held."""
    healthy = _stand_in(now, activations, loads)
    if healthy is None or is_held(healthy, _own_alias(now), now.observed):
        return []
    spec = now.spec.model(healthy) or ModelSpec(name=healthy)
    reason = f"the last healthy model, until {now.spec.active} can be active"
    operation = replace(_activation(now, spec, reason, primary=True), alias=_own_alias(now))
    return [_step(now, operation)]


def _stand_in(now: Situation, activations: list[Step], loads: list[Step]) -> ModelName | None:
    healthy = now.inventory.last_active
    if healthy is None or healthy == now.spec.active or healthy not in now.observed.installed:
        return None
    waiting = {step.key for step in loads}
    stuck = (step for step in activations if step.operation.model == now.spec.active)
    return healthy if any(step.block or waiting.intersection(step.after) for step in stuck) else None


def _own_alias(now: Situation) -> ModelName | None:
    alias = now.spec.alias
    return alias if alias is not None and alias in now.inventory.entries else None


# What goes


def _deactivations(now: Situation, activations: list[Step]) -> list[Step]:
    if not now.capabilities.unload:
        return []
    stand_ins = {step.operation.model for step in activations}
    waits = [step.key for step in activations if step.operation.model == now.spec.active]
    return [
        _step(
            now,
            DeactivateModel(runtime=now.spec.name, name=one.model, reason=one.message, size_bytes=one.size_bytes),
            waits if one.model == now.inventory.last_active else (),
        )
        for one in _drifted(now, DriftKind.UNWANTED, in_memory=True)
        if one.model not in stand_ins
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


def _removal_step(now: Situation, operation: RemoveModel, before: list[Step], unsafe: Unsafe | None) -> Step:
    """Return a removal that waits for all that is still coming; for a model in use, for its successor in any case."""
    needed = [step.key for step in before if step.coming]
    if _serves(now, operation.name):
        needed += [step.key for step in before if step.operation.model == now.spec.active]
    return _step(now, operation, dict.fromkeys(needed), _unsafe_block(operation, unsafe))


def _unsafe_block(operation: RemoveModel, unsafe: Unsafe | None) -> Block | None:
    if unsafe is None or (operation.name.key, operation.digest) not in unsafe.removals:
        return None
    why = "; ".join(unsafe.reasons)
    message = f"unsafe plan: {why}. Approve it by `venom-modeld approve {unsafe.digest}`, or mend the file"
    return Block(kind=BlockKind.UNSAFE, reason=Reason.UNSAFE, message=message)


def _serves(now: Situation, name: ModelName) -> bool:
    """Tell whether a model is the one that people use now."""
    return name == now.inventory.last_active


def _in_use(now: Situation, going: list[Step]) -> set[str]:
    return {step.key for step in going if _serves(now, step.operation.model)}


def overall_digest(plans: Mapping[str, Plan | None]) -> str:
    """Return the digest of the plans of all runtimes by their names; None stands for a runtime that is Unknown."""
    return digest_of({name: plan.digest if plan else None for name, plan in plans.items()})

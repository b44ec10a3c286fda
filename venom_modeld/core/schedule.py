"""Which steps of a plan may be started now, and which work in flight nobody wants any more.

A runtime is changed strictly one step at a time. Downloads overlap with that and, up to a declared limit, with each
other, because they change nothing until their end. A removal waits until no download is in flight: the runtime may
count a layer as unused that a download is about to use.
"""

from collections.abc import Collection, Iterable

from venom_modeld.core.desired import ModelSpec, Prune, RuntimeSpec, Update
from venom_modeld.core.drift import wanted_in_memory
from venom_modeld.core.inventory import Inventory, Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.operations import (
    ActivateModel,
    DeactivateModel,
    InstallModel,
    Operation,
    RemoveModel,
    UpdateModel,
    is_download,
)
from venom_modeld.core.plan import Plan


def next_operations(plan: Plan, in_flight: Collection[Operation], *, downloads: int) -> tuple[Operation, ...]:
    """Return the operations to start now, in order, beside those in flight."""
    pending = {step.key for step in plan.steps}
    busy = {operation.key for operation in in_flight}
    running = list(in_flight)
    chosen: list[Operation] = []
    for step in plan.steps:
        if step.key in busy or step.block is not None or not pending.isdisjoint(step.after):
            continue
        if not _conflicts(step.operation, running, downloads):
            running.append(step.operation)
            chosen.append(step.operation)
    return tuple(chosen)


def _conflicts(operation: Operation, running: list[Operation], downloads: int) -> bool:
    if any(other.model == operation.model for other in running):
        return True
    loads = sum(map(is_download, running))
    changes = [other for other in running if not is_download(other)]
    if is_download(operation):
        return loads >= downloads or any(isinstance(other, RemoveModel) for other in changes)
    return bool(changes) or (isinstance(operation, RemoveModel) and loads > 0)


def obsolete(
    in_flight: Iterable[Operation], spec: RuntimeSpec, inventory: Inventory, *, suspended: bool
) -> tuple[Operation, ...]:
    """Return the work in flight that the file no longer wants and that is to be cancelled.

    Judged by the file alone: an operation whose drift is gone because it is nearly done must not be cut short. A
    suspended runtime gives up its downloads, which can go on later; what takes a moment is let finish.
    """
    return tuple(
        operation
        for operation in in_flight
        if not _still_wanted(operation, spec, inventory) or (suspended and is_download(operation))
    )


def _still_wanted(operation: Operation, spec: RuntimeSpec, inventory: Inventory) -> bool:
    declared = spec.everything
    match operation:
        case InstallModel() | UpdateModel():
            model = declared.get(operation.model)
            same = model is not None and model.fingerprint == operation.spec.fingerprint
            return same and (isinstance(operation, InstallModel) or _is_followed(operation, model))
        case ActivateModel():
            return operation.model in {*wanted_in_memory(spec), inventory.last_active}
        case DeactivateModel():
            return operation.model not in wanted_in_memory(spec)
        case _:
            return operation.role is Role.HOLD or not _is_asked_for(operation, spec, declared)


def _is_followed(update: UpdateModel, model: ModelSpec | None) -> bool:
    """Tell whether the file still asks for the version that an update brings."""
    follows = model is not None and (model.update is Update.ALWAYS or model.pin is not None)
    return follows or update.to_digest is None


def _is_asked_for(operation: RemoveModel, spec: RuntimeSpec, declared: Collection[ModelName]) -> bool:
    """Tell whether the file asks for a name that was to be removed; an alias stands for nothing without a model."""
    alias = spec.alias if spec.active is not None or operation.role is not Role.ALIAS else None
    return operation.model in declared or operation.model == alias or spec.prune is Prune.NEVER

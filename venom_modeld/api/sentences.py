"""What an edit leads to, in words for people."""

from venom_modeld.api.foresight import Foresight
from venom_modeld.core.desired import Prune, Update
from venom_modeld.core.edits import Action, Edit
from venom_modeld.core.events import OperationStatus
from venom_modeld.core.operations import OperationType
from venom_modeld.core.sizes import human
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot


def sentence(snapshot: StatusSnapshot, edit: Edit, foresight: Foresight) -> str:
    """Return what an edit leads to."""
    runtime = snapshot.runtime(edit.runtime.name) if edit.runtime else None
    parts = [_MAIN[edit.change.action](edit, foresight, runtime)]
    if foresight.step is not None and foresight.step.block is not None:
        parts.append(f"For now it waits: {foresight.step.block.message}.")
    elif runtime is not None and runtime.unknown is not None:
        parts.append(f"{runtime.spec.name} does not answer now; what is to be done is done when it does.")
    return " ".join(parts)


def _place(edit: Edit) -> str:
    return edit.runtime.name if edit.runtime else "any runtime"


def _install(edit: Edit, foresight: Foresight, _: RuntimeSnapshot | None) -> str:
    model, place = edit.model, _place(edit)
    if foresight.step is None:
        return f"{model} is declared on {place}" + (", and it is there." if foresight.installed else ".")
    operation = foresight.step.operation
    if operation.type is OperationType.ACTIVATE:
        return f"{model} is on {place} already, and becomes its active model."
    size = f" ({human(operation.size_bytes)})" if operation.size_bytes is not None else ""
    then = ", and then becomes its active model" if _is_made_active(edit) else ""
    word = "installed" if operation.type is OperationType.INSTALL else "updated"
    return f"{model}{size} is to be {word} on {place}{then}."


def _is_made_active(edit: Edit) -> bool:
    after = edit.after.runtime(edit.runtime.name) if edit.runtime else None
    return after is not None and after.active == edit.model


def _activate(edit: Edit, foresight: Foresight, runtime: RuntimeSnapshot | None) -> str:
    if foresight.step is None and runtime is not None and runtime.observed is not None:
        return f"{edit.model} is the active model of {_place(edit)} already."
    if foresight.step is None or foresight.step.operation.type is OperationType.ACTIVATE:
        return f"{edit.model} becomes the active model of {_place(edit)}."
    return _install(edit, foresight, runtime)


def _remove(edit: Edit, foresight: Foresight, runtime: RuntimeSnapshot | None) -> str:
    told = _removal(edit, foresight, runtime)
    had = edit.runtime is not None and edit.runtime.active == edit.model
    return f"{told} It was the active model; {_place(edit)} has none now." if had else told


def _removal(edit: Edit, foresight: Foresight, runtime: RuntimeSnapshot | None) -> str:
    model, place = edit.model, _place(edit)
    if foresight.step is not None:
        frees = f", which frees up to {human(foresight.freed_bytes)}" if foresight.freed_bytes else ""
        return f"{model} is to be removed from {place}{frees}."
    if runtime is not None and _is_coming(edit, runtime):
        return f"{model} is no longer declared on {place}, and its download ends."
    if foresight.installed is None or edit.runtime is None:
        return f"{model} is no longer declared on {place}."
    if edit.runtime.prune is Prune.NEVER:
        return f"{model} is no longer declared, and stays on {place}: nothing is removed there (prune: never)."
    if runtime is not None and edit.model in runtime.inventory.kept:
        return f"{model} is no longer declared, and stays on {place}: the file protected it (keep: true)."
    return (
        f"{model} is no longer declared, and stays on {place}: this daemon did not install it, or it is still needed."
    )


def _is_coming(edit: Edit, runtime: RuntimeSnapshot) -> bool:
    return any(
        record.status is OperationStatus.IN_PROGRESS
        and record.type in (OperationType.INSTALL, OperationType.UPDATE)
        and edit.model is not None
        and record.model == edit.model.text
        for record in runtime.operations
    )


def _keep(edit: Edit, _: Foresight, __: RuntimeSnapshot | None) -> str:
    return f"{edit.model} stays on {_place(edit)}, also when the file no longer names it."


def _unkeep(edit: Edit, _: Foresight, __: RuntimeSnapshot | None) -> str:
    return f"{edit.model} may be removed from {_place(edit)} when the file no longer names it."


def _update(edit: Edit, foresight: Foresight, _: RuntimeSnapshot | None) -> str:
    if edit.change.options.get("update") == Update.NEVER:
        return f"{edit.model} stays at the version that is installed on {_place(edit)}."
    now = " now" if foresight.step and foresight.step.operation.type is OperationType.UPDATE else " when it moves"
    return f"{edit.model} on {_place(edit)} follows its tag or branch, and is updated{now}."


def _suspend(edit: Edit, _: Foresight, __: RuntimeSnapshot | None) -> str:
    return f"Nothing is changed on {_place(edit)} until it is resumed."


def _resume(edit: Edit, _: Foresight, __: RuntimeSnapshot | None) -> str:
    if edit.runtime is None:
        alone = [spec.name for spec in edit.after.runtimes if spec.suspend]
        return f"Work goes on; still suspended: {', '.join(alone)}." if alone else "Work goes on everywhere."
    if edit.after.suspend:
        return f"{edit.runtime.name} is resumed, but the whole file is suspended."
    return f"Work goes on on {edit.runtime.name}."


_MAIN = {
    Action.INSTALL: _install,
    Action.REMOVE: _remove,
    Action.ACTIVATE: _activate,
    Action.KEEP: _keep,
    Action.UNKEEP: _unkeep,
    Action.UPDATE: _update,
    Action.ADOPT: _install,
    Action.SUSPEND: _suspend,
    Action.RESUME: _resume,
}

"""Edits of the file, made or only looked at, as the API tells them."""

import shlex

from venom_modeld.api.foresight import Foresight
from venom_modeld.api.masking import masked
from venom_modeld.api.models_edits import ChangeAnswer, DesiredAnswer, EditAnswer, RuntimeChoice
from venom_modeld.api.sentences import sentence
from venom_modeld.api.values import gigabytes
from venom_modeld.api.views_plan import block_info, unsafe_info
from venom_modeld.core.desired import Update
from venom_modeld.core.edits import Action, Change, Edit, FileText
from venom_modeld.core.observed import Disk
from venom_modeld.core.reasons import Reason
from venom_modeld.state.snapshot import StatusSnapshot


def edit_answer(snapshot: StatusSnapshot, edit: Edit, foresight: Foresight) -> EditAnswer:
    """Return what was written and what follows from it."""
    after = edit.after.runtime(edit.runtime.name) if edit.runtime else None
    return EditAnswer(
        message=sentence(snapshot, edit, foresight),
        runtime=edit.runtime.name if edit.runtime else None,
        model=edit.model.text if edit.model else None,
        active_model=after.active.text if after and after.active else None,
        operation_id=foresight.step.key if foresight.step else None,
        path=edit.path,
        revision=edit.after.revision,
        changed=bool(edit.diff),
        diff=masked(edit.diff),
    )


def change_answer(snapshot: StatusSnapshot, edit: Edit, foresight: Foresight, *, edits: bool) -> ChangeAnswer:
    """Return what a change would be and mean."""
    spec, model, step = edit.runtime, edit.model, foresight.step
    runtime = snapshot.runtime(spec.name) if spec else None
    observed = runtime.observed if runtime else None
    disk = observed.disk if observed else None
    size = foresight.installed.size_bytes if foresight.installed else step.operation.size_bytes if step else None
    return ChangeAnswer(
        action=edit.change.action,
        runtime=spec.name if spec else None,
        model=model.text if model else None,
        provider=model.provider if model else None,
        edits=edits,
        path=edit.path,
        revision=edit.before.revision,
        changed=bool(edit.diff),
        diff=masked(edit.diff),
        commands=commands(edit),
        message=sentence(snapshot, edit, foresight),
        operation_id=step.key if step else None,
        operation=step.operation.type if step else None,
        block=block_info(step.block) if step and step.block else None,
        unsafe=unsafe_info(foresight.unsafe) if foresight.unsafe else None,
        declared=spec is not None and model is not None and spec.model(model) is not None,
        installed=foresight.installed is not None,
        loaded=observed is not None and model is not None and observed.serving(model) is not None,
        active=spec is not None and model is not None and spec.active == model,
        size_bytes=size,
        size_gb=gigabytes(size),
        needed_bytes=foresight.needed_bytes,
        needed_gb=gigabytes(foresight.needed_bytes),
        freed_bytes=foresight.freed_bytes,
        freed_gb=gigabytes(foresight.freed_bytes),
        free_bytes=disk.free_bytes if disk else None,
        free_gb=gigabytes(disk.free_bytes) if disk else None,
        fits=_fits(foresight, disk),
        choices=[RuntimeChoice(runtime=one.runtime, kind=one.kind, refused=one.refused) for one in edit.choices],
    )


def _fits(foresight: Foresight, disk: Disk | None) -> bool | None:
    block = foresight.step.block if foresight.step else None
    if block is not None and block.reason is Reason.DISK_FULL:
        return False
    return None if disk is None or foresight.needed_bytes is None else True


def commands(edit: Edit) -> list[str]:
    """Return the command lines that make the same change."""
    change = edit.change
    words = [change.action.value]
    undeclared = edit.runtime is not None and edit.model is not None and edit.runtime.model(edit.model) is None
    if change.action is Action.ADOPT:
        words = ["install"]
    elif change.action is Action.ACTIVATE and undeclared:
        words = ["install", "activate"]
    place = [edit.runtime.name] if edit.runtime else []
    model = [change.model] if edit.model else []
    return [shlex.join(["venom-modeld", word, *place, *model, *_flags(change)]) for word in words]


def _flags(change: Change) -> list[str]:
    """Return the options of a command line."""
    follows = change.options.get("update")
    if change.action is Action.UPDATE:
        return ["--never"] if follows == Update.NEVER else []
    flags = ["--active"] if change.active else []
    flags += ["--keep"] if change.options.get("keep") else []
    flags += ["--follow"] if follows == Update.ALWAYS else []
    revision = change.options.get("revision")
    return [*flags, "--revision", str(revision)] if revision else flags


def desired_answer(snapshot: StatusSnapshot, file: FileText, *, edits: bool, text: bool) -> DesiredAnswer:
    """Return the file as it is now."""
    return DesiredAnswer(
        path=file.path,
        edits=edits,
        revision=file.revision,
        in_force=snapshot.file.revision,
        valid=not file.problems,
        problems=list(file.problems),
        text=masked(file.text) if text and file.text is not None else None,
    )

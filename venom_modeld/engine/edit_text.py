"""What each edit does to the text of the file; nothing is written here."""

from collections.abc import Callable, Mapping

from venom_modeld.config import editor
from venom_modeld.core.desired import Update
from venom_modeld.core.edits import Action, Change, EditRefused, Refusal
from venom_modeld.engine.edit_target import OpenedFile, Target

_LEFT_OUT = (False, Update.NEVER)
"""Values of options that the file says by not having the key."""

_NOTHING = "nothing was changed"


def new_text(file: OpenedFile, change: Change, target: Target) -> str:
    """Return the text with a change; the same where the file says so already. Raises EditRefused and EditError."""
    return _MAKERS[change.action](file, change, target)


def _install(file: OpenedFile, change: Change, target: Target) -> str:
    spec, name = target.both
    written = {key: value for key, value in change.options.items() if value not in _LEFT_OUT}
    if spec.model(name) is None:
        entry: editor.Entry = {"name": change.model, **written} if written else change.model
        text = editor.install(file.text, spec.name, entry, matches=file.matching(spec, name))
    else:
        text = _with_options(file, change, target, change.options)
    return _activated(text, change.model, target) if change.active else text


def _with_options(file: OpenedFile, change: Change, target: Target, options: Mapping[str, str | bool]) -> str:
    """Return the text with keys of a declared model's entry set."""
    spec, name = target.both
    _check_declared(file, change, target, "install it first")
    text = file.text
    for key, value in options.items():
        wanted = None if value in _LEFT_OUT else value
        text = editor.set_in_entry(text, spec.name, file.matching(spec, name), key, wanted)
    return text


def _keep(file: OpenedFile, change: Change, target: Target) -> str:
    return _with_options(file, change, target, {"keep": True})


def _unkeep(file: OpenedFile, change: Change, target: Target) -> str:
    return _with_options(file, change, target, {"keep": False})


def _update(file: OpenedFile, change: Change, target: Target) -> str:
    return _with_options(file, change, target, {"update": Update.ALWAYS.value, **change.options})


def _remove(file: OpenedFile, change: Change, target: Target) -> str:
    spec, name = target.both
    there = name in change.installed.get(spec.name, ())
    advice = "it is there all the same: delete it on the runtime itself, or adopt it first" if there else _NOTHING
    _check_declared(file, change, target, advice, there=there)
    return editor.remove(file.text, spec.name, file.matching(spec, name), clear_active=True)


def _activate(file: OpenedFile, change: Change, target: Target) -> str:
    spec, name = target.both
    if spec.model(name) is None and name in change.installed.get(spec.name, ()):
        text = editor.install(file.text, spec.name, name.text, matches=file.matching(spec, name))
        return editor.activate(text, spec.name, name.text)
    _check_declared(file, change, target, f"run `venom-modeld install {spec.name} {change.model}` first")
    return _activated(file.text, change.model, target)


def _activated(text: str, model: str, target: Target) -> str:
    spec, name = target.both
    return text if spec.active == name else editor.activate(text, spec.name, model)


def _adopt(file: OpenedFile, change: Change, target: Target) -> str:
    spec, name = target.both
    if spec.model(name) is not None:
        return file.text
    if name not in change.installed.get(spec.name, ()):
        raise EditRefused(Refusal.UNKNOWN, f"{name} is not on {spec.name}, so there is nothing to adopt; install it")
    return editor.install(file.text, spec.name, name.text, matches=file.matching(spec, name))


def _suspend(file: OpenedFile, _: Change, target: Target) -> str:
    return editor.set_value(file.text, target.runtime, "suspend", value=True)


def _resume(file: OpenedFile, _: Change, target: Target) -> str:
    suspended = target.spec.suspend if target.spec else file.desired.suspend
    return editor.set_value(file.text, target.runtime, "suspend", None) if suspended else file.text


def _check_declared(file: OpenedFile, change: Change, target: Target, advice: str, *, there: bool = False) -> None:
    spec, name = target.both
    if spec.model(name) is None:
        why = Refusal.CONFLICT if there else Refusal.UNKNOWN
        raise EditRefused(why, f"{file.path} does not declare {change.model} on {spec.name}; {advice}")


_MAKERS: dict[Action, Callable[[OpenedFile, Change, Target], str]] = {
    Action.INSTALL: _install,
    Action.REMOVE: _remove,
    Action.ACTIVATE: _activate,
    Action.KEEP: _keep,
    Action.UNKEEP: _unkeep,
    Action.UPDATE: _update,
    Action.ADOPT: _adopt,
    Action.SUSPEND: _suspend,
    Action.RESUME: _resume,
}

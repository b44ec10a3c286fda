"""The commands that edit models.yaml: the change is made on the text, checked whole, shown as a diff, then written.

Nothing else happens: the daemon sees the file change and does the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.config import atomic, editor
from venom_modeld.config.desired_file import ConfigError, DesiredFile, parse_models
from venom_modeld.config.loader import read_file, revision_of
from venom_modeld.core.desired import RuntimeSpec
from venom_modeld.core.names import InvalidName, ModelName
from venom_modeld.runtimes.registry import kinds

Change = Callable[["Edited"], str]
"""Takes the file as it is and returns its new text. May raise EditError, InvalidName or Failure."""


Remarks = Callable[[DesiredFile, DesiredFile], tuple[str, ...]]
"""Takes what the file asked for before and asks for now; returns what a person should know of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """The file that is to be edited, as it was read; it is valid."""

    path: Path
    text: str
    revision: str
    desired: DesiredFile

    def runtime(self, name: str) -> RuntimeSpec:
        """Return the runtime of that name. Raises Failure that names the ones there are."""
        for spec in self.desired.runtimes:
            if spec.name == name:
                return spec
        known = ", ".join(spec.name for spec in self.desired.runtimes) or "none"
        raise Failure(f"{self.path} has no runtime {name}; its runtimes are: {known}")

    def name(self, runtime: str, model: str) -> ModelName:
        """Return a model's name as the runtime reads it. Raises InvalidName."""
        return kinds()[self.runtime(runtime).kind].parse_name(model)

    def matching(self, runtime: str, model: str) -> Callable[[str], bool]:
        """Return what tells whether a name in the file is that model, however it is spelled."""
        wanted, read = self.name(runtime, model), kinds()[self.runtime(runtime).kind].parse_name
        return lambda text: read(text) == wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change that was made, or would be."""

    path: Path
    diff: str
    revision: str
    written: bool
    remarks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "file": str(self.path),
            "changed": bool(self.diff),
            "written": self.written,
            "revision": self.revision,
            "diff": self.diff,
            "remarks": list(self.remarks),
        }


def edit(path: Path, change: Change, *, dry_run: bool, remarks: Remarks | None = None) -> Edit:
    """Make a change, check that the file is valid with it, and write it unless told not to.

    Raises SourceError for a file that is not valid as it is, Failure for a change that cannot be made.
    """
    before = opened(path)
    try:
        text = change(before)
    except (editor.EditError, InvalidName) as error:
        raise Failure(f"{path}: {error}") from error
    content = text.encode()
    after = _checked(path, content)
    diff = editor.unified_diff(before.text, text, str(path))
    if diff and not dry_run:
        _write(path, content, before.revision)
    return Edit(
        path=path,
        diff=diff,
        revision=revision_of(content),
        written=bool(diff) and not dry_run,
        remarks=remarks(before.desired, after) if remarks else (),
    )


def opened(path: Path) -> Edited:
    """Read a file that is to be edited. Raises SourceError with everything that is wrong with it."""
    source = read_file(path)
    desired = parse_models(source.content, path=str(path), kinds=kinds())
    return Edited(path=path, text=source.content.decode(), revision=source.revision, desired=desired)


def _checked(path: Path, content: bytes) -> DesiredFile:
    try:
        return parse_models(content, path=str(path), kinds=kinds())
    except ConfigError as error:
        raise Failure(f"Nothing was written, because the file would not be valid:\n{error}") from error


def _write(path: Path, content: bytes, revision: str) -> None:
    if read_file(path).revision != revision:
        raise Failure(f"{path} was changed by somebody else meanwhile; run the command again", ExitCode.OUTDATED)
    try:
        atomic.write(path, content)
    except atomic.WriteError as error:
        raise Failure(str(error)) from error


def install(runtime: str, model: str) -> Change:
    """Return the change that declares a model; none where it is declared."""

    def change(file: Edited) -> str:
        if file.runtime(runtime).model(file.name(runtime, model)) is not None:
            return file.text
        return editor.install(file.text, runtime, model, matches=file.matching(runtime, model))

    return change


def remove(runtime: str, model: str) -> Change:
    """Return the change that takes a model out, and with it its being active. A model that is not there is refused."""

    def change(file: Edited) -> str:
        if file.runtime(runtime).model(file.name(runtime, model)) is None:
            raise Failure(f"{file.path} does not declare {model} on {runtime}; nothing was changed")
        return editor.remove(file.text, runtime, file.matching(runtime, model), clear_active=True)

    return change


def activate(runtime: str, model: str) -> Change:
    """Return the change that makes a declared model the active one."""

    def change(file: Edited) -> str:
        spec, name = file.runtime(runtime), file.name(runtime, model)
        if spec.model(name) is None:
            advice = f"run `venom-modeld install {runtime} {model}` first"
            raise Failure(f"{file.path} does not declare {model} on {runtime}; {advice}")
        return file.text if spec.active == name else editor.activate(file.text, runtime, model)

    return change


def suspend(runtime: str | None) -> Change:
    """Return the change that suspends a runtime, or everything."""

    def change(file: Edited) -> str:
        if runtime is not None:
            file.runtime(runtime)
        return editor.set_value(file.text, runtime, "suspend", value=True)

    return change


def resume(runtime: str | None) -> Change:
    """Return the change that takes a suspension out of the file."""

    def change(file: Edited) -> str:
        suspended = file.desired.suspend if runtime is None else file.runtime(runtime).suspend
        return editor.set_value(file.text, runtime, "suspend", None) if suspended else file.text

    return change


def lost_active(before: DesiredFile, after: DesiredFile) -> tuple[str, ...]:
    """Tell which runtimes have no active model any more."""
    had = {spec.name: spec.active for spec in before.runtimes}
    return tuple(
        f"{had[spec.name]} was the active model; {spec.name} has none now."
        for spec in after.runtimes
        if spec.active is None and had[spec.name] is not None
    )


def still_suspended(_: DesiredFile, after: DesiredFile) -> tuple[str, ...]:
    """Tell what is still suspended."""
    whole = ("The whole file is suspended: venom-modeld resume",) if after.suspend else ()
    alone = (f"{spec.name} is suspended: venom-modeld resume {spec.name}" for spec in after.runtimes if spec.suspend)
    return (*whole, *alone)

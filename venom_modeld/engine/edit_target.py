"""What an edit is about: the file as it is, and which of its runtimes is meant by whoever asks.

A screen knows a model by its name and provider and often no more. What its name means is for the kinds of runtimes to
say, so each of the file's runtimes is asked whether it can read it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from venom_modeld.config.desired_file import DesiredFile, parse_models
from venom_modeld.config.loader import Source, read_file
from venom_modeld.config.problems import SourceError
from venom_modeld.config.schema import Kinds
from venom_modeld.core.desired import RuntimeSpec
from venom_modeld.core.edits import Action, Change, Choice, EditRefused, Refusal
from venom_modeld.core.names import InvalidName, ModelName, Provider, shown

OF_A_RUNTIME = frozenset({Action.SUSPEND, Action.RESUME})
"""Actions that are about no model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """The file that is to be edited, as it was read; it is valid."""

    path: Path
    kinds: Kinds
    text: str
    revision: str
    desired: DesiredFile

    def name(self, spec: RuntimeSpec, model: str) -> ModelName:
        """Return a model's name as a runtime reads it; raises InvalidName."""
        return self.kinds[spec.kind].parse_name(model)

    def matching(self, spec: RuntimeSpec, model: ModelName) -> Callable[[str], bool]:
        """Return what tells whether a name in the file is that model, however it is spelled."""
        return lambda text: self.name(spec, text) == model


def opened(path: Path, kinds: Kinds, read: Callable[[], Source] | None = None) -> OpenedFile:
    """Read a file that is to be edited, by `read` where that is given.

    Raises EditRefused with everything that is wrong with it.
    """
    try:
        source = read() if read else read_file(path)
        desired = parse_models(source.content, path=str(path), kinds=kinds)
    except SourceError as error:
        raise EditRefused(Refusal.BROKEN, str(error)) from error
    return OpenedFile(path=path, kinds=kinds, text=source.content.decode(), revision=source.revision, desired=desired)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The runtime and the model of an edit; both None where it is about the whole file."""

    spec: RuntimeSpec | None = None
    name: ModelName | None = None
    choices: tuple[Choice, ...] = ()

    @property
    def runtime(self) -> str | None:
        """Return the runtime's name."""
        return self.spec.name if self.spec else None

    @property
    def both(self) -> tuple[RuntimeSpec, ModelName]:
        """Return the runtime and the model of an edit that is about a model."""
        assert self.spec is not None  # noqa: S101 - `target_of` finds both for every such action
        assert self.name is not None  # noqa: S101
        return self.spec, self.name


def target_of(file: OpenedFile, change: Change, *, guess: bool) -> Target:
    """Return what a change is about; with `guess`, the first runtime where several would do.

    Raises EditRefused where there is no such runtime, where a name fits none, and where it fits several.
    """
    if change.action in OF_A_RUNTIME:
        if change.runtime is None:
            return Target()
        return Target(spec=_one(_named(file, change.runtime), change, guess=guess))
    specs = _named(file, change.runtime)
    if change.action is Action.INSTALL:
        choices = tuple(_choice(file, spec, change) for spec in file.desired.runtimes)
        refused = {choice.runtime: choice.refused for choice in choices}
        fitting = [spec for spec in specs if refused[spec.name] is None]
        if not fitting:
            raise EditRefused(Refusal.INVALID, _fits_none(file, specs, refused))
        spec = _one(fitting, change, guess=guess)
        return Target(spec=spec, name=file.name(spec, change.model), choices=choices)
    spec = _one(_holders(file, specs, change), change, guess=guess)
    return Target(spec=spec, name=file.name(spec, change.model))


def _named(file: OpenedFile, name: str | None) -> list[RuntimeSpec]:
    """Return the runtimes that a name, or a kind, stands for; all of them for None."""
    specs = file.desired.runtimes
    found = [spec for spec in specs if name in (None, spec.name)]
    found = found or [spec for spec in specs if name == spec.kind]
    if found:
        return found
    known = ", ".join(spec.name for spec in specs) or "none"
    what = "no runtime" if name is None else f"no runtime {name}"
    raise EditRefused(Refusal.UNKNOWN, f"{file.path} has {what}; its runtimes are: {known}")


def _one(specs: list[RuntimeSpec], change: Change, *, guess: bool) -> RuntimeSpec:
    if len(specs) > 1 and not guess:
        names = ", ".join(spec.name for spec in specs)
        what = shown(change.model) if change.model else shown(change.runtime or "")
        raise EditRefused(Refusal.SEVERAL, f"{what} may mean several runtimes: {names}; say which by `runtime`")
    return specs[0]


def _choice(file: OpenedFile, spec: RuntimeSpec, change: Change) -> Choice:
    return Choice(runtime=spec.name, kind=spec.kind, refused=_refused(file, spec, change.model, change.provider))


def _refused(file: OpenedFile, spec: RuntimeSpec, model: str, provider: Provider | None) -> str | None:
    """Say why a runtime cannot serve a model of that name and provider; None where it can."""
    try:
        name = file.name(spec, model)
    except InvalidName as error:
        return str(error)
    if provider is None or name.provider is provider:
        return None
    return (
        f"{shown(model)} on a runtime of kind {spec.kind} is a name of {name.provider}, not of {provider};"
        " leave `provider` out, or choose a runtime of another kind"
    )


def _fits_none(file: OpenedFile, specs: Iterable[RuntimeSpec], refused: dict[str, str | None]) -> str:
    reasons = [f"{spec.name}: {refused[spec.name]}" for spec in specs]
    if len(reasons) == 1:
        return reasons[0]
    return f"no runtime of {file.path} can serve it; " + "; ".join(reasons)


def _holders(file: OpenedFile, specs: list[RuntimeSpec], change: Change) -> list[RuntimeSpec]:
    """Return the runtimes that declare a model, else those that have it; a single one in any case."""
    names = _names(file, specs, change.model)
    declared = [spec for spec in specs if spec.name in names and spec.model(names[spec.name]) is not None]
    there = [spec for spec in specs if spec.name in names and names[spec.name] in change.installed.get(spec.name, ())]
    found = there or declared if change.action is Action.ADOPT else declared or there
    if found or len(specs) == 1:
        return found or specs
    raise EditRefused(Refusal.UNKNOWN, f"no runtime of {file.path} declares {change.model}; name one by `runtime`")


def _names(file: OpenedFile, specs: list[RuntimeSpec], model: str) -> dict[str, ModelName]:
    """Return a model's name as each runtime reads it. Raises EditRefused where none does."""
    names, faults = {}, []
    for spec in specs:
        try:
            names[spec.name] = file.name(spec, model)
        except InvalidName as error:
            faults.append(str(error))
    if not names:
        raise EditRefused(Refusal.INVALID, faults[0])
    return names

"""The daemon's own settings: each has a default, a place in a file, and an environment variable.

What is written in several places counts in this order: command line, environment, file, default. Each place is checked
whole, also where a later one wins, because a setting that is wrong and silent today is in force tomorrow.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from venom_modeld.config.blank import is_blank
from venom_modeld.config.loader import read_file
from venom_modeld.config.problems import Problem, SourceError
from venom_modeld.config.setting_groups import Group, Listen, Settings, Source, parse_listen
from venom_modeld.config.validation import Fault, suggestion, validate
from venom_modeld.config.yaml_scalars import resolve
from venom_modeld.config.yaml_source import DataPath, Document, parse
from venom_modeld.core.durations import in_units

__all__ = ["PREFIX", "Listen", "Setting", "Settings", "SettingsError", "all_settings", "load_settings", "parse_listen"]

PREFIX = "VENOM_MODELD_"


class SettingsError(SourceError):
    """Settings that the daemon cannot start with; `problems` are all that is wrong with them, in every place."""


Merged = TypeVar("Merged", bound=Group)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """One setting, for whoever lists them all."""

    path: tuple[str, ...]
    field: FieldInfo

    @property
    def variable(self) -> str:
        """Return the name of its environment variable."""
        return PREFIX + "_".join(self.path).upper()

    @property
    def default(self) -> str:
        """Return its default as it would be written in the file; empty for none."""
        value = self.field.default
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, float):
            return in_units(value)
        return "" if value is None else str(value)

    def from_text(self, text: str) -> object:
        """Return the data that a text outside a file stands for: a list is written with commas."""
        kind = self.field.annotation
        if get_origin(kind) is list:
            return [item.strip() for item in text.split(",")]
        return resolve(text) if kind in (bool, int) else text


def all_settings(model: type[BaseModel] = Settings, path: tuple[str, ...] = ()) -> Iterator[Setting]:
    """Yield every setting, in the order of the file."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from all_settings(field.annotation, (*path, name))
        else:
            yield Setting(path=(*path, name), field=field)


def load_settings(path: Path | str | None, environ: Mapping[str, str], overrides: Mapping[str, object]) -> Settings:
    """Return the settings that are in force.

    `path` is the settings file, or None for none; `environ` the environment, of which only names that start with
    `VENOM_MODELD_` count, and those only where they are not empty; `overrides` what the command line says, by dotted
    names such as `api.listen`, where None stands for an option that was not given. A `file` there takes the place of a
    repository that another place names.

    Raises SettingsError with everything that is wrong, in all places.
    """
    layers = [*_file_layer(path), _environment_layer(environ), _command_line_layer(overrides)]
    settings, problems = Settings(), _misspelt(environ)
    for layer in layers:
        found, faults = validate(Settings, layer.data, context=layer.folder)
        found_here = [*layer.problems, *(layer.place(fault) for fault in faults)]
        problems += sorted(found_here, key=lambda problem: (problem.line or 0, problem.column or 0))
        settings = _over(settings, found) if found else settings
    if overrides.get("file") is not None:
        settings = settings.model_copy(update={"source": Source()})
    if not problems:
        problems = [_place_in(layers, paths, message) for paths, message in _conflicts(settings)]
    if problems:
        raise SettingsError(problems)
    return settings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """One place where settings are written."""

    data: Any
    place: Callable[[Fault], Problem]
    folder: Path | None = None
    problems: tuple[Problem, ...] = ()

    def has(self, path: DataPath) -> bool:
        here = self.data
        for part in path:
            if not isinstance(here, dict) or part not in here:
                return False
            here = here[part]
        return True


def _file_layer(path: Path | str | None) -> Iterator[_Layer]:
    if path is None:
        return
    try:
        source = read_file(path)
    except SourceError as error:
        yield _Layer(data={}, place=_in_environment, problems=error.problems)
        return
    if is_blank(source.content):
        return
    document = parse(source.content, path=str(path))
    data = {} if document.data is None else document.data
    yield _Layer(data=data, place=_in_document(document), folder=Path(path).parent, problems=document.problems)


def _environment_layer(environ: Mapping[str, str]) -> _Layer:
    written = {setting: environ.get(setting.variable, "") for setting in all_settings()}
    return _Layer(data=_nested({setting: text for setting, text in written.items() if text}), place=_in_environment)


def _command_line_layer(overrides: Mapping[str, object]) -> _Layer:
    known = {".".join(setting.path): setting for setting in all_settings()}
    given = {known[name]: value for name, value in overrides.items() if value is not None}
    return _Layer(data=_nested(given), place=_on_command_line)


def _nested(values: Mapping[Setting, object]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for setting, value in values.items():
        here = data
        for part in setting.path[:-1]:
            here = here.setdefault(part, {})
        here[setting.path[-1]] = setting.from_text(value) if isinstance(value, str) else value
    return data


def _in_document(document: Document) -> Callable[[Fault], Problem]:
    def place(fault: Fault) -> Problem:
        make = document.problem_with_key if fault.at_key else document.problem
        return make(fault.path, fault.message)

    return place


def _in_environment(fault: Fault) -> Problem:
    return Problem(path_of_file=PREFIX + "_".join(_keys(fault)).upper(), message=fault.message)


def _on_command_line(fault: Fault) -> Problem:
    return Problem(path_of_file=f"--{_keys(fault)[-1].replace('_', '-')}", message=fault.message)


def _keys(fault: Fault) -> list[str]:
    return [part for part in fault.path if isinstance(part, str)]


def _misspelt(environ: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each variable that is nearly a setting's; others of our prefix may belong to somebody."""
    known = {setting.variable.removeprefix(PREFIX): setting.variable for setting in all_settings()}
    odd = [name for name in sorted(environ) if name.startswith(PREFIX) and name not in known.values()]
    near = [(name, suggestion(name.removeprefix(PREFIX), known, likeness=0.75)) for name in odd]
    return [
        Problem(path_of_file=name, message=f"there is no such setting; did you mean {known[word]}?")
        for name, word in near
        if word
    ]


def _over(below: Merged, above: Merged) -> Merged:
    """Return the settings below with what is written above in their place."""
    written = {name: getattr(above, name) for name in above.model_fields_set}
    merged = {
        name: _over(getattr(below, name), value) if isinstance(value, Group) else value
        for name, value in written.items()
    }
    return below.model_copy(update=merged)


def _conflicts(settings: Settings) -> Iterator[tuple[tuple[DataPath, ...], str]]:
    """Yield what no setting alone can tell, with the settings that make it so; one of them is no default."""
    if settings.retry.first > settings.retry.max:
        first, longest = in_units(settings.retry.first), in_units(settings.retry.max)
        message = f"the first wait is {first} and the longest is {longest}; write a longer `max` or a shorter `first`"
        yield (("retry", "max"), ("retry", "first")), message
    if not settings.api.listen.is_loopback and settings.api.token_file is None:
        message = (
            f"other hosts can reach {settings.api.listen}, and nothing tells who calls; set `api.token_file`, or listen"
            " on 127.0.0.1"
        )
        yield (("api", "listen"),), message


def _place_in(layers: list[_Layer], paths: tuple[DataPath, ...], message: str) -> Problem:
    """Return a problem of the place whose word counts."""
    places = ((layer, path) for layer in reversed(layers) for path in paths if layer.has(path))
    layer, path = next(places)
    return layer.place(Fault(path=path, message=message))

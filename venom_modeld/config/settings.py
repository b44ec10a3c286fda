"""The daemon's own settings: each has a default, a place in a file, and an environment variable.

What is written in several places counts in this order: command line, environment, file, default. Each place is checked
whole, also where a later one wins, because a setting that is wrong and silent today is in force tomorrow.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic.fields import FieldInfo

from venom_modeld.config.addresses import check_url, is_host_and_port
from venom_modeld.config.blank import is_blank
from venom_modeld.config.loader import read_file
from venom_modeld.config.problems import Problem, SourceError
from venom_modeld.config.validation import Fault, suggestion, validate
from venom_modeld.config.yaml_scalars import resolve
from venom_modeld.config.yaml_source import DataPath, Document, parse
from venom_modeld.core.durations import in_units, parse_duration
from venom_modeld.core.names import shown
from venom_modeld.core.wording import describe

PREFIX = "VENOM_MODELD_"


class SettingsError(SourceError):
    """Settings that the daemon cannot start with; `problems` are all that is wrong with them, in every place."""


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return `HOST:PORT`, as `parse_listen` reads it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this host can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_listen(value: object) -> Listen:
    """Return a text `HOST:PORT` as an address; raise ValueError with what to write instead."""
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not port.isascii() or not port.isdecimal() or int(port) > 65535 or not is_host_and_port(host):
        raise ValueError(f"{describe(value)} is no address to listen on; write HOST:PORT, such as 127.0.0.1:8765")
    return Listen(host.strip("[]").lower(), int(port))


def _check_host(text: str) -> str:
    if not is_host_and_port(text):
        raise ValueError(f"{shown(text)} is no host; write HOST or HOST:PORT, without a scheme and a path")
    return text.lower()


def _anchored(value: object, info: ValidationInfo) -> Path:
    """Return a path; in a file a relative one starts at the folder of that file, which is the context."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"{describe(value)} is no path; write the path of a file or folder")
    return Path(info.context or "") / value


Duration = Annotated[float, BeforeValidator(parse_duration)]
FilePath = Annotated[Path, BeforeValidator(_anchored)]
Url = Annotated[str, AfterValidator(check_url)]
Host = Annotated[str, AfterValidator(_check_host)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Retry(_Settings):
    """How failed operations and unreachable runtimes are tried again: each wait is twice the one before."""

    first: Duration = Field(default=5.0, description="The wait before the first new try of what failed.")
    max: Duration = Field(default=900.0, description="The longest wait between two tries.")


class Timeouts(_Settings):
    """How long an answer may take."""

    connect: Duration = Field(default=5.0, description="The longest wait for a connection.")
    read: Duration = Field(default=30.0, description="The longest wait for an answer that needs no model.")
    load: Duration = Field(default=600.0, description="The longest wait for a model to load and to generate a token.")


class Api(_Settings):
    """Who may call the HTTP API, and what for."""

    listen: Annotated[Listen, BeforeValidator(parse_listen)] = Field(
        default=Listen("127.0.0.1", 8765), description="The address of the HTTP API. Port 0 takes a free one."
    )
    token_file: FilePath | None = Field(
        default=None,
        description="A file whose content every caller must send as a bearer token. Needed for any address that is not"
        " a loopback one.",
    )
    allowed_origins: list[Url] = Field(
        default=[], description="Origins, beside the daemon's own, whose pages may make writing calls."
    )
    allowed_hosts: list[Host] = Field(
        default=[], description="Names, beside the address itself, under which callers may reach the API."
    )
    edits: bool = Field(
        default=True, description="Whether calls may edit models.yaml. Off where git or a ConfigMap owns the file."
    )
    operations: bool = Field(
        default=True, description="Whether calls may approve a plan, and cancel or retry an operation."
    )


class Log(_Settings):
    """What is logged, to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important messages that are logged: debug, info, warning or error."
    )
    format: Literal["text", "json"] = Field(
        default="text", description="`text` for lines that people read, `json` for one JSON object a line."
    )


class History(_Settings):
    """How much is remembered of what was done."""

    days: Annotated[int, Field(ge=1)] = Field(default=90, description="How many days an ended operation is remembered.")
    keep: Annotated[int, Field(ge=1)] = Field(
        default=10_000, description="How many ended operations are remembered at the most."
    )


class Settings(_Settings):
    """All settings; durations are in seconds."""

    file: FilePath = Field(
        default=Path("/etc/venom-modeld/models.yaml"), description="The desired-state file, models.yaml."
    )
    state_dir: FilePath = Field(
        default=Path("/var/lib/venom-modeld"),
        description="The folder of the inventory and the history. One daemon has one to itself.",
    )
    interval: Duration = Field(
        default=30.0, description="How often each runtime is observed when nothing else happens."
    )
    update_check: Duration = Field(
        default=3600.0, description="How often the tags of models with `update: always` are looked up."
    )
    poll: Duration = Field(
        default=10.0, description="How often the file is looked at where its file system reports no changes."
    )
    stall_timeout: Duration = Field(
        default=120.0, description="How long a download may move no byte before it is cut and resumed."
    )
    registry_url: Url = Field(
        default="https://registry.ollama.ai", description="Where the manifests of Ollama's library are looked up."
    )
    retry: Retry = Retry()
    timeouts: Timeouts = Timeouts()
    api: Api = Api()
    log: Log = Log()
    history: History = History()


Group = TypeVar("Group", bound=_Settings)


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
    names such as `api.listen`, where None stands for an option that was not given.

    Raises SettingsError with everything that is wrong, in all places.
    """
    layers = [*_file_layer(path), _environment_layer(environ), _command_line_layer(overrides)]
    settings, problems = Settings(), _misspelt(environ)
    for layer in layers:
        found, faults = validate(Settings, layer.data, context=layer.folder)
        found_here = [*layer.problems, *(layer.place(fault) for fault in faults)]
        problems += sorted(found_here, key=lambda problem: (problem.line or 0, problem.column or 0))
        settings = _over(settings, found) if found else settings
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


def _over(below: Group, above: Group) -> Group:
    """Return the settings below with what is written above in their place."""
    written = {name: getattr(above, name) for name in above.model_fields_set}
    merged = {
        name: _over(getattr(below, name), value) if isinstance(value, _Settings) else value
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

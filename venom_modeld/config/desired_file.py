"""models.yaml to desired state: everything that the file asks for, or everything that is wrong with it.

The file is read in pieces (the file, each runtime, each model), so that a fault in one hides nothing in another. What
no single piece can tell, such as a model that is declared twice, is checked over what was written, also where other
keys are wrong.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from venom_modeld.config.addresses import check_url, server_of
from venom_modeld.config.blank import is_blank
from venom_modeld.config.problems import Problem, SourceError
from venom_modeld.config.schema import (
    RUNTIME_NAME,
    FileKeys,
    Kinds,
    ModelKeys,
    any_runtime_type,
    model_type,
    runtime_type,
)
from venom_modeld.config.validation import keys_of, one_of, quoted, suggestion, validate
from venom_modeld.config.yaml_nodes import Mapping, Scalar, Sequence, members, target_of
from venom_modeld.config.yaml_source import DataPath, Document, parse
from venom_modeld.core.desired import Limits, ModelSpec, RuntimeSpec, circles
from venom_modeld.core.kinds import RuntimeKind
from venom_modeld.core.names import InvalidName, ModelName, shown
from venom_modeld.core.wording import describe

MAX_MODELS = 20_000
"""How many models a file may declare."""

MAX_PROBLEMS = 1_000
"""How many problems of one file are told one by one; they are shown in every place that reports."""

_SUGGESTED = 8
"""How many names a message lists."""

Type = TypeVar("Type", bound=BaseModel)


class ConfigError(SourceError):
    """A models.yaml that cannot be in force; `problems` are all that is wrong with it, in the order of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredFile:
    """What a valid file asks for."""

    runtimes: tuple[RuntimeSpec, ...]
    suspend: bool = False


def parse_models(content: bytes, *, path: str, kinds: Kinds) -> DesiredFile:
    """Read the content of a models.yaml; `path` only names it in problems. Raises ConfigError and nothing else."""
    document = parse(content, path=path)
    if document.data is None:
        raise ConfigError(_with_least_file(document, content, kinds))
    reading = _FileReading(document=document, kinds=kinds, problems=list(document.problems))
    found = reading.read()
    if reading.problems or found is None:
        raise ConfigError([*sorted(set(reading.problems), key=_order), *reading.rest()])
    return found


def _order(problem: Problem) -> tuple[int, int, str]:
    return (problem.line or 0, problem.column or 0, problem.message)


def _with_least_file(document: Document, content: bytes, kinds: Kinds) -> Iterable[Problem]:
    """Return why there is no data; where nothing is written, with the least that would do."""
    if not is_blank(content):
        return document.problems
    kind = next(iter(kinds))
    least = f"{{version: 1, runtimes: {{{kind}: {{kind: {kind}, prune: managed}}}}}}"
    return [replace(problem, message=f"{problem.message}; write at least `{least}`") for problem in document.problems]


@dataclass(slots=True, kw_only=True)
class _FileReading:
    """One reading of a file: collects the problems of all its pieces."""

    document: Document
    kinds: Kinds
    problems: list[Problem]
    untold: int = 0

    def read(self) -> DesiredFile | None:
        data = self.document.data
        file = self.check(FileKeys, data, ())
        runtimes = data.get("runtimes") if isinstance(data, dict) else None
        if not isinstance(runtimes, dict) or self._too_many(runtimes):
            return None
        defaults = file.limits.over(Limits()) if file and file.limits else Limits()
        self._check_servers(runtimes)
        specs = [self._runtime(name, data, defaults) for name, data in runtimes.items()]
        found = tuple(spec for spec in specs if spec is not None)
        return DesiredFile(runtimes=found, suspend=file.suspend) if file else None

    def report(self, path: DataPath, message: str, *, at_key: bool = False) -> None:
        """Add a problem with a value, or with the key before it; past the limit only count it."""
        if len(self.problems) >= MAX_PROBLEMS:
            self.untold += 1
            return
        make = self.document.problem_with_key if at_key else self.document.problem
        self.problems.append(make(path, message))

    def rest(self) -> Iterator[Problem]:
        """Yield what stands for the problems that are not told."""
        if self.untold:
            message = f"{self.untold} more problems are not shown; mend these first"
            yield Problem(path_of_file=self.document.path_of_file, message=message)

    def check(self, model: type[Type], data: object, path: DataPath) -> Type | None:
        """Return a piece of the file as its type, or None after reporting everything that is wrong with it."""
        found, faults = validate(model, data, at=path, written=self.written)
        for fault in faults:
            self.report(fault.path, fault.message, at_key=fault.at_key)
        return found

    def written(self, path: DataPath) -> str | None:
        """Return the text of a single value as it stands in the file."""
        node = target_of(self.document.root)
        for part in path:
            match node:
                case Sequence(items=items):
                    node = target_of(items[int(part)])
                case Mapping():
                    node = target_of(members(node)[str(part)][1])
        return node.text if isinstance(node, Scalar) else None

    def line_of(self, path: DataPath) -> int:
        return self.document.where(path).line

    def _too_many(self, runtimes: dict[str, Any]) -> bool:
        lists = [data.get("models") for data in runtimes.values() if isinstance(data, dict)]
        count = sum(len(models) for models in lists if isinstance(models, list))
        if count > MAX_MODELS:
            message = f"the file declares {count} models, and {MAX_MODELS} are the most; split it over several hosts"
            self.report(("runtimes",), message, at_key=True)
        return count > MAX_MODELS

    def _check_servers(self, runtimes: dict[str, Any]) -> None:
        """Report every second entry of one server: two entries would undo each other's work."""
        seen: dict[tuple[str, str], str] = {}
        for name, data in runtimes.items():
            server = self._server(data)
            if server is None:
                continue
            first = seen.setdefault(server, name)
            if first != name:
                line = self.document.where_key(("runtimes", first)).line
                same = f"{quoted(name)} is the same server as {quoted(first)} on line {line}"
                message = f"{same}; declare all its models in one entry"
                self.report(("runtimes", name, "url"), message, at_key="url" not in data)

    def _server(self, data: object) -> tuple[str, str] | None:
        """Return the kind and the server of a runtime, if it has valid ones."""
        kind = self._kind(data)
        url = data.get("url", kind.default_url) if kind and isinstance(data, dict) else None
        if kind is None or not isinstance(url, str):
            return None
        try:
            return kind.name, server_of(check_url(url))
        except ValueError:
            return None

    def _kind(self, data: object) -> RuntimeKind | None:
        name = data.get("kind") if isinstance(data, dict) else None
        return self.kinds.get(name) if isinstance(name, str) else None

    def _runtime(self, name: str, data: object, defaults: Limits) -> RuntimeSpec | None:
        path: DataPath = ("runtimes", name)
        if not re.fullmatch(RUNTIME_NAME, name):
            message = f"{shown(name)} cannot name a runtime; write up to 63 letters, digits, '-', '_' and '.'"
            self.report(path, message, at_key=True)
        kind = self._kind(data)
        if kind is None:
            self._report_kind(data, path)
            self.check(any_runtime_type(), data, path)
            return None
        return _RuntimeReading(file=self, kind=kind, name=name, data=data, path=path).read(defaults)

    def _report_kind(self, data: object, path: DataPath) -> None:
        if not isinstance(data, dict):
            return
        wanted = f"write {one_of(list(self.kinds))}"
        if "kind" not in data:
            samples = one_of([f"`kind: {kind}`" for kind in self.kinds])
            self.report(path, f"`kind` is missing; write {samples}", at_key=True)
        elif isinstance(data["kind"], str):
            self.report((*path, "kind"), f"there is no kind {shown(data['kind'])}; {wanted}")
        else:
            self.report((*path, "kind"), f"`kind` is {describe(data['kind'])}; {wanted}")


@dataclass(slots=True, kw_only=True)
class _RuntimeReading:
    """The reading of one runtime of a known kind."""

    file: _FileReading
    kind: RuntimeKind
    name: str
    data: Any
    path: DataPath
    declared: dict[ModelName, DataPath] = field(default_factory=dict)
    """The names that could be read, each with the entry that has it first."""
    unread: int = 0
    """How many entries have no name that could be read."""

    def read(self, defaults: Limits) -> RuntimeSpec | None:
        keys: Any = self.file.check(runtime_type(self.kind), self.data, self.path)
        models = self._models()
        active = self._name("active", self.kind.parse_name)
        alias = self._name("alias", self.kind.parse_alias or self.kind.parse_name)
        self._check_active(active)
        self._check_alias(alias, models)
        self._check_circles(models)
        if keys is None:
            return None
        return RuntimeSpec(
            name=self.name,
            kind=self.kind.name,
            url=keys.url,
            prune=keys.prune,
            models=tuple(models),
            active=active,
            alias=alias,
            suspend=keys.suspend,
            limits=keys.limits.over(defaults) if keys.limits else defaults,
            options=self.kind.to_options(keys),
        )

    def _models(self) -> list[ModelSpec]:
        items = self.data.get("models")
        if not isinstance(items, list):
            return []
        specs = [self._model(item, (*self.path, "models", index)) for index, item in enumerate(items)]
        return [spec for spec in specs if spec is not None]

    def _model(self, item: object, path: DataPath) -> ModelSpec | None:
        """Return the spec of an entry, or None after reporting what is wrong with it."""
        type_ = model_type(self.kind)
        if message := self._no_entry(item, path, type_):
            self.unread += 1
            self.file.report(path, message)
            return None
        entry = {"name": item} if isinstance(item, str) else item
        keys = self.file.check(type_, entry, path)
        name = self._declare(entry, path if isinstance(item, str) else (*path, "name"))
        if keys is None or name is None:
            return None
        try:
            return self.kind.to_spec(name, keys)
        except InvalidName as error:
            self.file.report(path, str(error))
            return None

    def _no_entry(self, item: object, path: DataPath, type_: type[ModelKeys]) -> str | None:
        """Say what is wrong with an entry that is neither a text nor a mapping of a model's keys."""
        match item:
            case str():
                return None
            case bool() | int() | float():
                text = self.file.written(path) or str(item)
                return f"YAML reads the name {shown(text)} as {describe(item)}; write it in quotes"
            case dict() if len(item) == 1 and not keys_of(type_).keys() & item.keys():
                return self._split_name(item, path)
            case dict():
                return None
        return f"an item of `models` is {describe(item)}; write a model's name, or a mapping with `name`"

    def _split_name(self, item: dict[str, object], path: DataPath) -> str | None:
        """Say how to write `- qwen: 3`, which YAML reads as a mapping."""
        [(key, value)] = item.items()
        if isinstance(value, list | dict) or suggestion(key, keys_of(model_type(self.kind))):
            return None
        tag = self.file.written((*path, key)) or ""
        whole = f"{key}:{tag}".rstrip(":")
        return f"YAML reads this as the key {shown(key)} with a value; write the name without a space: {shown(whole)}"

    def _declare(self, entry: Any, path: DataPath) -> ModelName | None:
        """Return the name of an entry after adding it to the declared ones."""
        name = self._parsed(entry.get("name"), path, self.kind.parse_name)
        if name is None:
            self.unread += 1
            return None
        first = self.declared.setdefault(name, path)
        if first != path:
            line, text = self.file.line_of(first), self.file.written(first) or str(name)
            message = f"{shown(entry['name'])} is declared already, on line {line} as {shown(text)}; keep one of them"
            self.file.report(path, message)
        return name

    def _name(self, key: str, parse: Callable[[str], ModelName]) -> ModelName | None:
        return self._parsed(self.data.get(key), (*self.path, key), parse)

    def _parsed(self, text: object, path: DataPath, parse: Callable[[str], ModelName]) -> ModelName | None:
        """Return a text as a name; what is no text is reported elsewhere, as the wrong type that it is."""
        if not isinstance(text, str):
            return None
        try:
            return parse(text)
        except InvalidName as error:
            self.file.report(path, str(error))
            return None

    def _check_active(self, active: ModelName | None) -> None:
        if active is None or active in self.declared or self.unread:
            return
        text = self.data["active"]
        names = [self.file.written(path) or str(name) for name, path in self.declared.items()]
        near = suggestion(text, names)
        if near:
            advice = f"did you mean {shown(near)}?"
        elif 0 < len(names) <= _SUGGESTED:
            advice = f"add it, or write {one_of(names)}"
        else:
            advice = "add it"
        self.file.report((*self.path, "active"), f"{shown(text)} is not declared under `models`; {advice}")

    def _check_alias(self, alias: ModelName | None, models: list[ModelSpec]) -> None:
        if alias is None:
            return
        if alias in self.declared:
            place = f"is a declared model too, on line {self.file.line_of(self.declared[alias])}"
        elif user := next((spec for spec in models if spec.base == alias), None):
            place = f"is what {shown(str(user.name))} is derived from"
        else:
            return
        message = f"the alias {shown(self.data['alias'])} {place}; choose a name that no model has"
        self.file.report((*self.path, "alias"), message)

    def _check_circles(self, models: list[ModelSpec]) -> None:
        for circle in circles(tuple(models)):
            names = [shown(str(name)) for name in (*circle, circle[0])]
            chain = " from ".join([*names[:_SUGGESTED], *(["…"] if len(names) > _SUGGESTED else [])])
            path = self.declared[circle[0]]
            message = f"{chain}: models derived from each other in a circle; let one start from a model that is pulled"
            self.file.report(path, message)

"""Desired state: what the file asks for, after it was read and found valid.

Values only. A `ModelSpec` is one declared model; its `definition` is the canonical text of whatever, beside its name,
decides what must be on the runtime, so that a changed entry is found by comparing two strings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from venom_modeld.core.names import ModelName

GB = 1_000_000_000


class Prune(StrEnum):
    """What may be removed from a runtime when the file no longer names it."""

    NEVER = "never"
    MANAGED = "managed"
    ALL = "all"


class Update(StrEnum):
    """Whether a model follows its tag or branch when that moves."""

    NEVER = "never"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The brakes of a runtime, and how many downloads may overlap on it."""

    removals: int = 3
    removal_share: float = 0.5
    removal_bytes: int = 200 * GB
    downloads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model that must be there."""

    name: ModelName
    update: Update = Update.NEVER
    keep: bool = False
    preload: bool = False
    pin: str | None = None
    """The digest it must have (`sha256:…`), whatever its tag says now."""
    base: ModelName | None = None
    """The model it is derived from, if it is."""
    definition: str = ""
    """Canonical JSON of what else decides what is installed: how it is made of its base, or which revision and files of
    a repository it is; empty for a model that is pulled as it is."""
    serving: str = ""
    """Canonical JSON of how it is to be loaded, where the file says anything about that."""
    adapters: tuple["ModelSpec", ...] = ()
    """Models of their own that are loaded on top of it."""
    needed_by: ModelName | None = None
    """The model that needs it, where the file does not name this one itself."""

    @property
    def fingerprint(self) -> str:
        """Change exactly when what must be on the runtime changes; a failure is forgotten with it."""
        return digest_of([self.name.key, self.pin, self.base and self.base.key, self.definition])


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSpec:
    """One runtime of the file and everything it must have."""

    name: str
    kind: str
    url: str
    prune: Prune
    models: tuple[ModelSpec, ...] = ()
    active: ModelName | None = None
    alias: ModelName | None = None
    suspend: bool = False
    limits: Limits = field(default_factory=Limits)
    options: Mapping[str, object] = field(default_factory=dict)
    """What only this kind of runtime understands, as its own schema gave it."""
    everything: Mapping[ModelName, ModelSpec] = field(init=False, repr=False, compare=False)
    """All that must be there by name, as `with_bases` gives it; made once, because every comparison needs it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "everything", {model.name: model for model in with_bases(self.models)})

    def model(self, name: ModelName) -> ModelSpec | None:
        """Return the entry of that name, or None."""
        return next((spec for spec in self.models if spec.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """A whole valid file. `generation` grows by one with every accepted change."""

    generation: int
    revision: str
    """Its content digest; of a file out of git, the commit that made it so."""
    author: str = ""
    """Who made that commit."""
    runtimes: tuple[RuntimeSpec, ...] = ()
    suspend: bool = False

    def runtime(self, name: str) -> RuntimeSpec | None:
        """Return the runtime of that name, or None."""
        return next((spec for spec in self.runtimes if spec.name == name), None)


@cache
def _encode() -> Callable[[object], str]:
    import json  # noqa: PLC0415 - most files are read without it

    return json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces."""
    return _encode()(value)


def digest_of(value: object) -> str:
    """Return `sha256:…` of the canonical JSON of a value."""
    from hashlib import sha256  # noqa: PLC0415 - most files are read without it

    return "sha256:" + sha256(canonical(value).encode()).hexdigest()


def with_bases(models: tuple[ModelSpec, ...]) -> tuple[ModelSpec, ...]:
    """Return the models with the undeclared bases of derived ones and the undeclared adapters added.

    A derived model cannot be made without its base, so the base is as wanted as the model itself, and stands before
    it; it follows its tag when the derived model says so. An adapter stands after its first user.
    """
    declared = {spec.name for spec in models}
    result: list[ModelSpec] = []
    for spec in models:
        if spec.base is not None and spec.base not in declared:
            declared.add(spec.base)
            result.append(ModelSpec(name=spec.base, update=spec.update, needed_by=spec.name))
        result.append(spec)
        result += [adapter for adapter in spec.adapters if adapter.name not in declared]
        declared |= {adapter.name for adapter in spec.adapters}
    return tuple(result)


def circles(models: tuple[ModelSpec, ...]) -> tuple[tuple[ModelName, ...], ...]:
    """Return every circle of models derived from each other, each starting with its first model of the list.

    Each name is followed by the one that it is derived from; the last is derived from the first.
    """
    base_of = {spec.name: spec.base for spec in models if spec.base is not None}
    order = {name: index for index, name in enumerate(base_of)}
    found: list[tuple[ModelName, ...]] = []
    walked: set[ModelName] = set()
    for start in base_of:
        path: list[ModelName] = []
        name: ModelName = start
        while name in base_of and name not in walked:
            walked.add(name)
            path.append(name)
            name = base_of[name]
        if name in path:
            circle = path[path.index(name) :]
            first = circle.index(min(circle, key=order.__getitem__))
            found.append((*circle[first:], *circle[:first]))
    return tuple(found)

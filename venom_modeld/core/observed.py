"""Observed state: what a runtime said of itself in one observation, as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from venom_modeld.core.names import ModelName


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a runtime can do: the planner's only knowledge of it."""

    derive: bool = False
    """It can make a model out of another one and a definition."""
    preload: bool = False
    """It can keep models loaded beside the active one."""
    alias: bool = False
    """It can serve the active model under a second name."""
    alias_copies: bool = False
    """A second name is a copy among the models, so that somebody else's model may stand under it."""
    unload: bool = False
    """A model that is no longer active can be taken out of memory without starting another."""
    load_seconds: float = 0.0
    """How long an activation may say nothing, where that is longer than is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledModel:
    """A model that is whole on the runtime's disk."""

    name: ModelName
    digest: str
    """What names the installed version (`sha256:…`, a commit), comparable with what the provider publishes."""
    size_bytes: int | None = None
    modified_at: str | None = None
    """RFC 3339, as the runtime says it."""
    capabilities: tuple[str, ...] = ()
    family: str | None = None
    parameter_size: str | None = None
    quantization: str | None = None
    differs: str | None = None
    """How it differs from what the file says, in a sentence, where only the runtime can tell that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model in the runtime's memory, under every name that it answers to."""

    name: ModelName
    digest: str
    serves: frozenset[ModelName]
    """The installed names whose present version this loaded model answers for; empty if it is an older version."""
    pinned: bool
    """It stays loaded until somebody unloads it."""
    memory_bytes: int | None = None
    vram_bytes: int | None = None
    expires_at: str | None = None
    context_length: int | None = None
    running_requests: int | None = None
    waiting_requests: int | None = None
    cache_use: float | None = None
    """The share of the memory for contexts that is taken, from 0 to 1."""
    differs: str | None = None
    """How it is loaded otherwise than the file says, in a sentence, where that is all that is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The file system that holds the models, where the runtime is on this host."""

    path: str
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteModel:
    """What the provider publishes under a name now."""

    digest: str | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedState:
    """Everything known of one runtime at one moment."""

    installed: Mapping[ModelName, InstalledModel] = field(default_factory=dict)
    loaded: tuple[LoadedModel, ...] = ()
    remote: Mapping[ModelName, RemoteModel] = field(default_factory=dict)
    """What is known of the provider's side, for the models for which that was asked."""
    disk: Disk | None = None
    version: str | None = None

    def serving(self, name: ModelName) -> LoadedModel | None:
        """Return the loaded model that answers for the installed version of a name, or None."""
        return next((loaded for loaded in self.loaded if name in loaded.serves), None)

    def difference(self, name: ModelName) -> str | None:
        """Return how a model is loaded otherwise than the file says, or None if it is not, or not loaded at all."""
        return next((loaded.differs for loaded in self.loaded if loaded.name == name and loaded.differs), None)


def kept(before: ObservedState | None, now: ObservedState) -> ObservedState:
    """Return what is seen now, made of the same objects as what was seen before wherever they are equal.

    A runtime of hundreds of models mostly has what it had: what is the same object need not be compared again by
    whoever keeps something that follows from it, and the memory of the process stays as it is.
    """
    if before is None:
        return now
    if now.installed == before.installed:
        installed = before.installed
    else:
        known = before.installed
        installed = {name: known[name] if known.get(name) == model else model for name, model in now.installed.items()}
    return replace(now, installed=installed, loaded=before.loaded if now.loaded == before.loaded else now.loaded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A runtime that does not answer, with why, in place of an observation."""

    reason: str
    message: str

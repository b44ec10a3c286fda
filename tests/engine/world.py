"""A runtime in memory for tests of the engine: its server outlives the daemon, and every fault can be had."""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from venom_modeld.core.desired import ModelSpec, Prune, RuntimeSpec
from venom_modeld.core.errors import ModeldError, RuntimeUnreachable
from venom_modeld.core.inventory import Entry
from venom_modeld.core.names import ModelName, parse_ollama
from venom_modeld.core.observed import (
    Capabilities,
    Disk,
    InstalledModel,
    LoadedModel,
    ObservedState,
    RemoteModel,
)
from venom_modeld.core.progress import Part, Phase, Progress
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Report, Runtime

SIZE = 1_000_000


def name(text: str) -> ModelName:
    """Return a model's name."""
    return parse_ollama(text)


def digest(text: str) -> str:
    """Return a digest that is easy to tell from others."""
    return "sha256:" + text.encode().hex().ljust(64, "0")[:64]


def declared(*models: str | ModelSpec, active: str | None = None, **more: object) -> RuntimeSpec:
    """Return the entry of a runtime that has these models."""
    specs = tuple(one if isinstance(one, ModelSpec) else ModelSpec(name=name(one)) for one in models)
    fields: dict[str, object] = {"prune": Prune.MANAGED, "url": "http://127.0.0.1:1", **more}
    return RuntimeSpec(
        name="one",
        kind="memory",
        models=specs,
        active=name(active) if active else None,
        **fields,  # type: ignore[arg-type]
    )


@dataclass
class Server:
    """What is on the server; stays when the daemon goes."""

    installed: dict[ModelName, str] = field(default_factory=dict)
    pinned: dict[ModelName, bool] = field(default_factory=dict)
    published: dict[ModelName, str] = field(default_factory=dict)
    """The digests of tags in the registry; a name that is not here has the digest of its text."""
    failures: dict[tuple[str, ModelName], list[ModeldError]] = field(default_factory=lambda: defaultdict(list))
    """What the next operations of a kind on a model fail with."""
    gates: dict[tuple[str, ModelName], asyncio.Event] = field(default_factory=dict)
    """What operations of a kind on a model wait for."""
    down: bool = False
    disk: Disk | None = None
    log: list[str] = field(default_factory=list)
    observations: int = 0
    tells_freed: bool = False
    """A removal tells how much it freed."""

    def digest_of(self, model: ModelName) -> str:
        """Return what the registry has under a name."""
        return self.published.get(model, digest(model.text))

    def done(self, *kinds: str) -> list[str]:
        """Return what was done, of these kinds or of all."""
        return [line for line in self.log if not kinds or line.split()[0] in kinds]


class MemoryRuntime(Runtime):
    """The driver of a `Server`."""

    capabilities = Capabilities(derive=True, preload=True, alias=True, alias_copies=True, unload=True)

    def __init__(self, server: Server) -> None:
        self.server = server

    async def observe(self, interest: Collection[ModelName]) -> ObservedState:
        """Return what is there."""
        self._check()
        self.server.observations += 1
        installed = {
            one: InstalledModel(name=one, digest=found, size_bytes=SIZE) for one, found in self.server.installed.items()
        }
        loaded = tuple(
            LoadedModel(name=one, digest=installed[one].digest, serves=frozenset({one}), pinned=pinned)
            for one, pinned in self.server.pinned.items()
            if one in installed
        )
        return ObservedState(installed=installed, loaded=loaded, disk=self.server.disk)

    async def look_up(self, spec: ModelSpec) -> RemoteModel:
        """Return what the registry has."""
        await self._pass("look_up", spec.name)
        return RemoteModel(digest=self.server.digest_of(spec.name), size_bytes=SIZE)

    async def install(self, spec: ModelSpec, *, expect: RemoteModel | None, report: Report) -> None:
        """Install after half of the bytes and the gate."""
        report(Progress(phase=Phase.DOWNLOADING, parts={"a": Part(completed=SIZE // 2, total=SIZE)}))
        await self._pass("install", spec.name)
        self.server.installed[spec.name] = self.server.digest_of(spec.base or spec.name)

    async def update(self, spec: ModelSpec, *, expect: RemoteModel | None, hold: ModelName, report: Report) -> None:
        """Replace by what the registry has; hold the old one meanwhile."""
        self.server.installed[hold] = self.server.installed[spec.name]
        await self._pass("update", spec.name)
        self.server.installed[spec.name] = self.server.digest_of(spec.base or spec.name)
        self.server.installed.pop(hold, None)

    async def remove(self, name: ModelName) -> int | None:
        """Remove."""
        await self._pass("remove", name)
        self.server.pinned.pop(name, None)
        if self.server.installed.pop(name, None) and self.server.disk:
            self.server.disk = replace(self.server.disk, free_bytes=self.server.disk.free_bytes + SIZE)
        return SIZE // 2 if self.server.tells_freed else None

    async def activate(self, spec: ModelSpec, *, alias: ModelName | None, pin: bool, report: Report) -> None:
        """Load and pin."""
        report(Progress(phase=Phase.LOADING))
        await self._pass("activate", spec.name)
        self.server.pinned[spec.name] = pin

    async def point(self, alias: ModelName, name: ModelName) -> None:
        """Copy."""
        self.server.installed[alias] = self.server.installed[name]

    async def deactivate(self, name: ModelName) -> None:
        """Unload."""
        await self._pass("deactivate", name)
        self.server.pinned.pop(name, None)

    async def restore(self, hold: Entry) -> None:
        """Put the held version back."""
        assert hold.holds is not None
        self._check()
        self.server.log.append(f"restore {hold.holds}")
        self.server.installed[hold.holds] = self.server.installed.pop(hold.name)

    def hold_name(self, name: ModelName) -> ModelName:
        """Return a name for the earlier version."""
        return parse_ollama(f"hold/{name.text.replace('/', '-').replace(':', '-')}")

    async def close(self) -> None:
        """Let go of nothing."""

    def _check(self) -> None:
        if self.server.down:
            raise RuntimeUnreachable("one: nobody answers", reason=Reason.UNREACHABLE)

    async def _pass(self, kind: str, model: ModelName) -> None:
        self._check()
        gate = self.server.gates.get((kind, model))
        if gate is not None:
            await gate.wait()
        self._check()
        if self.server.failures[kind, model]:
            raise self.server.failures[kind, model].pop(0)
        if kind != "look_up":
            self.server.log.append(f"{kind} {model}")

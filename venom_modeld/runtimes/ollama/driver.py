"""Ollama as a runtime: the contract of `runtimes.base`, put together from its parts."""

import hashlib
import os
from collections.abc import Collection

from venom_modeld.core.desired import ModelSpec, RuntimeSpec
from venom_modeld.core.errors import TemporaryError
from venom_modeld.core.inventory import Entry
from venom_modeld.core.names import ModelName, parse_ollama, split_ollama
from venom_modeld.core.observed import Capabilities, ObservedState, RemoteModel
from venom_modeld.core.progress import Phase, Progress
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Driver, Environment, Report, Runtime
from venom_modeld.runtimes.ollama.client import Client
from venom_modeld.runtimes.ollama.disk import models_folders
from venom_modeld.runtimes.ollama.installing import Installer
from venom_modeld.runtimes.ollama.kind import KIND
from venom_modeld.runtimes.ollama.loading import Loader
from venom_modeld.runtimes.ollama.observing import Observer
from venom_modeld.runtimes.ollama.registry import Registry
from venom_modeld.runtimes.transport import without_secrets

HOLD_NAMESPACE = "venom-modeld-hold"
"""The user under which earlier versions are kept; no registry has models of it."""


class OllamaRuntime(Runtime):
    """One Ollama under management."""

    capabilities = Capabilities(derive=True, preload=True, alias=True, alias_copies=True, unload=True)

    def __init__(self, spec: RuntimeSpec, environment: Environment) -> None:
        runtime = f"Runtime {spec.name!r} ({without_secrets(spec.url)})"
        insecure = spec.options.get("insecure", ())
        self._title = runtime
        self._client = Client(spec.url, runtime=runtime, environment=environment)
        self._registry = Registry(
            runtime=runtime,
            insecure=tuple(map(str, insecure)) if isinstance(insecure, list | tuple) else (),
            environment=environment,
        )
        self._observer = Observer(self._client, models_folders(spec.url, os.environ))
        self._loader = Loader(self._client, self._observer, patience=environment.read_timeout)
        self._installer = Installer(self._client, self._observer, self._loader, self._registry)

    async def observe(self, interest: Collection[ModelName]) -> ObservedState:
        """Return what Ollama has now."""
        return await self._observer.observe(interest)

    async def look_up(self, spec: ModelSpec) -> RemoteModel:
        """Return what the registry publishes under a name; nothing is known of a model that is made here."""
        if spec.base is not None:
            return RemoteModel(digest=None, size_bytes=None)
        return await self._registry.look_up(spec.name)

    async def install(self, spec: ModelSpec, *, expect: RemoteModel | None, report: Report) -> None:
        """Pull a model, or make it from its base."""
        await self._installer.install(spec, expect=expect, report=report)

    async def update(self, spec: ModelSpec, *, expect: RemoteModel | None, hold: ModelName, report: Report) -> None:
        """Pull or make a model anew over the installed version, which is held meanwhile."""
        await self._installer.update(spec, expect=expect, hold=hold, report=report)

    async def remove(self, name: ModelName) -> None:
        """Unload and delete a model."""
        await self._installer.remove(name)

    async def activate(
        self,
        spec: ModelSpec,
        *,
        alias: ModelName | None,  # noqa: ARG002 - a second name is a copy here, which `point` makes
        pin: bool,
        report: Report,
    ) -> None:
        """Load and prove a model, and see that it stays."""
        installed = (await self._client.tags()).get(spec.name)
        if installed is None:
            raise TemporaryError(
                f"{self._title}: loading {spec.name} failed: it is not installed now. It is tried again once it is.",
                reason=Reason.NOT_FOUND,
            )
        report(Progress(phase=Phase.LOADING))
        await self._loader.load(installed, pin=pin)

    async def point(self, alias: ModelName, name: ModelName) -> None:
        """Copy a model to its second name, where that does not stand for it yet."""
        installed = await self._client.tags()
        current, wanted = installed.get(alias), installed.get(name)
        if current is None or wanted is None or current.digest != wanted.digest:
            await self._installer.copy(name, alias)

    async def deactivate(self, name: ModelName) -> None:
        """Take a model out of memory."""
        await self._loader.unload(name)

    async def restore(self, hold: Entry) -> None:
        """Put a held version back under its own name."""
        if hold.holds is not None:
            await self._installer.put_back(hold.name, hold.holds)

    def hold_name(self, name: ModelName) -> ModelName:
        """Return a name of our own for the earlier version, which tells a person what it was.

        The part of the digest of the whole name keeps apart what differs in host or namespace only.
        """
        parts = split_ollama(name.key)
        short = hashlib.sha256(name.key.encode()).hexdigest()[:8]
        return parse_ollama(f"{HOLD_NAMESPACE}/{parts.model[:71]}-{short}:{parts.tag}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        await self._registry.close()


DRIVER = Driver(kind=KIND, make=OllamaRuntime)

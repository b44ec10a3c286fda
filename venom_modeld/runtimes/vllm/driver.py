"""vLLM as a runtime: the contract of `runtimes.base`, put together from its parts."""

import os
from collections.abc import Callable, Collection, Sequence

from venom_modeld.core.desired import ModelSpec, RuntimeSpec
from venom_modeld.core.inventory import Entry
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import Capabilities, ObservedState, RemoteModel
from venom_modeld.runtimes.base import Driver, Environment, Report, Runtime
from venom_modeld.runtimes.transport import without_secrets
from venom_modeld.runtimes.vllm import shelf as shelves
from venom_modeld.runtimes.vllm.choices import Choices
from venom_modeld.runtimes.vllm.client import Served
from venom_modeld.runtimes.vllm.clients import Clients
from venom_modeld.runtimes.vllm.installing import Installer
from venom_modeld.runtimes.vllm.kind import KIND, Control
from venom_modeld.runtimes.vllm.launching import Key
from venom_modeld.runtimes.vllm.observing import Observer, Parts
from venom_modeld.runtimes.vllm.options import read_options
from venom_modeld.runtimes.vllm.server.control import Server
from venom_modeld.runtimes.vllm.server.external import ExternalServer
from venom_modeld.runtimes.vllm.server.process import ProcessServer, Surroundings
from venom_modeld.runtimes.vllm.server.runs import served_beside
from venom_modeld.runtimes.vllm.server.systemd import SystemdServer
from venom_modeld.runtimes.vllm.serving import Serving
from venom_modeld.runtimes.vllm.shelf import Shelf
from venom_modeld.runtimes.vllm.switching import Switch
from venom_modeld.runtimes.vllm.weights.cache import Weights
from venom_modeld.runtimes.vllm.weights.hub import hub_of
from venom_modeld.runtimes.vllm.wishes import files_of, revision_of


class VllmRuntime(Runtime):
    """One vLLM under management."""

    def __init__(self, spec: RuntimeSpec, environment: Environment) -> None:
        title = f"Runtime {spec.name!r} ({without_secrets(spec.url)})"
        options = read_options(spec)
        folder = environment.state_dir / "vllm" / spec.name
        self.capabilities = Capabilities(
            alias=True,
            unload=options.control is not Control.EXTERNAL,
            load_seconds=2 * (options.start_timeout + options.shutdown_timeout) + 120.0,
        )
        self._changed: Callable[[], None] = lambda: None
        hub = hub_of(
            os.environ,
            cache=None if options.cache is None else str(options.cache),
            endpoint=options.endpoint,
            token_file=None if options.token_file is None else str(options.token_file),
        )
        key = Key(options.api_key_file, title)
        self._weights = Weights(hub, runtime=title, environment=environment)
        self._choices = Choices(folder / "chosen.json")
        self._shelf = Shelf(self._weights, self._choices)
        self._clients = Clients(title=title, environment=environment, key=key)
        around = Surroundings(
            title=title,
            folder=folder,
            options=options,
            secrets=key.variables,
            changed=self._tell_change,
            may_act=environment.may_act,
        )
        self._server = _server(around, self._clients, spec.url)
        parts = Parts(
            weights=self._weights,
            shelf=self._shelf,
            server=self._server,
            clients=self._clients,
            key=key,
            options=options,
            url=spec.url,
        )
        self._observer = Observer(parts, spec)
        switch = Switch(
            self._server,
            self._clients,
            title=title,
            proven=folder / "proven.json",
            start_timeout=options.start_timeout,
        )
        self._serving = Serving(self._shelf, self._server, switch, options=options, key=key, title=title)
        self._installer = Installer(
            self._weights,
            self._shelf,
            self._choices,
            self._serving,
            title=title,
            beside=lambda: served_beside(folder),
        )
        self._installer.follow(spec)

    def follow(self, spec: RuntimeSpec) -> None:
        """Take what the file says of this runtime now."""
        self._observer.follow(spec)
        self._installer.follow(spec)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` when a server ended by itself."""
        self._changed = changed

    async def observe(self, interest: Collection[ModelName]) -> ObservedState:  # noqa: ARG002 - one model is served
        """Return what is in the cache and what is served."""
        return await self._observer.observe()

    async def look_up(self, spec: ModelSpec) -> RemoteModel:
        """Return the commit that the revision of a repository names now, and the bytes of its files."""
        return await self._weights.look_up(spec.name.text, revision_of(spec), files_of(spec))

    async def install(self, spec: ModelSpec, *, expect: RemoteModel | None, report: Report) -> None:
        """Make a model complete in the cache."""
        await self._installer.install(spec, expect=expect, report=report)

    async def update(
        self,
        spec: ModelSpec,
        *,
        expect: RemoteModel | None,
        hold: ModelName,  # noqa: ARG002 - a commit is held beside the other, and needs no name
        report: Report,
    ) -> None:
        """Install another commit beside the one in use, prove it where that one is served, and let that one go."""
        await self._installer.update(spec, expect=expect, report=report)

    async def remove(self, name: ModelName) -> int:
        """Stop what serves a model, take it off the disk, and return the bytes that this freed."""
        return await self._installer.remove(name)

    async def activate(
        self,
        spec: ModelSpec,
        *,
        alias: ModelName | None,
        pin: bool,  # noqa: ARG002 - what is served stays
        report: Report,
    ) -> None:
        """Serve a model, and prove it."""
        await self._serving.serve(spec, alias=alias, report=report)

    async def deactivate(self, name: ModelName) -> None:
        """Stop the server if it serves this model."""
        await self._serving.stop(name)

    async def restore(self, hold: Entry) -> None:
        """Use the commit before the present one again."""
        if hold.holds is not None:
            await self._installer.put_back(hold.holds)

    def hold_name(self, name: ModelName) -> ModelName:
        """Return the name under which the earlier commit of a repository is shown."""
        return shelves.hold_name(name)

    async def close(self) -> None:
        """Let go of connections; a server goes on, and is found again by its record."""
        await self._server.close()
        await self._clients.close()
        await self._weights.close()

    def _tell_change(self) -> None:
        self._changed()


def _server(around: Surroundings, clients: Clients, url: str) -> Server:
    """Return the server as the file says that it is controlled."""

    async def served() -> Sequence[Served]:
        return await (await clients.at(url)).models()

    if around.options.control is Control.EXTERNAL:
        return ExternalServer(title=around.title, url=url, options=around.options, served=served)
    if around.options.control is Control.SYSTEMD:
        return SystemdServer(around, url)
    return ProcessServer(around)


DRIVER = Driver(kind=KIND, make=VllmRuntime)

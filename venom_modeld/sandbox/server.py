"""A whole sandbox in one process and one event loop: a stand-in Ollama, its registry and the control port.

Where they are asked for, stand-ins for the two catalogues of the internet are there too.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from venom_modeld.sandbox.artifacts import ModelSpec, read_manifest
from venom_modeld.sandbox.catalogue import CATALOGUE
from venom_modeld.sandbox.control import Control
from venom_modeld.sandbox.dials import Dial, turn
from venom_modeld.sandbox.faults import Faults
from venom_modeld.sandbox.guard import Recorder
from venom_modeld.sandbox.hub.server import Hub, HubSettings
from venom_modeld.sandbox.journal import Journal
from venom_modeld.sandbox.listener import Listener
from venom_modeld.sandbox.names import parse_name
from venom_modeld.sandbox.ollama import Ollama
from venom_modeld.sandbox.registry import Registry
from venom_modeld.sandbox.routes import ollama_app
from venom_modeld.sandbox.settings import SandboxSettings
from venom_modeld.sandbox.shelf import Shelf, UnknownTagError, place_of
from venom_modeld.sandbox.site.server import Site, SiteSettings
from venom_modeld.sandbox.state import StateFile
from venom_modeld.sandbox.store import Store
from venom_modeld.sandbox.upstream import Upstream

_SAVE_INTERVAL = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the servers of a sandbox listen; None for one that was not asked for."""

    ollama: str
    registry: str
    control: str
    site: str | None = None
    hub: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return the addresses by name."""
        return {name: url for name, url in asdict(self).items() if url is not None}


class Sandbox:
    """Servers that live as long as the `async with` block.

    `faults` is the dial, `requests` what was asked, `store` the disk of the stand-in, `shelf` what the registry holds;
    `site` and `hub` are the catalogues, where the settings ask for them.
    """

    def __init__(self, settings: SandboxSettings | None = None) -> None:
        self.settings = settings or SandboxSettings()
        self.faults = Faults()
        self.requests = Journal()
        self.store = Store()
        self.shelf = Shelf.holding(CATALOGUE)
        self._ollama: Ollama | None = None
        self._upstream: Upstream | None = None
        self._state: StateFile | None = None
        self._one_change = asyncio.Lock()
        self._background: set[asyncio.Task[None]] = set()
        self.site = _site(self.settings, self.shelf)
        self.hub = _hub(self.settings)
        self._listeners = {
            "ollama": Listener(self.settings.host, self.settings.ollama_port),
            "registry": Listener(self.settings.host, self.settings.registry_port),
            "control": Listener(self.settings.host, self.settings.control_port),
        }

    async def __aenter__(self) -> Self:
        """Start all servers; raises `OSError` when a port is taken."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self.close)
            await self._open()
            stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop everything."""
        await self.close()

    @property
    def ollama_url(self) -> str:
        """Address of the stand-in Ollama; the same after a crash or a stop."""
        return self._listeners["ollama"].url

    @property
    def registry_url(self) -> str:
        """Address of the registry that stands for the public ones."""
        return self._listeners["registry"].url

    @property
    def control_url(self) -> str:
        """Address of the control port."""
        return self._listeners["control"].url

    @property
    def addresses(self) -> Addresses:
        """All addresses."""
        return Addresses(
            ollama=self.ollama_url,
            registry=self.registry_url,
            control=self.control_url,
            site=self.site.url if self.site else None,
            hub=self.hub.url if self.hub else None,
        )

    @property
    def dials(self) -> dict[str, Dial]:
        """The dials by the name of their server; that of Ollama and its registry is called `ollama`."""
        more = {name: one.faults for name, one in (("site", self.site), ("hub", self.hub)) if one is not None}
        return {"ollama": self.faults, **more}

    async def start_ollama(self) -> None:
        """Start the stand-in on the port it had; nothing happens when it runs."""
        async with self._one_change:
            if self._ollama is None and self._upstream is not None:
                self.store.prune(now=time.time())
                ollama = Ollama(self.settings, self.store, self.faults, self._upstream, self._panic)
                listener = self._listeners["ollama"]
                app = ollama_app(ollama, host=self.settings.host, sever=listener.sever)
                await listener.start(self._recorded("ollama", app))
                self._ollama = ollama

    async def stop_ollama(self) -> None:
        """Stop the stand-in in order: its port closes, models leave the memory, partial blobs stay on disk."""
        await self._end_ollama(keep=True)

    async def crash(self, *, restart_after: float | None = None) -> None:
        """Kill the stand-in: like a stop, but what arrived of partial blobs is lost.

        `restart_after` brings it back after so many seconds.
        """
        await self._end_ollama(keep=False)
        if restart_after is not None:
            self._spawn(self._restart(restart_after))

    def publish(self, name: str, *, size: int = 1_000_000_000, **details: Any) -> str:
        """Offer a model at the registry, in place of what was there.

        `details` are fields of `ModelSpec`. Returns the digest. Raises `InvalidNameError`.
        """
        return self.shelf.publish(ModelSpec(name=name, size=size, **details))

    def move_tag(self, name: str, *, same_weights: bool = False) -> str:
        """Move a tag of the registry to a new version; returns the new digest. Raises `UnknownTagError`."""
        return self.shelf.move(name, same_weights=same_weights)

    def remove_tag(self, name: str) -> None:
        """Take a model away from the registry. Raises `UnknownTagError`."""
        self.shelf.remove(name)

    def install(self, *names: str) -> None:
        """Put models of the registry on the disk of the stand-in, as if they had been pulled.

        Raises `InvalidNameError` and `UnknownTagError`.
        """
        for text in names:
            name = parse_name(text)
            raw = self.shelf.manifests.get(place_of(name))
            if raw is None:
                raise UnknownTagError(text)
            manifest = read_manifest(raw)
            for layer in manifest.blobs:
                self.store.add_blob(self.shelf.blobs[layer.digest])
            self.store.write(name, manifest)

    def installed(self) -> dict[str, str]:
        """Return the digests of the installed models by name, readable or not."""
        return {model.name.short: model.manifest.digest for model in self.store.models.values()}

    def loaded(self) -> list[str]:
        """Return the names of the models in memory, in the order of `/api/ps`."""
        if self._ollama is None:
            return []
        return [runner.name for runner in self._ollama.runners.listed(datetime.now(UTC))]

    def pulling(self) -> list[str]:
        """Return the digests of the blobs on their way."""
        return [] if self._ollama is None else self._ollama.pulling

    def kill_runner(self, name: str) -> bool:
        """Kill the process that serves a model; it stays listed. False when it is not loaded under that name."""
        runners = list(self._ollama.runners.named(parse_name(name).short)) if self._ollama else []
        for runner in runners:
            runner.dead = True
        return bool(runners)

    def offered(self) -> dict[str, str]:
        """Return the digests of what the registry offers, by repository and tag."""
        return {place: read_manifest(raw).digest for place, raw in sorted(self.shelf.manifests.items())}

    def describe(self) -> dict[str, Any]:
        """Return what is on disk and in memory, for people and for tests."""
        return {
            "up": self._ollama is not None,
            "installed": self.installed(),
            "loaded": self.loaded(),
            "loading": self._ollama.loading if self._ollama else None,
            "pulling": self.pulling(),
            "disk_used": self.store.used,
            "partial_blobs": {digest: transfer.completed for digest, transfer in self.store.transfers.items()},
        }

    async def close(self) -> None:
        """Stop everything; may be called twice."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.stop_ollama()
        for catalogue in self._catalogues:
            await catalogue.stop()
        for listener in self._listeners.values():
            await listener.stop()
        if self._upstream is not None:
            await self._upstream.close()
            self._upstream = None
        self._save()

    async def _open(self) -> None:
        if self.settings.state_dir is not None:
            state = StateFile(self.settings.state_dir)
            state.load(self.store, self.shelf)
            self._state = state
            self._save()
            self._spawn(self._save_often())
        registry = Registry(self.shelf, self.faults).app()
        await self._listeners["registry"].start(self._recorded("registry", registry))
        timeout = self.settings.connect_timeout
        self._upstream = Upstream(self.registry_url, self.faults, connect_timeout=timeout)
        for catalogue in self._catalogues:
            catalogue.requests = self.requests
            await catalogue.start()
        await self.start_ollama()
        await self._listeners["control"].start(Control(self).app())

    @property
    def _catalogues(self) -> list[Site | Hub]:
        return [one for one in (self.site, self.hub) if one is not None]

    def _recorded(self, server: str, app: Any) -> Recorder:
        latency = "latency" if server == "ollama" else "registry_latency"
        return Recorder(app, server=server, journal=self.requests, faults=self.faults, latency=latency)

    async def _end_ollama(self, *, keep: bool) -> None:
        async with self._one_change:
            ollama, self._ollama = self._ollama, None
            if ollama is not None:
                await ollama.stop(keep=keep)
                await self._listeners["ollama"].stop()

    def _panic(self) -> None:
        self._spawn(self.crash(restart_after=self.faults.restart_after))

    async def _restart(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.start_ollama()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _save(self) -> None:
        if self._state is not None:
            self._state.save(self.store, self.shelf)

    async def _save_often(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_INTERVAL)
            self._save()


def _site(settings: SandboxSettings, shelf: Shelf) -> Site | None:
    if settings.site_port is None:
        return None
    return Site(SiteSettings(host=settings.host, port=settings.site_port), shelf=shelf)


def _hub(settings: SandboxSettings) -> Hub | None:
    return None if settings.hub_port is None else Hub(HubSettings(host=settings.host, port=settings.hub_port))


def serve(
    settings: SandboxSettings,
    on_ready: Callable[[Addresses], None] | None = None,
    *,
    faults: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Run a sandbox until SIGINT or SIGTERM.

    `on_ready` is told the addresses once all servers answer. `faults` are positions of dials that are set from the
    start, by the name of their server. Raises `OSError` when a port is taken, KeyError for a server or a position that
    is not there, ValueError for a value that a position does not take.
    """
    asyncio.run(_serve(settings, on_ready or _tell_nobody, faults or {}))


def _tell_nobody(_addresses: Addresses) -> None:
    """Do nothing."""


async def _serve(
    settings: SandboxSettings, on_ready: Callable[[Addresses], None], faults: Mapping[str, Mapping[str, Any]]
) -> None:
    asked_to_end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    sandbox = Sandbox(settings)
    for server, positions in faults.items():
        turn(sandbox.dials[server], positions)
    async with sandbox:
        on_ready(sandbox.addresses)
        await asked_to_end.wait()

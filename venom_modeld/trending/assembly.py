"""Puts the catalogues together, from what the settings say, and runs them for as long as a context lasts."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from venom_modeld.core.catalogue import Listing
from venom_modeld.core.names import Provider
from venom_modeld.trending.cache import Cache, Shelf
from venom_modeld.trending.catalogue import Catalogue
from venom_modeld.trending.choices import Choices
from venom_modeld.trending.compatibility import Checker
from venom_modeld.trending.hub_process import HubProcess
from venom_modeld.trending.huggingface import HuggingFace
from venom_modeld.trending.limits import Budget, Host
from venom_modeld.trending.manifests import Manifests
from venom_modeld.trending.ollama_site import OllamaSite
from venom_modeld.trending.pace import MOST_ENTRIES, Pace
from venom_modeld.trending.recommendations import Recommendations
from venom_modeld.trending.schedule import Schedule
from venom_modeld.trending.sizes import Sizes
from venom_modeld.trending.sources import Source
from venom_modeld.trending.wire import Wire

AGENT = "venom-modeld"

SITE = Budget(burst=8, seconds=20.0)
"""A page costs them a template of all their models; three a minute is what a person who browses asks."""

HUB = Budget(burst=20, seconds=5.0)
"""A fifth of what the Hub grants an address without a token."""

REGISTRY = Budget(burst=10, seconds=10.0)

LOCAL = Budget(burst=10, seconds=1.0)

ONE_FILE = Budget(burst=200, seconds=1.0)
"""For checks of one file, whose every model would be asked for once by an installation too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogues:
    """What is offered to the rest of the program."""

    catalogue: Catalogue
    checker: Checker


class LocalOllama:
    """The way to an Ollama that models.yaml declares; `url` gives its address now, or None."""

    def __init__(self, url: Callable[[], str | None], make: Callable[[str], Wire]) -> None:
        self._url = url
        self._make = make
        self.wires: dict[str, Wire] = {}

    def __call__(self) -> Wire | None:
        """Return the way to it, or None where there is none."""
        url = self._url()
        if url is None:
            return None
        if url not in self.wires:
            self.wires[url] = self._make(url)
        return self.wires[url]


@asynccontextmanager
async def catalogues(
    choices: Choices, shelf: Shelf, *, local_ollama: Callable[[], str | None], environ: Mapping[str, str]
) -> AsyncIterator[Catalogues]:
    """Give the catalogues, which are kept fresh until the end of the block.

    `shelf` is the open state store; `local_ollama` gives the address of an Ollama of models.yaml, or None; `environ`
    is the environment, in which the Hub's own settings stand. Nothing is asked before the first await of the block.
    """
    parts = _Parts(choices, local_ollama, environ)
    cache = Cache(shelf, pace=parts.pace, wall=time.time)
    offline = parts.huggingface.off is not None
    sizes = Sizes(
        shelf,
        manifests=None if choices.ollama == "off" else parts.manifests,
        hub=None if offline else parts.hub,
        pace=parts.pace,
        wall=time.time,
        clock=parts.clock,
    )
    catalogue = Catalogue(
        parts.sources, cache=cache, sizes=sizes, hosts=parts.hosts, off={Provider.OLLAMA: _OFF}, wall=time.time
    )

    def known(provider: Provider) -> Iterator[str]:
        for listing in (Listing.AVAILABLE, Listing.TRENDING):
            yield from (entry.model_name for entry in catalogue.answer(listing, provider, MOST_ENTRIES).entries)

    await catalogue.load()
    for source in parts.sources:
        if source.name in parts.hosts_of:
            parts.hosts_of[source.name].hold(cache.left_alone(source))
    checker = Checker(manifests=parts.manifests, hub=None if offline else parts.hub, known=known)
    try:
        async with Schedule(catalogue.refresh_due):
            yield Catalogues(catalogue=catalogue, checker=checker)
    finally:
        await catalogue.close()
        await parts.close()


@asynccontextmanager
async def checking(*, registry_url: str, version: str, environ: Mapping[str, str]) -> AsyncIterator[Checker]:
    """Give a checker of names alone, for a command that looks at one file and ends.

    It asks one question at a time, and no more than there are names.
    """
    clock = asyncio.get_running_loop().time
    hub = HubProcess(Host(_hub_name(environ), ONE_FILE, clock=clock), version=version, environ=environ)
    host = Host(urlsplit(registry_url).netloc, ONE_FILE, clock=clock)
    wire = Wire(registry_url, host, user_agent=_agent(version))
    offline = HuggingFace(hub, environ=environ).off is not None
    try:
        yield Checker(manifests=Manifests(wire), hub=None if offline else hub)
    finally:
        await wire.close()


def _agent(version: str) -> str:
    return f"{AGENT}/{version} (keeps lists of models for one host; asks seldom)"


def _hub_name(environ: Mapping[str, str]) -> str:
    """Return the host of the Hub; an address that makes no sense stands for itself, and fails where it is asked."""
    address = environ.get("HF_ENDPOINT") or "https://huggingface.co"
    try:
        return urlsplit(address).netloc
    except ValueError:
        return address


_OFF = (
    "`trending.ollama.source` is `off`, so Ollama's catalogue is not read. Set it to `website` or `recommendations` in"
    " modeld.yaml to see it."
)


class _Parts:
    """The sources and the ways to them."""

    def __init__(self, choices: Choices, local_ollama: Callable[[], str | None], environ: Mapping[str, str]) -> None:
        self.clock = asyncio.get_running_loop().time
        self._agent = _agent(choices.version)
        self.pace = Pace(ttl=choices.refresh, draw=random.random)
        hub_host = Host(_hub_name(environ), HUB, clock=self.clock)
        self._fixed = [hub_host]
        self.hosts_of = {HuggingFace.name: hub_host}
        self._wires: list[Wire] = []
        self.hub = HubProcess(hub_host, version=choices.version, environ=environ)
        self.huggingface = HuggingFace(self.hub, environ=environ)
        self.manifests = Manifests(self._wire(choices.registry_url, REGISTRY))
        self._local = LocalOllama(local_ollama, self._local_wire)
        self.sources: list[Source] = [*self._of_ollama(choices), self.huggingface]

    def hosts(self) -> list[Host]:
        """Return every host that may be asked."""
        return [*self._fixed, *(wire.host for wire in (*self._wires, *self._local.wires.values()))]

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(wire.close() for wire in (*self._wires, *self._local.wires.values())))

    def _of_ollama(self, choices: Choices) -> list[Source]:
        if choices.ollama == "off":
            return []
        recommendations = Recommendations(self._local)
        if choices.ollama == "recommendations":
            return [recommendations]
        wire = self._wire(choices.site_url, SITE)
        self.hosts_of[OllamaSite.name] = wire.host
        return [OllamaSite(wire, agent=AGENT, clock=self.clock), recommendations]

    def _wire(self, url: str, budget: Budget) -> Wire:
        wire = Wire(url, Host(urlsplit(url).netloc, budget, clock=self.clock), user_agent=self._agent)
        self._wires.append(wire)
        return wire

    def _local_wire(self, url: str) -> Wire:
        host = Host(urlsplit(url).netloc, LOCAL, clock=self.clock)
        return Wire(url, host, user_agent=self._agent)

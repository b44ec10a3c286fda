"""Fixtures for catalogues: servers that answer what a test says, a clock that stands still, a shelf in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx2
import pytest

from tests.runtimes.conftest import Reply, ScriptedServer
from venom_modeld.core.catalogue import Entry, KeptAnswer, KeptSize, Question
from venom_modeld.core.errors import TemporaryError
from venom_modeld.core.names import Provider
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.errors import SourceFailed
from venom_modeld.trending.limits import Budget, Host
from venom_modeld.trending.sources import Fetched
from venom_modeld.trending.wire import Wire

GENEROUS = Budget(burst=1000, seconds=0.001)


@dataclass
class Clock:
    """Seconds that a test sets."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass
class MemoryShelf:
    """A state store in memory, which may be told to fail."""

    answers: dict[tuple[str, Question], KeptAnswer] = field(default_factory=dict)
    sizes: dict[str, KeptSize] = field(default_factory=dict)
    broken: bool = False

    def _check(self) -> None:
        if self.broken:
            raise TemporaryError("The disk is full.", reason=Reason.DISK_FULL)

    async def load_catalogue(self) -> tuple[KeptAnswer, ...]:
        """Return every answer."""
        self._check()
        return tuple(self.answers.values())

    async def save_catalogue(self, kept: KeptAnswer) -> None:
        """Keep an answer."""
        self._check()
        self.answers[kept.source, kept.question] = kept

    async def load_sizes(self) -> tuple[KeptSize, ...]:
        """Return every size."""
        self._check()
        return tuple(self.sizes.values())

    async def save_sizes(self, sizes: Sequence[KeptSize]) -> None:
        """Keep sizes."""
        self._check()
        self.sizes |= {size.name: size for size in sizes}


def entry(name: str, *, provider: Provider = Provider.OLLAMA, runtime: str = "ollama", **more: object) -> Entry:
    """Return an entry of which little more than the name matters."""
    return Entry(provider=provider, model_name=name, display_name=name, runtime=runtime, **more)  # type: ignore[arg-type]


Says = Callable[[Question], Fetched | None]


@dataclass
class Oracle:
    """A source that says what a test says; it may raise, and it may wait for an event first."""

    says: Says
    name: str = "website"
    provider: Provider = Provider.OLLAMA
    origin: str = ""
    off: str | None = None
    asked: list[tuple[Question, str | None]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, question: Question, *, validator: str | None = None) -> Fetched | None:
        """Answer."""
        self.asked.append((question, validator))
        self.reached.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.says(question)


def gives(*names: str, validator: str | None = None) -> Says:
    """Return an oracle's word: these models."""
    return lambda _: Fetched(entries=tuple(map(entry, names)), validator=validator)


def fails(words: str = "ollama.com cannot be reached.", *, retry_after: float | None = None) -> Says:
    """Return an oracle's word: a failure."""

    def say(_: Question) -> Fetched | None:
        raise SourceFailed(words, reason=Reason.UNREACHABLE, retry_after=retry_after)

    return say


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


@pytest.fixture
def shelf() -> MemoryShelf:
    """Give an empty shelf."""
    return MemoryShelf()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """Start a server that answers by a script."""
    scripted = ScriptedServer()
    listening = await asyncio.start_server(scripted.serve, "127.0.0.1", 0, limit=2**20)
    scripted.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield scripted
    listening.close()
    await scripted.close()


MakeWire = Callable[..., Wire]


@pytest.fixture
async def make_wire(clock: Clock) -> AsyncIterator[MakeWire]:
    """Make wires that are closed at the end."""
    async with AsyncExitStack() as stack:

        def make(
            url: str,
            *,
            budget: Budget = GENEROUS,
            transport: httpx2.AsyncBaseTransport | None = None,
        ) -> Wire:
            host = Host("ollama.test", budget, clock=clock)
            wire = Wire(url, host, user_agent="venom-modeld/test", transport=transport, wall=clock)
            stack.push_async_callback(wire.close)
            return wire

        yield make


def html(body: str, **headers: str) -> Reply:
    """Return a page as a server sends it."""
    return Reply(body=body.encode(), headers={"Content-Type": "text/html; charset=utf-8", **headers})

"""The real application on a real server, over real HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import uvicorn

from tests.api.builder import scene
from tests.api.fakes import FakeCatalogue, FakeCommands, FakeHistory
from tests.conftest import DEADLINE, PLAIN
from venom_modeld.api.app import Api, create_app
from venom_modeld.api.guard import Guard
from venom_modeld.api.ports import Ports
from venom_modeld.api.screen import Screen
from venom_modeld.engine.file_editor import FileEditor
from venom_modeld.runtimes.registry import kinds
from venom_modeld.state.snapshot import SnapshotHub

NOWHERE = Path("/nowhere/at/all")


class Server(uvicorn.Server):
    """A server that stops when it is told to, instead of looking ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stop = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait until it is told to stop."""
        await self.stop.wait()


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """Serve an application on a free port of the loopback address, which is given."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5)
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        if isinstance(app, Api):
            app.end_streams()
        server.stop.set()
        await task


@dataclass
class House:
    """Everything that an application is made of."""

    guard: Guard = field(default_factory=Guard)
    hub: SnapshotHub = field(default_factory=SnapshotHub)
    commands: FakeCommands = field(default_factory=FakeCommands)
    history: FakeHistory = field(default_factory=FakeHistory)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    file: Path = NOWHERE
    """The file that is edited."""
    built: Path = NOWHERE
    """The folder of the built screen."""
    edits: int = 0
    """How many edits were written."""
    follows: bool = False
    """Whether the file comes out of a repository."""
    fetches: int = 0
    """How often that was to be fetched."""

    def app(self) -> Api:
        """Return the application."""
        editor = FileEditor(self.file, kinds(), wrote=self._wrote)
        ports = Ports(
            commands=self.commands,
            history=self.history,
            editor=editor,
            catalogue=self.catalogue,
            fetch=self._fetch if self.follows else None,
        )
        return create_app(self.hub, ports, self.guard, Screen(self.built))

    def _wrote(self) -> None:
        self.edits += 1

    def _fetch(self) -> None:
        self.fetches += 1

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx2.AsyncClient]:
        """Serve the application, and give a client of it."""
        async with serving(self.app()) as port, client_of(port) as client:
            yield client


@asynccontextmanager
async def client_of(port: int) -> AsyncIterator[httpx2.AsyncClient]:
    """Connect to a server on this host."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE, verify=PLAIN) as client:
        yield client


def furnished(guard: Guard | None = None) -> House:
    """Return the parts of an application with the scene of the reference."""
    shown = scene()
    house = House(guard=guard or Guard(), history=FakeHistory(shown.past))
    house.hub.publish(shown.snapshot)
    return house


@pytest.fixture
def house() -> House:
    """Furnish an application that a test opens itself."""
    return furnished()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """Serve an application to all tests of a module that only read, and give a client of it."""
    async with furnished().open() as client:
        yield client

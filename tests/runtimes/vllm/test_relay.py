"""The relay passes connections on, byte by byte, to the port that its file names when they come."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from venom_modeld.runtimes.vllm.server import relay

DEADLINE = 20.0


@dataclass
class Relayed:
    """A running relay, and the file that tells it where to."""

    port: int
    target: Path
    task: asyncio.Task[None]

    async def ask(self, text: bytes) -> bytes:
        """Send something, end that, and return all that comes back."""
        async with asyncio.timeout(DEADLINE):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(text)
            writer.write_eof()
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer


@pytest.fixture
async def relayed(tmp_path: Path) -> AsyncIterator[Relayed]:
    """Run a relay in this process."""
    listening = socket.create_server(("127.0.0.1", 0))
    port, target = listening.getsockname()[1], tmp_path / "port"
    task = asyncio.create_task(relay.main([str(listening.detach()), str(target)]))
    made = Relayed(port, target, task)
    assert await made.ask(b"") == b""  # it runs, and hears signals, once it has hung up on somebody
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def upstream(name: bytes) -> asyncio.Server:
    """Start a server that answers its name and what it was told."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(name + await reader.read())
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


async def test_a_connection_goes_where_the_file_says_when_it_comes(relayed: Relayed) -> None:
    """The next one after a change goes elsewhere, large ones too; one that leads nowhere is closed."""
    first, second = await upstream(b"first "), await upstream(b"second ")
    async with first, second:
        for server, name in ((first, b"first "), (second, b"second ")):
            relayed.target.write_text(str(server.sockets[0].getsockname()[1]), encoding="ascii")
            assert await relayed.ask(b"hello") == name + b"hello"
            assert await relayed.ask(b"x" * 1_000_000) == name + b"x" * 1_000_000
    for nowhere in ("1", "no port"):
        relayed.target.write_text(nowhere, encoding="ascii")
        assert await relayed.ask(b"") == b""


async def test_it_ends_when_it_is_told_to(relayed: Relayed) -> None:
    """Nobody else stops it."""
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(DEADLINE):
        await relayed.task

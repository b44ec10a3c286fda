"""Fixtures for drivers: a server that answers exactly what a test says, and a driver on the stand-in Ollama."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from venom_modeld.core.desired import Prune, RuntimeSpec
from venom_modeld.core.progress import Progress
from venom_modeld.runtimes.base import Environment, Runtime
from venom_modeld.runtimes.ollama.driver import DRIVER
from venom_modeld.sandbox import Sandbox


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer as it goes over the wire; `body` is sent chunk by chunk where it is a list.

    `end` is how it ends: in order, with a closed connection in the middle, or never; `nothing` hangs up without a word,
    and `silence` says none. `pause` is the seconds between chunks.
    """

    status: int = 200
    body: bytes | Mapping[str, Any] | list[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    end: Literal["whole", "cut", "never", "nothing", "silence"] = "whole"
    pause: float = 0.0


@dataclass(kw_only=True)
class Asked:
    """One request that arrived."""

    what: str
    headers: Mapping[str, str]
    body: Any


class ScriptedServer:
    """A real HTTP server that answers by a script and remembers what it was asked.

    The last answer of a path is repeated; a path without one is 404. `left` is set when a client goes away while an
    answer has no end.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.left = asyncio.Event()
        self.reached = asyncio.Event()
        self._script: dict[str, list[Reply]] = {}
        self._serving: set[asyncio.Task[None]] = set()

    def on(self, what: str, *replies: Reply | Mapping[str, Any]) -> "ScriptedServer":
        """Answer a request such as `GET /api/tags` with these, one after another."""
        self._script[what] = [reply if isinstance(reply, Reply) else Reply(body=reply) for reply in replies]
        return self

    def count(self, what: str) -> int:
        """How often a request arrived."""
        return sum(asked.what == what for asked in self.asked)

    def bodies(self, what: str) -> list[Any]:
        """Return the bodies of a request."""
        return [asked.body for asked in self.asked if asked.what == what]

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, which carries one request."""
        self._serving.add(asyncio.ensure_future(self._serve(reader, writer)))

    async def close(self) -> None:
        """Drop all connections."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                await self._answer(reader, writer)
            finally:
                writer.close()
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await _read_request(reader)
        if asked is None:
            writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            return
        self.asked.append(asked)
        script = self._script.get(asked.what, [Reply(status=404, body=b"404 page not found")])
        reply = script.pop(0) if len(script) > 1 else script[0]
        if reply.end not in ("nothing", "silence"):
            await _write(reply, writer)
        if reply.end in ("never", "silence"):
            self.reached.set()
            await reader.read()
            self.left.set()


async def _read_request(reader: asyncio.StreamReader) -> Asked | None:
    start = await reader.readexactly(1)
    if start == b"\x16":
        return None  # the first byte of TLS, which this server does not speak
    head = (start + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, path, _ = first.split(" ")
    return Asked(what=f"{method} {path}", headers=headers, body=json.loads(body) if body else None)


async def _write(reply: Reply, writer: asyncio.StreamWriter) -> None:
    body = reply.body if isinstance(reply.body, bytes | list) else json.dumps(reply.body).encode()
    chunks = body if isinstance(body, list) else [body]
    headers = {"Connection": "close", **reply.headers}
    if isinstance(body, list) or reply.end == "never":
        headers["Transfer-Encoding"] = "chunked"
    else:
        headers.setdefault("Content-Length", str(len(body) + (10 if reply.end == "cut" else 0)))
    lines = [f"HTTP/1.1 {reply.status} Words", *(f"{key}: {value}" for key, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    for chunk in chunks:
        writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if "Transfer-Encoding" in headers and chunk else chunk)
        await writer.drain()
        await asyncio.sleep(reply.pause)
    if "Transfer-Encoding" in headers and reply.end == "whole":
        writer.write(b"0\r\n\r\n")
    await writer.drain()


ServerFactory = Callable[[], Awaitable[ScriptedServer]]


@pytest.fixture
async def make_server() -> AsyncIterator[ServerFactory]:
    """Start any number of scripted servers."""
    async with AsyncExitStack() as stack:

        async def make() -> ScriptedServer:
            server = ScriptedServer()
            listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**20)
            server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            stack.push_async_callback(server.close)
            stack.callback(listening.close)
            return server

        yield make


@pytest.fixture
async def server(make_server: ServerFactory) -> ScriptedServer:
    """Start one scripted server."""
    return await make_server()


@pytest.fixture
def reply() -> type[Reply]:
    """Give the class of scripted answers."""
    return Reply


@dataclass
class Reports:
    """What a driver reported, and an event for a report that a test waits for."""

    seen: list[Progress] = field(default_factory=list)
    wanted: Callable[[Progress], bool] = lambda _: True
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, progress: Progress) -> None:
        """Take a report."""
        self.seen.append(progress)
        if self.wanted(progress):
            self.came.set()


@pytest.fixture
def reports() -> Reports:
    """Collect what a driver reports."""
    return Reports()


MakeRuntime = Callable[..., Runtime]


@pytest.fixture
async def make_runtime() -> AsyncIterator[MakeRuntime]:
    """Make Ollama drivers that are closed at the end."""
    async with AsyncExitStack() as stack:

        def make(
            url: str, *, registry_url: str = "http://127.0.0.1:1", patience: float = 10.0, **options: Any
        ) -> Runtime:
            environment = Environment(
                connect_timeout=5.0,
                read_timeout=patience,
                load_timeout=patience,
                registry_url=registry_url,
                user_agent="venom-modeld/test",
                state_dir=Path(),
            )
            spec = RuntimeSpec(name="gpu", kind="ollama", url=url, prune=Prune.MANAGED, options=options)
            runtime = DRIVER.make(spec, environment)
            stack.push_async_callback(runtime.close)
            return runtime

        yield make


@pytest.fixture
def runtime(sandbox: Sandbox, make_runtime: MakeRuntime) -> Runtime:
    """Give a driver on the stand-in Ollama."""
    return make_runtime(sandbox.ollama_url, registry_url=sandbox.registry_url)

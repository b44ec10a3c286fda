"""Many clients of one API: readers of events, some of them dead, and callers at a steady pace."""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2

from tests.conftest import PLAIN
from tests.proof.processes import DEADLINE

PATHS = {
    "/api/v1/status": 80,
    "/api/v1/models/operations": 40,
    "/healthz": 32,
    "/api/v1/runtimes": 27,
    "/api/v1/plan": 20,
    "/api/v1/models": 1,
}
"""What is called, and how often in 200 calls. The list of ten thousand models has ten megabytes: one call a second."""


@dataclass(slots=True)
class Readers:
    """What the readers got."""

    admitted: int = 0
    refused: int = 0
    ended: int = 0
    bytes_read: int = 0
    snapshots: list[int] = field(default_factory=list)
    """How many snapshots each living one was told of."""


async def _connected(address: str, *, tiny: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(address)
    plain = socket.socket()
    if tiny:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (parts.hostname, parts.port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=2**12 if tiny else 2**16)
    writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return reader, writer


async def _read(address: str, told: Readers) -> None:
    """Read events until cancelled."""
    reader, writer = await _connected(address, tiny=False)
    try:
        if b" 200 " not in await reader.readline():
            told.refused += 1
            return
        told.admitted += 1
        number = len(told.snapshots)
        told.snapshots.append(0)
        while piece := await reader.read(65536):
            told.bytes_read += len(piece)
            told.snapshots[number] += piece.count(b"event: snapshot")
        told.ended += 1
    finally:
        writer.close()


async def _play_dead(address: str, told: Readers) -> None:
    """Ask for events, and never read one."""
    reader, writer = await _connected(address, tiny=True)
    try:
        if b" 200 " not in await reader.readline():
            told.refused += 1
            return
        told.admitted += 1
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()
    finally:
        writer.transport.abort()


@asynccontextmanager
async def readers(address: str, living: int, dead: int) -> AsyncIterator[Readers]:
    """Have so many readers, of whom some take nothing, until the end of the block."""
    told = Readers()
    tasks = [asyncio.create_task(_read(address, told)) for _ in range(living)]
    tasks += [asyncio.create_task(_play_dead(address, told)) for _ in range(dead)]
    try:
        async with asyncio.timeout(DEADLINE):
            while told.admitted + told.refused < living + dead:  # noqa: ASYNC110 - each is told apart by its answer
                await asyncio.sleep(0.05)
        yield told
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True)
class Calls:
    """How calls were answered."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """What was wrong with those that were not, in words."""


async def call(address: str, rate: float, seconds: float) -> Calls:
    """Make so many calls a second at a steady pace, whether the earlier ones were answered or not.

    As pages do, they say what they have already, and get nothing where that is as it was.
    """
    calls, dice, tasks = Calls(), random.Random(1), set()  # noqa: S311 - it is to be repeatable
    tags: dict[str, str] = {}
    limits = httpx2.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx2.AsyncClient(base_url=address, timeout=DEADLINE, verify=PLAIN, limits=limits) as client:

        async def one(path: str) -> None:
            began = time.monotonic()
            try:
                answer = await client.get(path, headers={"if-none-match": tags.get(path, "")})
            except httpx2.TransportError as error:
                calls.failures.append(f"{path}: {error!r}")
                return
            tags[path] = answer.headers.get("etag", "")
            if answer.status_code < 400:
                calls.seconds.append(time.monotonic() - began)
            else:
                calls.failures.append(f"{path}: {answer.status_code}")

        began, made = time.monotonic(), 0
        while (age := time.monotonic() - began) < seconds:
            while made < age * rate:
                made += 1
                task = asyncio.create_task(one(dice.choices([*PATHS], [*PATHS.values()])[0]))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(0.005)
        await asyncio.gather(*tasks)
    return calls

"""Nobody can hold the API by connections that say nothing, say it slowly, or take no answer."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from tests.api.conftest import House, Server, furnished
from tests.conftest import DEADLINE
from venom_modeld.api.connections import PatientProtocol
from venom_modeld.api.guard import Guard
from venom_modeld.api.readers import MOST_READERS, SEND_SECONDS
from venom_modeld.api.routes_source import LONGEST

ROOT = Path(__file__).parents[2]
HEAD = b"POST /api/v1/plan/approve HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
STATUS = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Hasty(PatientProtocol):
    """The protocol of the daemon, with less patience."""

    most = 20
    head_seconds = 0.3
    body_seconds = 0.3
    taking_seconds = 0.3
    look_seconds = 0.05


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Callers:
    """Opens connections to a server."""

    def __init__(self, port: int, stack: AsyncExitStack) -> None:
        self.port = port
        self._stack = stack

    async def call(self, *said: bytes) -> Connection:
        """Open a connection, and say something at once."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._stack.callback(writer.close)
        for piece in said:
            writer.write(piece)
        await writer.drain()
        return reader, writer


async def hung_up(reader: asyncio.StreamReader) -> bytes:
    """Return what comes before the other end hangs up."""
    async with asyncio.timeout(DEADLINE):
        try:
            return await reader.read(-1)
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def serving(
    house: House, protocol: type[PatientProtocol] = Hasty, *, keep_alive: int = 5
) -> AsyncIterator[Callers]:
    """Serve an application by a protocol; `keep_alive` is what uvicorn itself gives a connection between requests."""
    app = house.app()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=protocol, ws="none", log_config=None, access_log=False, timeout_keep_alive=keep_alive
    )
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    async with AsyncExitStack() as stack:
        yield Callers(listener.getsockname()[1], stack)
    app.end_streams()
    server.stop.set()
    await task


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: local",
        HEAD,
        HEAD + b"Content-Length: 20\r\n\r\n",
        HEAD + b"Content-Length: 20\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    ],
)
async def test_half_a_request_is_not_waited_for(said: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A connection without a whole head, or a head without its body, is let go after its time, and not in the log."""
    async with serving(furnished()) as callers:
        reader, _ = await callers.call(said)
        assert await hung_up(reader) == b""
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("before", [b"", STATUS, HEAD + b"Content-Length: 100000\r\n\r\n"])
async def test_a_request_byte_by_byte_is_not_waited_for(before: bytes) -> None:
    """Time counts from the beginning, also after a good request: a byte now and then keeps nothing open."""
    async with serving(furnished(Guard(max_body=200_000))) as callers:
        reader, writer = await callers.call(before)
        if before == STATUS:
            async with asyncio.timeout(DEADLINE):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")

        async def trickle() -> None:
            while True:
                writer.write(b"x")
                await asyncio.sleep(0.02)

        trickling = asyncio.create_task(trickle())
        assert b"HTTP/1.1 2" not in await hung_up(reader)
        trickling.cancel()


async def test_a_connection_is_kept_between_requests_for_as_long_as_it_is_said() -> None:
    """What uvicorn gives it does not count: the client of a library that keeps it as long would meet its end."""
    async with serving(furnished(), PatientProtocol, keep_alive=0) as callers:
        reader, writer = await callers.call()
        for _ in range(3):
            writer.write(STATUS)
            async with asyncio.timeout(DEADLINE):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split()[0])
                await reader.readexactly(length)
            assert head.startswith(b"HTTP/1.1 200")


async def test_who_takes_no_answer_is_hung_up_on() -> None:
    """An answer that nobody reads does not stay in memory."""
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100
    async with serving(furnished()) as callers:
        _, writer = await callers.call()
        writer.transport.pause_reading()  # type: ignore[attr-defined]

        async def ask_on() -> None:
            while True:
                writer.write(asked)
                await writer.drain()
                await asyncio.sleep(0.01)

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(ask_on(), DEADLINE)


async def test_who_goes_on_asking_is_not_hung_up_on() -> None:
    """A busy connection stays, however long it lasts altogether."""
    async with serving(furnished()) as callers:
        reader, writer = await callers.call()
        clock = asyncio.get_running_loop().time
        begun = clock()
        async with asyncio.timeout(DEADLINE):
            while clock() - begun < 3 * Hasty.head_seconds:
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200")
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
                await reader.readexactly(int(length.partition(b":")[2]))


async def test_an_event_stream_is_not_hung_up_on() -> None:
    """Who reads may wait for news as long as it takes: silence is our part there."""
    async with serving(furnished()) as callers:
        reader, _ = await callers.call(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            await reader.readuntil(b"event: snapshot")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(-1), 3 * Hasty.head_seconds)


async def test_there_are_only_so_many_connections() -> None:
    """One too many is closed at once, and the others go on; when they leave, there is room again."""
    async with serving(furnished()) as callers:
        held = [await callers.call(STATUS) for _ in range(Hasty.most)]
        for reader, _ in held:
            async with asyncio.timeout(DEADLINE):
                assert await reader.read(12) == b"HTTP/1.1 200"
        reader, _ = await callers.call(STATUS)
        assert await hung_up(reader) == b""
        for reader, writer in held:
            writer.close()
            await hung_up(reader)
        async with asyncio.timeout(DEADLINE):
            while True:
                reader, _ = await callers.call(STATUS)
                if (await reader.read(12)) == b"HTTP/1.1 200":
                    break


def test_the_daemon_is_patient_for_a_bounded_time() -> None:
    """Its own limits are seconds, and leave descriptors for files and runtimes."""
    own = PatientProtocol
    assert max(own.head_seconds, own.body_seconds, own.taking_seconds) <= 60
    assert own.most < 1000


def test_the_limits_are_those_of_the_reference() -> None:
    """Whoever writes a client finds them where the calls are described."""
    text = (ROOT / "docs/reference/http-api.md").read_text()
    table = text.partition("## How long a call may take")[2].partition("\n## ")[0]
    protocol = PatientProtocol
    for limit in (
        f"| {protocol.most} |",
        f"| {MOST_READERS} |",
        f"| {protocol.head_seconds:g} s |",
        f"| {protocol.body_seconds:g} s, and {Guard().max_body:,} bytes",
        f"| {protocol.taking_seconds:g} s; {SEND_SECONDS:g} s",
        f"{LONGEST // 2**20} MiB",
    ):
        assert limit in table, limit

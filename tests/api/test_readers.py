"""Readers of the event stream over real connections: how they come, how they go, and how many there may be."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from tests.api.builder import event, observation, runtime, snapshot, spec
from tests.api.conftest import House, client_of, serving
from tests.api.test_reading import assert_problem
from tests.api.test_stream import Item, parse
from tests.conftest import DEADLINE, eventually
from venom_modeld.api.guard import Guard
from venom_modeld.api.readers import EventStream, Readers
from venom_modeld.core.events import Event
from venom_modeld.state.snapshot import StatusSnapshot

EVENTS = "/api/v1/events"


def shown(version: int, *events: Event) -> StatusSnapshot:
    """Return a snapshot with these events."""
    return snapshot(runtime(spec(), observation()), version=version, events=events)


@asynccontextmanager
async def reading(client: httpx2.AsyncClient, **headers: str) -> AsyncIterator["Reader"]:
    """Read the events."""
    async with asyncio.timeout(DEADLINE), client.stream("GET", EVENTS, headers=headers) as answer:
        yield Reader(answer)


class Reader:
    """Reads the stream item by item."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def item(self) -> Item:
        """Return the next item."""
        block = ""
        async for line in self._lines:
            block += line + "\n"
            if not line and (found := parse(block.encode())):
                return found[0]
            block = "" if not line else block
        raise EOFError

    async def until(self, name: str) -> Item:
        """Return the next item of that name."""
        while True:
            found = await self.item()
            if found.event == name:
                return found


async def test_a_reader_is_told_of_what_happens(house: House) -> None:
    """The stream is text/event-stream, is stored nowhere, and tells of a new snapshot at once."""
    async with house.open() as client, reading(client) as reader:
        assert reader.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert reader.answer.headers["cache-control"] == "no-store"
        assert "content-length" not in reader.answer.headers
        first = await reader.until("snapshot")
        house.hub.publish(shown(2, event(7)))
        told = await reader.until("event")
    assert first.data["summary"] == "Working: 1"
    assert told.data["message"] == "event 7"


async def test_a_reader_goes_on_after_its_last_id(house: House) -> None:
    """A reader that lost its connection gets what it missed, and nothing twice."""
    house.hub.publish(shown(1, event(1)))
    async with house.open() as client:
        async with reading(client) as reader:
            last = (await reader.until("snapshot")).id
        house.hub.publish(shown(2, event(1), event(2)))
        async with reading(client, **{"Last-Event-ID": last or ""}) as reader:
            found = [await reader.item(), await reader.item()]
    assert [one.event for one in found] == ["event", "snapshot"]
    assert found[0].data["message"] == "event 2"


async def test_an_id_of_an_earlier_process_gets_everything(house: House) -> None:
    """After a restart of the daemon a reader is told all anew."""
    house.hub.publish(shown(1, event(1)))
    async with house.open() as client, reading(client) as reader:
        last = (await reader.until("snapshot")).id
    async with house.open() as client, reading(client, **{"Last-Event-ID": last or ""}) as reader:
        found = [await reader.item(), await reader.item()]
    assert [one.event for one in found] == ["event", "snapshot"]


async def test_no_more_readers_than_there_may_be(house: House) -> None:
    """One reader too many is told to come later, and may come when another has gone."""
    app = house.app()
    app.readers._most = 2
    async with serving(app) as port, client_of(port) as client:
        async with reading(client) as one, reading(client) as two:
            await one.item()
            await two.item()
            refused = await client.get(EVENTS)
            assert_problem(refused, 503)
            assert int(refused.headers["retry-after"]) > 0
        await eventually(lambda: not app.readers.full)
        async with reading(client) as reader:
            assert await reader.item()


async def test_a_reader_that_hangs_up_is_let_go_at_once(house: House) -> None:
    """Nothing is kept for a reader that is gone."""
    app = house.app()
    async with serving(app) as port, client_of(port) as client:
        async with reading(client) as reader:
            await reader.item()
            assert app.readers._count == 1
        await eventually(lambda: app.readers._count == 0)


async def test_a_stop_ends_the_streams_in_order(house: House) -> None:
    """A reader sees the end of the stream, not a broken connection, and the server need not wait for it."""
    app = house.app()
    async with serving(app) as port, client_of(port) as client, reading(client) as reader:
        await reader.until("snapshot")
        app.end_streams()
        with pytest.raises(EOFError):
            await reader.item()
        assert_problem(await client.get(EVENTS), 503)


async def test_a_token_is_needed_to_read_events(house: House) -> None:
    """The stream is guarded as everything else."""
    house.guard = Guard(token="t")
    async with house.open() as client:
        assert_problem(await client.get(EVENTS), 401)
        async with reading(client, Authorization="Bearer t") as reader:
            assert await reader.item()


def streaming(items: AsyncGenerator[bytes], readers: Readers, *, patience: float = DEADLINE) -> Starlette:
    """Return an application that gives one stream."""

    async def stream(_: Request) -> EventStream:
        return EventStream(items, readers, patience=patience)

    return Starlette(routes=[Route(EVENTS, stream)])


@asynccontextmanager
async def deaf(port: int) -> AsyncIterator[None]:
    """Ask for the events and read none of them."""
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(caller, ("127.0.0.1", port))
        await loop.sock_sendall(caller, f"GET {EVENTS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        yield


async def flood() -> AsyncGenerator[bytes]:
    """Give more than any buffer holds."""
    while True:
        yield b"x" * 65_536


async def test_a_reader_that_takes_nothing_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """A socket that does not drain holds a seat for a while only, and is told of in the log."""
    readers, seated = Readers(), asyncio.Event()

    async def items() -> AsyncGenerator[bytes]:
        seated.set()
        async for content in flood():
            yield content

    async with serving(streaming(items(), readers, patience=0.2)) as port, deaf(port):
        await asyncio.wait_for(seated.wait(), DEADLINE)
        await eventually(lambda: readers._count == 0)
    assert "event reader dropped" in caplog.messages


async def test_a_deaf_reader_does_not_hold_up_a_stop() -> None:
    """When the daemon stops it waits a moment for readers to take the end, and no longer."""
    readers = Readers()
    async with serving(streaming(flood(), readers)) as port, deaf(port):
        await eventually(lambda: readers._count == 1)
        readers.close()
        await eventually(lambda: readers._count == 0)


async def test_an_error_in_a_stream_is_not_hidden(caplog: pytest.LogCaptureFixture) -> None:
    """A bug cuts the stream and is in the log of the server."""
    readers = Readers()

    async def items() -> AsyncGenerator[bytes]:
        yield b": one\n\n"
        raise RuntimeError("a bug")

    async with serving(streaming(items(), readers)) as port, client_of(port) as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get(EVENTS)
    assert readers._count == 0
    assert any(one.exc_info and "a bug" in str(one.exc_info[1]) for one in caplog.records)


async def test_a_stream_that_ends_by_itself_is_whole() -> None:
    """Whoever reads to the end gets all of it."""

    async def items() -> AsyncGenerator[bytes]:
        yield b": one\n\n"
        yield b": two\n\n"

    async with serving(streaming(items(), Readers())) as port, client_of(port) as client:
        assert (await client.get(EVENTS)).text == ": one\n\n: two\n\n"

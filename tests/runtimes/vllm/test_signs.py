"""What tells of itself is waited for, and not asked in turns: a log that grows, a server that took all up."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from venom_modeld.runtimes.vllm.server.growing import growing
from venom_modeld.runtimes.vllm.server.ports import KNOCK_WAIT, LOOPBACK, knock
from venom_modeld.runtimes.vllm.switching import _is_given

DEADLINE = 20.0
LONG = 3600.0


async def test_a_file_that_is_written_to_is_told(tmp_path: Path) -> None:
    """Each time, and with several writers."""
    path = tmp_path / "log"
    path.touch()
    with growing(path) as grown, path.open("ab", buffering=0) as one, path.open("ab", buffering=0) as other:
        assert not grown.is_set()
        for writer in (one, other, one):
            writer.write(b"a line\n")
            async with asyncio.timeout(DEADLINE):
                await grown.wait()
            grown.clear()


async def test_a_file_that_cannot_be_watched_is_no_trouble(tmp_path: Path) -> None:
    """Whether it is not there, or the system has no watch left: nothing is told."""
    with growing(tmp_path / "none") as grown:
        assert not grown.is_set()
    with _no_more_handles(), growing(tmp_path) as grown:
        assert not grown.is_set()


@contextmanager
def _no_more_handles() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.looptime
async def test_a_sign_or_the_end_of_a_server_cuts_a_pause_short(looptime: int) -> None:
    """Without either it lasts; a sign from before it counts as well, and once."""
    sign: asyncio.Event = asyncio.Event()
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    sign.set()
    assert await _is_given(sign, ended, LONG)
    assert looptime == 0
    assert not await _is_given(sign, ended, 1.0)
    assert looptime == 1
    asyncio.get_running_loop().call_later(1.0, sign.set)
    assert await _is_given(sign, ended, LONG)
    assert looptime == 2
    asyncio.get_running_loop().call_later(1.0, ended.set_result, "it is over")
    assert not await _is_given(sign, ended, LONG)
    assert looptime == 3


async def test_a_knock_is_answered_after_what_came_before(tmp_path: Path) -> None:
    """A request over an earlier connection has been taken up by then."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readline())
        writer.close()

    async with await asyncio.start_server(answer, LOOPBACK, 0) as server:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"POST /v1/completions HTTP/1.1\r\n")
        await knock(LOOPBACK, port)
        assert seen == [b"POST /v1/completions HTTP/1.1\r\n", b"GET /health HTTP/1.1\r\n"]
        writer.close()
        await writer.wait_closed()


async def test_nobody_at_the_door_is_an_answer(tmp_path: Path) -> None:
    """A server that has ended takes nothing up any more."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    await knock(LOOPBACK, port)


@pytest.mark.looptime
async def test_a_server_that_never_answers_is_not_waited_for_longer_than_a_deadline(looptime: int) -> None:
    """It hangs, and is ended all the same."""
    hung: list[asyncio.StreamWriter] = []
    async with await asyncio.start_server(lambda _, writer: hung.append(writer), LOOPBACK, 0) as server:
        await knock(LOOPBACK, server.sockets[0].getsockname()[1])
        for writer in hung:
            writer.close()
    assert looptime == KNOCK_WAIT

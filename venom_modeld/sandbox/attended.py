"""Answers that take a while and stop when the client leaves, as Ollama's do: leaving a pull is how it is cancelled."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from venom_modeld.sandbox.gojson import encode

Work = Callable[[Scope, Receive, Send], Awaitable[None]]


async def client_left(receive: Receive) -> None:
    """Return when the client has closed its connection, or the server was cut off."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def leaves_within(seconds: float, receive: Receive) -> bool:
    """Wait, and tell whether the client left meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            await client_left(receive)
    except TimeoutError:
        return False
    return True


class Attended(Response):
    """An answer that is worked on for as long as somebody waits for it."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do the work, and drop it when the client leaves."""
        working = asyncio.ensure_future(self._work(scope, receive, send))
        leaving = asyncio.ensure_future(client_left(receive))
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            working.cancel()
            leaving.cancel()
            results = await asyncio.gather(working, leaving, return_exceptions=True)
        if isinstance(results[0], Exception):
            raise results[0]


def answer_later(answer: Callable[[], Awaitable[Response]]) -> Attended:
    """Answer with a response that takes a while to make."""

    async def work(scope: Scope, receive: Receive, send: Send) -> None:
        response = await answer()
        await response(scope, receive, send)

    return Attended(work)


def line_stream(lines: AsyncGenerator[dict[str, Any], None]) -> Attended:
    """Answer with one JSON document a line, each sent at once."""

    async def work(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/x-ndjson")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with contextlib.aclosing(lines) as open_lines:
            async for line in open_lines:
                await send({"type": "http.response.body", "body": encode(line) + b"\n", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return Attended(work)

"""Routes of Starlette that send what they are given, under uvicorn: the floor of an answer. Prints its port.

`/` answers a request. `/events` is a stream of server-sent events: with each line of standard input all its readers are
sent the body, and when that began is printed, on the clock of `time.perf_counter`.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


class Bare:
    """An application that answers with one body, or by 304 to whoever has it, and tells changes."""

    def __init__(self, body: bytes, tag: str) -> None:
        self._body = body
        self._tag = tag
        self._changed = asyncio.Event()
        self.application = Starlette(routes=[Route("/", self._answer), Route("/events", self._events)])

    def change(self) -> None:
        """Send the body to all readers."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _answer(self, request: Request) -> Response:
        if request.headers.get("if-none-match") == self._tag:
            return Response(status_code=304, headers={"etag": self._tag})
        return Response(self._body, media_type="application/json", headers={"etag": self._tag})

    async def _events(self, _: Request) -> Response:
        return StreamingResponse(self._items(), media_type="text/event-stream")

    async def _items(self) -> AsyncIterator[bytes]:
        while True:
            yield self._body
            await self._changed.wait()


async def _serve(body: bytes, tag: str) -> None:
    bare = Bare(body, tag)
    config = uvicorn.Config(bare.application, host="127.0.0.1", port=0, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(time.perf_counter(), flush=True)
        bare.change()
    await serving


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]).read_bytes(), sys.argv[2]))

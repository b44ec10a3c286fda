"""The readers of the event stream: how many there may be, and how each is let go.

A reader goes when it hangs up, when its socket takes nothing for a while, or when the daemon stops.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

logger = logging.getLogger(__name__)

MOST_READERS = 512
SEND_SECONDS = 20.0
"""How long a reader's socket may take nothing."""

FAREWELL_SECONDS = 1.0
"""How long the end of a stream may take."""


class Readers:
    """Counts the readers and can let all of them go."""

    def __init__(self, most: int = MOST_READERS) -> None:
        self._most = most
        self._count = 0
        self._closing = asyncio.Event()

    @property
    def full(self) -> bool:
        """Tell whether another reader is one too many."""
        return self._count >= self._most or self._closing.is_set()

    def close(self) -> None:
        """End all streams. To be called before the server is stopped, which otherwise waits for them."""
        self._closing.set()

    async def closed(self) -> None:
        """Wait until the streams are to end."""
        await self._closing.wait()

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Count one reader."""
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1


class EventStream(Response):
    """A response that sends items for as long as its reader takes them."""

    media_type = "text/event-stream"

    def __init__(self, items: AsyncGenerator[bytes], readers: Readers, *, patience: float = SEND_SECONDS) -> None:
        super().__init__(headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._items = items
        self._readers = readers
        self._patience = patience

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send until the reader goes, takes nothing, or is let go."""
        with self._readers.seat():
            sending = asyncio.create_task(self._send_all(send))
            ends = (sending, asyncio.create_task(_hung_up(receive)), asyncio.create_task(self._readers.closed()))
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in ends:
                    task.cancel()
                await asyncio.gather(*ends, return_exceptions=True)
            await self._finish(None if sending.cancelled() else sending.exception(), send)

    async def _finish(self, error: BaseException | None, send: Send) -> None:
        """End the stream in order where the reader still takes something; otherwise the server cuts the connection."""
        if isinstance(error, TimeoutError):
            logger.warning("event reader dropped", extra={"detail": "its socket took nothing", "after": self._patience})
        elif error is not None:
            raise error
        else:
            with suppress(TimeoutError):
                await _send(send, b"", more=False, patience=FAREWELL_SECONDS)

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._items) as items:
            async for content in items:
                await _send(send, content, more=True, patience=self._patience)


async def _send(send: Send, content: bytes, *, more: bool, patience: float) -> None:
    async with asyncio.timeout(patience):
        await send({"type": "http.response.body", "body": content, "more_body": more})


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

"""Answers that are made once for each snapshot and sent many times, as bytes with a strong ETag.

A poller costs a look-up: nothing is validated or serialised for it, and what is made already does not even pass through
FastAPI, which describes these routes and makes the answers that are not made yet. They are made in a thread, since ten
thousand models take longer than the event loop may stand still, and one after the other: whoever asks meanwhile waits
for what is being made, and gets something at least as new as what was there when it asked.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from venom_modeld.api.headers import Header, header, with_security
from venom_modeld.api.values import Answer, encoded
from venom_modeld.state.snapshot import SnapshotHub, StatusSnapshot

View = Callable[[StatusSnapshot], Answer | bytes]
"""Gives an answer, or the text of one."""

PIECE_BYTES = 262_144
"""As much of an answer as is sent at once: others have their turn between the pieces of ten megabytes."""


@dataclass(frozen=True, slots=True)
class Body:
    """An answer as it is sent, with its headers made beforehand."""

    content: bytes
    etag: bytes
    headers: list[Header]
    unchanged_headers: list[Header]
    """Those of an answer without a body."""


def body(answer: Answer | bytes) -> Body:
    """Return an answer as it is sent; equal answers have equal ETags, from whichever process they come."""
    content = answer if isinstance(answer, bytes) else encoded(answer)
    etag = b'"%s"' % hashlib.blake2b(content, digest_size=12).hexdigest().encode()
    unchanged = with_security([(b"etag", etag), (b"cache-control", b"no-cache")])
    kind = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    return Body(content, etag, kind + unchanged, unchanged)


def is_known(headers: Iterable[Header], etag: bytes) -> bool:
    """Tell whether `If-None-Match` names this answer. Comparison is weak, as RFC 9110 wants it for this header."""
    sent = header(headers, b"if-none-match")
    if sent is None:
        return False
    return sent.strip() == b"*" or etag in (tag.strip().removeprefix(b"W/") for tag in sent.split(b","))


async def send_body(found: Body, scope: Scope, send: Send) -> None:
    """Send an answer, or that the caller has it."""
    if is_known(scope["headers"], found.etag):
        await send({"type": "http.response.start", "status": 304, "headers": found.unchanged_headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": found.headers})
    content, sent = found.content, 0
    while len(content) - sent > PIECE_BYTES:
        await send({"type": "http.response.body", "body": content[sent : sent + PIECE_BYTES], "more_body": True})
        sent += PIECE_BYTES
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": content[sent:]})


def reply(request: Request, answer: Answer) -> Response:
    """Return an answer that is made for one request, or that the caller has it."""
    found = body(answer)
    known = is_known(request.scope["headers"], found.etag)
    response = Response(None if known else found.content, 304 if known else 200)
    response.raw_headers = found.unchanged_headers if known else found.headers
    return response


class SnapshotAnswer:
    """A view of the present snapshot, made when it is first asked for, as an ASGI application."""

    def __init__(self, hub: SnapshotHub, view: View) -> None:
        self._hub = hub
        self._view = view
        self._made: tuple[StatusSnapshot, Body] | None = None
        self._turn = asyncio.Lock()

    @property
    def is_made(self) -> bool:
        """Tell whether the answer of the present snapshot was asked for before."""
        return self._made is not None and self._made[0] is self._hub.present

    async def made(self) -> Body:
        """Return the answer of a snapshot that is not older than the present one."""
        asked = self._hub.present
        if self._made is not None and self._made[0] is asked:
            return self._made[1]
        async with self._turn:
            if self._made is None or self._made[0].version < asked.version:
                snapshot = self._hub.present
                self._made = (snapshot, await asyncio.to_thread(self._make, snapshot))
            return self._made[1]

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Answer a request."""
        await send_body(await self.made(), scope, send)

    def _make(self, snapshot: StatusSnapshot) -> Body:
        return body(self._view(snapshot))


class MadeBefore:
    """Sends answers that are made already, before anything else looks at the request; hands on all others."""

    def __init__(self, app: ASGIApp, answers: Mapping[str, SnapshotAnswer]) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        answer = self._answers.get(scope["path"]) if scope["method"] == "GET" else None
        await (answer if answer is not None and answer.is_made else self._app)(scope, receive, send)


def _answered_by_the_snapshot() -> None:
    """Stand where FastAPI wants a function; the route's own application answers."""


class SnapshotRoute(APIRoute):
    """A documented GET route that a `SnapshotAnswer` answers."""

    def __init__(self, path: str, answer: SnapshotAnswer, **documentation: Any) -> None:
        super().__init__(path, _answered_by_the_snapshot, methods=["GET"], **documentation)
        self.app = answer

"""What every request passes before it is answered: it is written down, meets the dial, and has its origin checked."""

import asyncio
import fnmatch
import ipaddress
import json
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from venom_modeld.sandbox.attended import client_left, leaves_within
from venom_modeld.sandbox.downloads import StreamCutError
from venom_modeld.sandbox.faults import Answer, Faults
from venom_modeld.sandbox.journal import Journal

_LOCAL_ENDINGS = (".localhost", ".local", ".internal")
_LOCAL_ORIGINS = frozenset({"localhost", "127.0.0.1", "0.0.0.0"})
_APP_SCHEMES = frozenset({"app", "file", "tauri", "vscode-webview", "vscode-file"})
_PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization,Content-Type,User-Agent,Accept,X-Requested-With",
    "Access-Control-Allow-Methods": "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS",
    "Access-Control-Max-Age": "43200",
    "Vary": "Access-Control-Request-Headers",
}


Sever = Callable[[Any], None]
"""Cuts the connection of a client, given as its address and port."""


class Spoiling(Protocol):
    """A dial with a position for wrong answers by path."""

    answers: dict[str, Answer]


class Recorder:
    """Writes requests down, and lets the dial spoil their answers."""

    def __init__(self, app: ASGIApp, *, server: str, journal: Journal, faults: Faults, latency: str) -> None:
        self._app = app
        self._server = server
        self._journal = journal
        self._faults = faults
        self._latency = latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        body = await _read_body(receive)
        entry = self._journal.note(self._server, scope["method"], scope["path"], body)

        async def note_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            await send(message)

        app = await self._spoilt(scope["path"], receive)
        await app(scope, _replay(body, receive), note_status)

    async def _spoilt(self, path: str, receive: Receive) -> ASGIApp:
        delay: float = getattr(self._faults, self._latency)
        if delay > 0 and await leaves_within(delay, receive):
            return _silence
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in self._faults.hang):
            await client_left(receive)
            return _silence
        return self._failure(path) or self._app

    def _failure(self, path: str) -> ASGIApp | None:
        for failure in self._faults.failures:
            if failure.times > 0 and fnmatch.fnmatchcase(path, failure.path):
                failure.times -= 1
                return JSONResponse({"error": "the fault dial says so"}, status_code=failure.status)
        return None


class WrongAnswers:
    """Spoils the answers of some paths on their way out, as the dial says."""

    def __init__(self, app: ASGIApp, *, faults: Spoiling, sever: Sever) -> None:
        self._app = app
        self._faults = faults
        self._sever = sever

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        kind = self._faults.answers.get(scope["path"])
        if kind is None:
            await self._app(scope, receive, send)
            return
        started, body = await self._collect(scope, receive)
        spoilt = _spoil(body, kind)
        headers = MutableHeaders(raw=started["headers"])
        headers["content-length"] = str(len(body) if kind == "cut" else len(spoilt))
        await send(started)
        await send({"type": "http.response.body", "body": spoilt, "more_body": kind == "cut"})
        if kind == "cut":
            await asyncio.sleep(0)
            self._sever(scope["client"])
            await client_left(receive)

    async def _collect(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        started: list[Message] = []
        chunks: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
            else:
                chunks.append(message.get("body", b""))

        await self._app(scope, receive, keep)
        return started[0], b"".join(chunks)


class BrokenStreams:
    """Breaks off the answer where the dial cuts the stream of a pull."""

    def __init__(self, app: ASGIApp, *, faults: Faults, sever: Sever) -> None:
        self._app = app
        self._faults = faults
        self._sever = sever

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        started = asyncio.Event()

        async def note_start(message: Message) -> None:
            started.set()
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except StreamCutError:
            if self._faults.cut_clean and started.is_set():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            self._sever(scope["client"])
            await client_left(receive)


class OriginCheck:
    """Ollama's defence against web pages: a server on a loopback address only answers to names of this machine."""

    def __init__(self, app: ASGIApp, *, host: str) -> None:
        self._app = app
        self._loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        foreign = bool(origin) and not _origin_allowed(origin, headers.get("host", ""))
        if foreign or (self._loopback and not _host_allowed(headers.get("host", ""))):
            await _empty(403)(scope, receive, send)
        elif origin and scope["method"] == "OPTIONS":
            await _empty(204, _PREFLIGHT | {"Access-Control-Allow-Origin": origin})(scope, receive, send)
        else:
            await self._app(scope, receive, _allowing(origin, send))


def _empty(status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(status_code=status, headers=headers)


def _allowing(origin: str, send: Send) -> Send:
    if not origin:
        return send

    async def send_allowed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers["access-control-allow-origin"], headers["vary"] = origin, "Origin"
        await send(message)

    return send_allowed


def _host_allowed(host: str) -> bool:
    name = (urlsplit(f"//{host}").hostname or "").casefold()
    if name in {"", "localhost"} or name.endswith(_LOCAL_ENDINGS):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_private or address.is_unspecified


def _origin_allowed(origin: str, host: str) -> bool:
    parts = urlsplit(origin)
    if parts.scheme in _APP_SCHEMES:
        return True
    if parts.scheme not in {"http", "https"}:
        return False
    return parts.netloc == host or parts.hostname in _LOCAL_ORIGINS


def _spoil(body: bytes, kind: str) -> bytes:
    if kind == "garbage":
        return b"<html><body>502 Bad Gateway</body></html>"
    if kind == "wrong":
        return json.dumps({"models": "none"}).encode()
    if kind == "null":
        return b'{"models":null}'
    return body[: len(body) // 2]


async def _silence(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Answer nothing: the client has left."""


async def _read_body(receive: Receive) -> bytes:
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again

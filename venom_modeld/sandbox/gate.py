"""What a request to a stand-in of the internet passes first: it is written down, and the dial may answer it."""

from collections.abc import Callable, Mapping
from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from venom_modeld.sandbox.attended import leaves_within
from venom_modeld.sandbox.hub.faults import HubFailure
from venom_modeld.sandbox.journal import Journal

_PORTAL = "<!doctype html><title>Sign in</title><p>Sign in to use this network."


class Dial(Protocol):
    """The positions that both stand-ins have."""

    latency: float
    portal: bool

    def failure(self, method: str, path: str) -> HubFailure | None:
        """Return the failure that a request meets, and count it."""
        ...


Verdict = tuple[Response | None, Mapping[str, str]]
"""What answers in place of the server, if anything does, and headers for whatever answers."""

Admit = Callable[[Request, str], Verdict]
"""Judges a request, of which the path is given too."""


def everybody(_request: Request, _path: str) -> Verdict:
    """Let every request in."""
    return None, {}


class Gate:
    """The way to one stand-in; `server` is its name in the journal, `path_of` what is written down and matched."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        server: str,
        dial: Dial,
        journal: Journal,
        path_of: Callable[[Scope], str],
        admit: Admit = everybody,
    ) -> None:
        self._app = app
        self._server = server
        self._dial = dial
        self._journal = journal
        self._path_of = path_of
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        path = self._path_of(scope)
        entry = self._journal.note(self._server, scope["method"], path, b"")
        refused, headers = self._admit(Request(scope), path)

        async def note_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                MutableHeaders(raw=message["headers"]).update(headers)
            await send(message)

        if self._dial.latency > 0 and await leaves_within(self._dial.latency, receive):
            return
        app = self._instead(scope["method"], path) or refused or self._app
        await app(scope, receive, note_status)

    def _instead(self, method: str, path: str) -> ASGIApp | None:
        if self._dial.portal:
            return HTMLResponse(_PORTAL)
        failure = self._dial.failure(method, path)
        return None if failure is None else _failing(failure)


def _failing(failure: HubFailure) -> Response:
    if failure.body is not None:
        return PlainTextResponse(failure.body, status_code=failure.status, headers=failure.headers)
    said = {"error": failure.headers.get("X-Error-Message", "the fault dial says so")}
    return JSONResponse(said, status_code=failure.status, headers=failure.headers)

"""The whole stand-in Hub as one application: routes, and what every request passes before it is answered."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from venom_modeld.sandbox.attended import client_left
from venom_modeld.sandbox.hub.access import RefusedError, token_of
from venom_modeld.sandbox.hub.delivering import Deliveries, Sever, Traffic
from venom_modeld.sandbox.hub.faults import HubFailure, HubFaults
from venom_modeld.sandbox.hub.limits import TOLD_TO_ANONYMOUS, Limits
from venom_modeld.sandbox.hub.pages import Pages
from venom_modeld.sandbox.hub.repositories import Repositories
from venom_modeld.sandbox.journal import Journal

_PORTAL = "<!doctype html><title>Sign in</title><p>Sign in to use this network."


def hub_app(  # noqa: PLR0913 - each is a part of the sandbox that outlives the application
    repositories: Repositories,
    *,
    faults: HubFaults,
    journal: Journal,
    traffic: Traffic,
    limits: Limits,
    sever: Sever,
    far: str = "localhost",
    page_size: int = 1000,
) -> ASGIApp:
    """Return the application of a Hub; `far` is a host name of this machine other than the one it is asked by."""
    pages = Pages(repositories, page_size=page_size)
    deliveries = Deliveries(repositories, faults, traffic, far=far, sever=sever)
    model = "/api/models/{owner}/{name}"
    routes = [
        Route("/api/whoami-v2", pages.whoami),
        Route("/api/models", pages.models),
        Route(f"{model}/revision/{{revision:path}}", pages.model),
        Route(f"{model}/tree/{{revision}}", pages.tree),
        Route(f"{model}/tree/{{revision}}/{{path:path}}", pages.tree),
        Route(f"{model}/refs", pages.refs),
        Route(f"{model}/auth-check", pages.auth_check),
        Route(f"{model}/xet-read-token/{{revision:path}}", pages.xet_token),
        Route(model, pages.model),
        Route("/cas/v1/reconstructions/{hash}", deliveries.storage),
        Route("/cas/terms/{hash}/{number:int}", deliveries.storage),
        Route("/cdn/{rest:path}", deliveries.far),
        Route("/{owner}/{name}/resolve/{rest:path}", deliveries.resolve),
    ]
    app = Starlette(routes=routes, exception_handlers={RefusedError: _refused, HTTPException: _plain_error})
    return Gate(app, faults=faults, journal=journal, traffic=traffic, limits=limits)


class Gate:
    """Writes requests down, counts them, and lets the dial answer in place of the Hub."""

    def __init__(self, app: ASGIApp, *, faults: HubFaults, journal: Journal, traffic: Traffic, limits: Limits) -> None:
        self._app = app
        self._faults = faults
        self._journal = journal
        self._traffic = traffic
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope)
        path = _path(scope)
        entry = self._journal.note("hub", scope["method"], path, b"")
        if "authorization" in request.headers:
            self._traffic.with_token.add(path)
        within, limits = self._limits.count(_kind(path), token_of(request) or str(request.client))

        async def note_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                MutableHeaders(raw=message["headers"]).update(limits)
            await send(message)

        if self._faults.latency > 0 and await _leaves_within(self._faults.latency, receive):
            return
        app = self._instead(scope["method"], path) or (self._app if within else _TOO_MANY)
        await app(scope, receive, note_status)

    def _instead(self, method: str, path: str) -> ASGIApp | None:
        if self._faults.portal:
            return HTMLResponse(_PORTAL)
        failure = self._faults.failure(method, path)
        return None if failure is None else _failing(failure)


async def _leaves_within(seconds: float, receive: Receive) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await client_left(receive)
            return True
    return False


_TOO_MANY = PlainTextResponse(TOLD_TO_ANONYMOUS, status_code=429)


def _path(scope: Scope) -> str:
    raw: bytes = scope["raw_path"]
    return raw.decode("ascii")


def _kind(path: str) -> str:
    return "api" if path.startswith("/api/") else "resolvers"


def _failing(failure: HubFailure) -> Response:
    if failure.body is not None:
        return PlainTextResponse(failure.body, status_code=failure.status, headers=failure.headers)
    said = {"error": failure.headers.get("X-Error-Message", "the fault dial says so")}
    return JSONResponse(said, status_code=failure.status, headers=failure.headers)


async def _refused(_request: Request, error: Exception) -> Response:
    response: Any = getattr(error, "response", None)
    assert isinstance(response, Response)  # noqa: S101 - it is a RefusedError
    return response


async def _plain_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers: Mapping[str, str] | None = error.headers if isinstance(error, HTTPException) else None
    return JSONResponse({"error": "Sorry, we can't find the page you are looking for."}, status, headers)

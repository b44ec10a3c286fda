"""The whole stand-in Hub as one application: routes, and what every request passes before it is answered."""

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from venom_modeld.sandbox.gate import Admit, Gate, Verdict
from venom_modeld.sandbox.guard import Sever, WrongAnswers
from venom_modeld.sandbox.hub.access import RefusedError, token_of
from venom_modeld.sandbox.hub.delivering import Deliveries, Traffic
from venom_modeld.sandbox.hub.faults import HubFaults
from venom_modeld.sandbox.hub.limits import TOLD_TO_ANONYMOUS, Limits
from venom_modeld.sandbox.hub.pages import Pages
from venom_modeld.sandbox.hub.repositories import Repositories
from venom_modeld.sandbox.journal import Journal


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
    spoilt = WrongAnswers(app, faults=faults, sever=sever)
    return Gate(spoilt, server="hub", dial=faults, journal=journal, path_of=_path, admit=_admission(limits, traffic))


def _admission(limits: Limits, traffic: Traffic) -> Admit:
    """Return what counts a request, and refuses it where an address or an account has asked too often."""

    def admit(request: Request, path: str) -> Verdict:
        if "authorization" in request.headers:
            traffic.with_token.add(path)
        within, headers = limits.count(_kind(path), token_of(request) or str(request.client))
        return None if within else _TOO_MANY, headers

    return admit


_TOO_MANY = PlainTextResponse(TOLD_TO_ANONYMOUS, status_code=429)


def _path(scope: Scope) -> str:
    raw: bytes = scope["raw_path"]
    return raw.decode("ascii")


def _kind(path: str) -> str:
    return "api" if path.startswith("/api/") else "resolvers"


async def _refused(_request: Request, error: Exception) -> Response:
    response: Any = getattr(error, "response", None)
    assert isinstance(response, Response)  # noqa: S101 - it is a RefusedError
    return response


async def _plain_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers: Mapping[str, str] | None = error.headers if isinstance(error, HTTPException) else None
    return JSONResponse({"error": "Sorry, we can't find the page you are looking for."}, status, headers)

"""The stand-in ollama.com as one application: its routes, and what every request passes before it is answered."""

import hashlib
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from venom_modeld.sandbox.gate import Gate
from venom_modeld.sandbox.guard import Sever, WrongAnswers
from venom_modeld.sandbox.journal import Journal
from venom_modeld.sandbox.shelf import Shelf
from venom_modeld.sandbox.site import designs
from venom_modeld.sandbox.site.content import Card, cards
from venom_modeld.sandbox.site.faults import SiteFaults


def site_app(shelf: Shelf, *, faults: SiteFaults, journal: Journal, sever: Sever, page_size: int) -> ASGIApp:
    """Return the application; `page_size` is how many models a part of `/search` has."""
    pages = Pages(shelf, faults, page_size=page_size)
    routes = [
        Route("/", pages.home),
        Route("/robots.txt", pages.robots),
        Route("/search", pages.search),
        Route("/library", pages.library),
        Route("/{owner}/{name}", pages.model),
        Route("/{owner}/{name}/tags", pages.model),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _not_there})
    spoilt = WrongAnswers(app, faults=faults, sever=sever)
    return Gate(spoilt, server="site", dial=faults, journal=journal, path_of=_path)


def _path(scope: Scope) -> str:
    """Return the path of a request with its query, which tells the parts of a list apart."""
    query: bytes = scope["query_string"]
    return f"{scope['path']}?{query.decode('ascii')}" if query else str(scope["path"])


class Pages:
    """The pages of one site."""

    def __init__(self, shelf: Shelf, faults: SiteFaults, *, page_size: int) -> None:
        self._shelf = shelf
        self._faults = faults
        self._page_size = page_size

    async def home(self, _request: Request) -> Response:
        """Show the first page."""
        return HTMLResponse(designs.home())

    async def robots(self, _request: Request) -> Response:
        """Tell programs what they may read."""
        rules = "".join(f"Disallow: {path}\n" for path in self._faults.disallow)
        return PlainTextResponse(f"User-agent: *\nAllow: /library\n{rules}")

    async def search(self, request: Request) -> Response:
        """Show a part of what fits a query, or of all; parts after the first are for the site's own program alone."""
        query, number = request.query_params.get("q", ""), int(request.query_params.get("page", "1"))
        if number > 1 and request.headers.get("hx-request") != "true":
            return RedirectResponse("/search", status_code=303)
        found = [card for card in cards(self._shelf) if card.matches(query)]
        if not found:
            return HTMLResponse(designs.nothing_found())
        start, stop = (number - 1) * self._page_size, number * self._page_size
        more = designs.next_part(f"/search?{_query(query, number + 1)}") if stop < len(found) else ""
        write = designs.list_page if number == 1 else designs.list_part
        return _versioned(request, write(self._rows(found[start:stop]), more=more))

    async def library(self, request: Request) -> Response:
        """Show all models, the most popular first."""
        found = sorted(cards(self._shelf), key=lambda card: -card.pulls)
        return _versioned(request, designs.list_page(self._rows(found, library=True)))

    async def model(self, request: Request) -> Response:
        """Show a model and its tags."""
        owner, name = request.path_params["owner"], request.path_params["name"]
        wanted = name if owner == "library" else f"{owner}/{name}"
        found = next((card for card in cards(self._shelf) if card.name == wanted), None)
        if found is None:
            raise HTTPException(404)
        return _versioned(request, designs.model_page(found))

    def _rows(self, found: list[Card], *, library: bool = False) -> list[str]:
        if self._faults.lists == "empty":
            return []
        design = self._faults.design
        if library and design in ("icons", "chips"):
            design = "plain"
        write = designs.bare if self._faults.lists == "bare" else designs.DESIGNS[design]
        return [write(card) for card in found]


def _query(query: str, number: int) -> str:
    return urlencode({**({"q": query} if query else {}), "page": number})


def _versioned(request: Request, html: str) -> Response:
    """Answer with a page, or with nothing where the visitor has this very one."""
    etag = f'W/"{hashlib.sha256(html.encode()).hexdigest()[:16]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return HTMLResponse(html, headers={"ETag": etag})


async def _not_there(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return HTMLResponse(designs.not_there(), status_code=status)

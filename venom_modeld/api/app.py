"""Puts the API together. Nothing happens at import; an application is built once for each process."""

import asyncio
import operator
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from venom_modeld.api import problems, routes_catalogue, routes_edit, routes_read, routes_source, routes_write
from venom_modeld.api.announced import Announced
from venom_modeld.api.answers import MadeBefore, SnapshotAnswer
from venom_modeld.api.docs_page import POLICY, docs_page
from venom_modeld.api.guard import Gate, Guard
from venom_modeld.api.headers import PAGE
from venom_modeld.api.models_common import Problem
from venom_modeld.api.models_operations import EventInfo
from venom_modeld.api.models_written import WrittenModels
from venom_modeld.api.ports import History, Ports
from venom_modeld.api.readers import Readers
from venom_modeld.api.screen import Screen
from venom_modeld.api.stream import Feed
from venom_modeld.api.tally import Tally
from venom_modeld.api.views_status import program_version
from venom_modeld.state.snapshot import SnapshotHub

_SCHEMAS = "#/components/schemas/"
_ERRORS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "An error of ours",
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}},
    }
}


class Api(FastAPI):
    """The application, behind its gate."""

    def __init__(
        self, guard: Guard, answers: Mapping[str, SnapshotAnswer], fetching: routes_source.Fetching, **options: Any
    ) -> None:
        super().__init__(**options)
        self.readers = Readers()
        gate = Gate(MadeBefore(super().__call__, answers), guard)
        self._gate = routes_source.Webhook(gate, guard.webhook_secret, fetching)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever is no request (the life of the server) passes the gate by."""
        await (self._gate if scope["type"] == "http" else super().__call__)(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the schema: FastAPI's, and what it cannot see (errors, events, the token)."""
        if self.openapi_schema is None:
            _complete(super().openapi())
        return super().openapi()

    def end_streams(self) -> None:
        """Let the readers of the event stream go; call it before the server is stopped, which waits for them."""
        self.readers.close()


def _complete(schema: dict[str, Any]) -> None:
    _, found = models_json_schema(
        [(Problem, "serialization"), (EventInfo, "serialization")], ref_template=_SCHEMAS + "{model}"
    )
    components = schema["components"]
    components["schemas"] = dict(sorted((components["schemas"] | found["$defs"]).items()))
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{}, {"token": []}]


def create_app(hub: SnapshotHub, ports: Ports, guard: Guard, screen: Screen) -> Api:
    """Return the application. It reads `hub`, and hands to `ports` what it may not do itself."""
    snapshots = {path: SnapshotAnswer(hub, view) for path, view, _, _ in routes_read.SNAPSHOT_ROUTES}
    snapshots[routes_read.MODELS] = SnapshotAnswer(hub, WrittenModels())
    tally = Tally()
    fetching = routes_source.Fetching(ports.fetch)
    app = Api(
        guard,
        snapshots,
        fetching,
        title="venom-modeld",
        version=program_version(),
        description="The models of this host: what the file asks for, what the runtimes have, and what is being done.",
        responses=_ERRORS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operator.attrgetter("name"),
        lifespan=_lifespan(tally, hub, ports.history),
    )
    announced = Announced(hub)
    reading = routes_read.Reading(
        hub=hub,
        commands=ports.commands,
        history=ports.history,
        catalogue=ports.catalogue,
        announced=announced,
        feed=Feed(hub, snapshots[routes_read.STATUS], process=secrets.token_hex(4)),
        readers=app.readers,
        tally=tally,
    )
    editing = routes_edit.Editing(hub=hub, editor=ports.editor, guard=guard, announced=announced)
    routes_read.install(app, reading, snapshots)
    routes_catalogue.install(app, routes_catalogue.Offers(hub=hub, catalogue=ports.catalogue))
    routes_edit.install(app, editing)
    routes_source.install(app, fetching)
    routes_write.install(app, routes_write.Writing(commands=ports.commands, guard=guard))
    _summarise(app)
    _add_pages(app, screen)
    problems.install(app)
    return app


def _lifespan(tally: Tally, hub: SnapshotHub, history: History) -> Any:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = (asyncio.create_task(tally.watch(hub, history)), asyncio.create_task(tally.delays.watch()))
        try:
            yield
        finally:
            for task in watching:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    return lifespan


def _summarise(app: Api) -> None:
    """Give each route the first sentence of its description as its title."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.summary = route.summary or route.description.partition(". ")[0].removesuffix(".")


def _add_pages(app: Api, screen: Screen) -> None:
    async def docs(_: Request) -> Response:
        return HTMLResponse(docs_page(app.openapi()), headers={"content-security-policy": POLICY, **PAGE})

    app.add_route("/docs", docs, include_in_schema=False)
    app.router.routes.extend(screen.routes)

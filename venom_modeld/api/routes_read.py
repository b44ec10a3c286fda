"""The reading calls. Everything is answered from the snapshot, but for operations that ended: those are remembered."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, Header, Path, Query, Request
from fastapi.responses import PlainTextResponse
from starlette.responses import Response

from venom_modeld.api import (
    models_models,
    models_operations,
    models_plan,
    models_status,
    views_models,
    views_operations,
    views_plan,
    views_status,
    views_venom,
)
from venom_modeld.api.announced import Announced
from venom_modeld.api.answers import SnapshotAnswer, SnapshotRoute, View, reply
from venom_modeld.api.ports import Catalogue, Commands, History, NoSuchOperation
from venom_modeld.api.problems import problem
from venom_modeld.api.readers import EventStream, Readers
from venom_modeld.api.stream import ITEM_SCHEMA, Feed
from venom_modeld.api.tally import Tally
from venom_modeld.api.values import Answer
from venom_modeld.state.snapshot import SnapshotHub

Limit = Annotated[int, Query(ge=1, le=500, description="How many to list at the most.")]
OperationId = Annotated[str, Path(max_length=200, description="The id of an operation.")]
Before = Annotated[str | None, Query(max_length=200, description="Go on after this id: `next` of the page before.")]
LastEventId = Annotated[str | None, Header(max_length=200, description="The id of the last item that was read.")]

STATUS = "/api/v1/status"
MODELS = "/api/v1/models"
SNAPSHOT_ROUTES: tuple[tuple[str, View, type[Answer], str], ...] = (
    (STATUS, views_status.status, models_status.StatusAnswer, "Everything at a glance"),
    (MODELS, views_models.models, models_models.ModelsAnswer, "The models of all runtimes"),
    ("/api/v1/runtimes", views_status.runtimes, models_status.RuntimesAnswer, "The runtimes in full"),
    ("/api/v1/plan", views_plan.plan, models_plan.PlanAnswer, "What differs and what is to be done about it"),
    (
        "/api/v1/system/llm-runtime/options",
        views_venom.runtime_options,
        models_models.RuntimeOptionsAnswer,
        "Which runtimes there are and what each can serve",
    ),
    (
        "/api/v1/system/llm-servers/active",
        views_venom.active_server,
        models_models.ActiveServerAnswer,
        "Which runtime serves which model",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The reading calls and what they read."""

    hub: SnapshotHub
    commands: Commands
    history: History
    catalogue: Catalogue
    announced: Announced
    feed: Feed
    readers: Readers
    tally: Tally

    async def list_operations(self, request: Request, limit: Limit = 50) -> Response:
        """List operations: those in progress, those pending, then those that ended, the latest first."""
        remembered = await self.history.operations(limit)
        return reply(request, views_operations.operations(self.hub.present, remembered, limit))

    async def read_operation(self, request: Request, operation_id: OperationId) -> Response:
        """Show one operation: an attempt by its own id, or the latest one by the id that an edit was answered with."""
        present = views_operations.current(self.hub.present)
        record = next((one for one in present if operation_id in (one.id, one.key)), None)
        record = record or self.announced.find(operation_id) or await self.history.operation(operation_id)
        if record is None:
            raise NoSuchOperation(operation_id)
        info = views_operations.operation_info(record)
        return reply(request, models_operations.OperationAnswer(operation=info))

    async def read_history(self, request: Request, limit: Limit = 50, before: Before = None) -> Response:
        """List operations that ended, the latest first, page by page."""
        remembered = await self.history.operations(limit, before=before)
        return reply(request, views_operations.history(remembered, limit))

    async def stream_events(self, last_event_id: LastEventId = None) -> Response:
        """Tell of every change: the status, operations as they go on, and what happened."""
        if self.readers.full:
            detail = "As many readers as there may be are listening to events; try again later."
            return problem(503, detail, headers={"retry-after": "30"})
        return EventStream(self.feed.items(last_event_id), self.readers)

    async def healthz(self) -> Response:
        """Tell whether the loops ran lately. Needs no token."""
        reason = self.commands.health()
        return problem(503, reason) if reason else _plain(models_status.HealthAnswer(healthy=True))

    async def readyz(self) -> Response:
        """Tell whether everything is as the file says; 503 with the reasons while it is not."""
        reasons = views_status.not_ready(self.hub.present)
        if reasons:
            return problem(503, f"Not ready: {'; '.join(reasons).rstrip('.')}.", reasons=reasons)
        return _plain(models_status.ReadyAnswer(ready=True))

    async def metrics(self) -> Response:
        """Return the metrics in the text format of Prometheus."""
        # Prometheus' library is loaded at the first scrape: the daemon starts the sooner.
        from venom_modeld.api.metrics import MEDIA_TYPE, exposition  # noqa: PLC0415

        catalogues = await self.catalogue.stats()
        clock = asyncio.get_running_loop().time
        before = clock()
        await asyncio.sleep(0)
        text = exposition(self.hub.present, self.tally, catalogues, loop_lag=clock() - before)
        return Response(text, media_type=MEDIA_TYPE)


def _plain(answer: Answer) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")


def install(app: FastAPI, reading: Reading, snapshots: Mapping[str, SnapshotAnswer]) -> None:
    """Add the reading calls to an application; `snapshots` are the answers to `SNAPSHOT_ROUTES`, by path."""
    for path, view, model, summary in SNAPSHOT_ROUTES:
        route = SnapshotRoute(
            path,
            snapshots[path],
            response_model=model,
            name=view.__name__,
            summary=summary,
            description=model.__doc__,
            responses=app.router.responses,
            operation_id=view.__name__,
        )
        app.router.routes.append(route)
    app.get("/api/v1/models/operations", response_model=models_operations.OperationsAnswer)(reading.list_operations)
    app.get("/api/v1/models/operations/{operation_id}", response_model=models_operations.OperationAnswer)(
        reading.read_operation
    )
    app.get("/api/v1/history", response_model=models_operations.HistoryAnswer)(reading.read_history)
    app.get(
        "/api/v1/events",
        status_code=200,
        response_class=EventStream,
        responses={200: {"content": {EventStream.media_type: {"itemSchema": ITEM_SCHEMA}}}},
    )(reading.stream_events)
    app.get("/healthz", response_model=models_status.HealthAnswer)(reading.healthz)
    app.get("/readyz", response_model=models_status.ReadyAnswer)(reading.readyz)
    app.get("/metrics", response_class=PlainTextResponse)(reading.metrics)

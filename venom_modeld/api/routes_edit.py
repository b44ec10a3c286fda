"""The writing calls that edit the file, and those that show it. The loops do the rest when they read it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import FastAPI, Header, Path, Query, Request
from starlette.responses import Response

from venom_modeld.api import models_edits
from venom_modeld.api.announced import Announced
from venom_modeld.api.answers import reply
from venom_modeld.api.foresight import foresee
from venom_modeld.api.guard import Guard
from venom_modeld.api.models_edits import (
    LONGEST_NAME,
    ChangeAnswer,
    DesiredAnswer,
    EditAnswer,
    InstallRequest,
    ModelRequest,
    ServerRequest,
    SuspendRequest,
    UpdateRequest,
)
from venom_modeld.api.ports import Editor
from venom_modeld.api.views_edits import change_answer, desired_answer, edit_answer
from venom_modeld.core.desired import Update
from venom_modeld.core.edits import Action, Change, EditRefused, Refusal
from venom_modeld.state.snapshot import RuntimeSnapshot, SnapshotHub, StatusSnapshot

ModelPath = Annotated[str, Path(max_length=LONGEST_NAME, description="The model; slashes may be written as they are.")]
RuntimeQuery = Annotated[
    str | None, Query(max_length=LONGEST_NAME, description="A runtime by its name, or by its kind; needed for several.")
]
ChangeQuery = Annotated[models_edits.ChangeQuery, Query()]
TextQuery = Annotated[bool, Query(description="Whether to show the content too.")]
IfMatch = Annotated[
    str | None, Header(max_length=2000, description="The revision that the file must have; otherwise 409, unwritten.")
]

EDITS_OFF = "api.edits is off, because something else owns the file"

_NEW = frozenset({Action.INSTALL, Action.ADOPT})
"""Actions that make no sense where the file says so already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing:
    """The calls about the file, and what they need."""

    hub: SnapshotHub
    editor: Editor
    guard: Guard
    announced: Announced

    async def install(self, request: InstallRequest, if_match: IfMatch = None) -> EditAnswer:
        """Declare a model; it is then downloaded."""
        change = Change(
            action=Action.INSTALL,
            runtime=request.runtime,
            model=request.name,
            provider=request.provider,
            options=_options(update=request.update, keep=request.keep, revision=request.revision),
            active=request.active,
        )
        return await self._edit(change, if_match)

    async def remove(self, name: ModelPath, runtime: RuntimeQuery = None, if_match: IfMatch = None) -> EditAnswer:
        """Take a model out of the file; it is then removed, if `prune` lets it. Needs no body."""
        return await self._edit(Change(action=Action.REMOVE, runtime=runtime, model=name), if_match)

    async def activate(self, request: ModelRequest, if_match: IfMatch = None) -> EditAnswer:
        """Make a model the active one of its runtime; one that is there and not declared is declared too."""
        return await self._edit(_about(Action.ACTIVATE, request), if_match)

    async def switch(self, request: ModelRequest, if_match: IfMatch = None) -> EditAnswer:
        """Do the same as `activate`, under the name that chats use."""
        return await self._edit(_about(Action.ACTIVATE, request), if_match)

    async def activate_server(self, request: ServerRequest, if_match: IfMatch = None) -> EditAnswer:
        """Make a model of a runtime the active one; without a model, the one that it served last."""
        model = request.model or self._last_served(request.server_name)
        return await self._edit(Change(action=Action.ACTIVATE, runtime=request.server_name, model=model), if_match)

    async def keep(self, request: ModelRequest, if_match: IfMatch = None) -> EditAnswer:
        """Protect a declared model: it stays when the file no longer names it."""
        return await self._edit(_about(Action.KEEP, request), if_match)

    async def unkeep(self, request: ModelRequest, if_match: IfMatch = None) -> EditAnswer:
        """End the protection of a declared model."""
        return await self._edit(_about(Action.UNKEEP, request), if_match)

    async def update(self, request: UpdateRequest, if_match: IfMatch = None) -> EditAnswer:
        """Say whether a declared model follows its tag or branch when that moves."""
        change = _about(Action.UPDATE, request, options=_options(update=request.update))
        return await self._edit(change, if_match)

    async def adopt(self, request: ModelRequest, if_match: IfMatch = None) -> EditAnswer:
        """Declare a model that is there and that nobody declared; nothing is done to it."""
        return await self._edit(_about(Action.ADOPT, request), if_match)

    async def suspend(self, request: SuspendRequest, if_match: IfMatch = None) -> EditAnswer:
        """Change nothing on a runtime, or anywhere, until it is resumed."""
        return await self._edit(Change(action=Action.SUSPEND, runtime=request.runtime), if_match)

    async def resume(self, request: SuspendRequest, if_match: IfMatch = None) -> EditAnswer:
        """End a suspension."""
        return await self._edit(Change(action=Action.RESUME, runtime=request.runtime), if_match)

    async def read_desired(self, request: Request, *, text: TextQuery = False) -> Response:
        """Show the file as it is now, and whether this API may edit it."""
        file = await self.editor.present()
        return reply(request, desired_answer(self.hub.present, file, edits=self.guard.edits, text=text))

    async def preview_change(self, request: Request, query: ChangeQuery) -> Response:
        """Show what an edit would write and lead to, and write nothing."""
        change = Change(
            action=query.action,
            runtime=query.runtime or None,
            model=query.name,
            provider=query.provider,
            options=_options(update=query.update, keep=query.keep, revision=query.revision or None),
            active=query.active,
        )
        edit = await self.editor.edit(self._informed(change), write=False, guess=True)
        snapshot = self.hub.present
        foresight = await asyncio.to_thread(foresee, snapshot, edit)
        return reply(request, change_answer(snapshot, edit, foresight, edits=self.guard.edits))

    async def _edit(self, change: Change, if_match: str | None) -> EditAnswer:
        snapshot, change = self.hub.present, self._informed(change)
        edit = await self.editor.edit(change, expected=revisions(if_match), write=self.guard.edits)
        if not edit.diff and change.action in _NEW:
            place = edit.runtime.name if edit.runtime else ""
            raise EditRefused(Refusal.CONFLICT, f"{edit.model} is declared on {place} already")
        if edit.diff and not edit.written:
            raise EditRefused(Refusal.LOCKED, _why_not(snapshot), diff=edit.diff)
        foresight = await asyncio.to_thread(foresee, snapshot, edit)
        self.announced.note(edit, foresight.step)
        return edit_answer(snapshot, edit, foresight)

    def _informed(self, change: Change) -> Change:
        """Return a change with what is known to be on the runtimes."""
        seen = {one.spec.name: one.observed.installed for one in self.hub.present.runtimes if one.observed}
        return replace(change, installed=seen)

    def _last_served(self, server: str) -> str:
        runtime = self._runtime(server)
        active = runtime.spec.active or runtime.inventory.last_active
        if active is None:
            message = f"{runtime.spec.name} has no active model and had none; say which by `model`"
            raise EditRefused(Refusal.CONFLICT, message)
        return active.text

    def _runtime(self, server: str) -> RuntimeSnapshot:
        known = self.hub.present.runtimes
        found = [one for one in known if one.spec.name == server] or [one for one in known if one.spec.kind == server]
        if not found:
            names = ", ".join(one.spec.name for one in known) or "none"
            raise EditRefused(Refusal.UNKNOWN, f"there is no runtime {server}; the runtimes are: {names}")
        return found[0]


def _why_not(snapshot: StatusSnapshot) -> str:
    origin = snapshot.file.origin
    if origin is None:
        return EDITS_OFF
    return f"nothing here edits {origin.path}, because it comes from {origin.url} ({origin.ref})"


def revisions(if_match: str | None) -> frozenset[str]:
    """Return the revisions that an `If-Match` names, with quotes or without."""
    parts = (part.strip().removeprefix("W/").strip('"') for part in (if_match or "").split(","))
    return frozenset(part for part in parts if part)


def _about(action: Action, request: ModelRequest, **more: Any) -> Change:
    return Change(action=action, runtime=request.runtime, model=request.name, **more)


def _options(**values: Update | bool | str | None) -> dict[str, str | bool]:
    given = {key: value for key, value in values.items() if value is not None}
    return {key: value.value if isinstance(value, Update) else value for key, value in given.items()}


def install(app: FastAPI, editing: Editing) -> None:
    """Add the calls to an application."""
    writing: tuple[tuple[str, Callable[..., Any]], ...] = (
        ("/api/v1/models/registry/install", editing.install),
        ("/api/v1/models/activate", editing.activate),
        ("/api/v1/models/switch", editing.switch),
        ("/api/v1/models/keep", editing.keep),
        ("/api/v1/models/unkeep", editing.unkeep),
        ("/api/v1/models/update", editing.update),
        ("/api/v1/models/adopt", editing.adopt),
        ("/api/v1/system/llm-servers/active", editing.activate_server),
        ("/api/v1/desired/suspend", editing.suspend),
        ("/api/v1/desired/resume", editing.resume),
    )
    for path, call in writing:
        app.post(path)(call)
    app.delete("/api/v1/models/registry/{name:path}")(editing.remove)
    app.get("/api/v1/desired", response_model=DesiredAnswer)(editing.read_desired)
    app.get("/api/v1/desired/change", response_model=ChangeAnswer)(editing.preview_change)

"""The writing calls that are no edits: the file does not change. The guard has looked at each before it comes here."""

from dataclasses import dataclass

from fastapi import Depends, FastAPI
from starlette.exceptions import HTTPException

from venom_modeld.api.guard import Guard
from venom_modeld.api.models_operations import CommandAnswer
from venom_modeld.api.models_plan import ApproveAnswer, ApproveRequest
from venom_modeld.api.ports import Commands
from venom_modeld.api.routes_read import OperationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """The writing calls and whom they command."""

    commands: Commands
    guard: Guard

    async def check_allowed(self) -> None:
        """Refuse everything where `api.operations` is off."""
        if not self.guard.operations:
            raise HTTPException(403, "api.operations is off: the API only shows. Turn it on in the daemon's settings.")

    async def approve(self, request: ApproveRequest) -> ApproveAnswer:
        """Let an unsafe plan happen, exactly that one."""
        approved = await self.commands.approve(request.digest)
        return ApproveAnswer(
            runtime=approved.runtime,
            digest=approved.digest,
            models=list(approved.models),
            message=f"To be removed from {approved.runtime}: {', '.join(approved.models)}.",
        )

    async def cancel(self, operation_id: OperationId) -> CommandAnswer:
        """Stop an operation. It stays held until it is retried or its entry in the file changes."""
        await self.commands.cancel(operation_id)
        return CommandAnswer(operation_id=operation_id, message="Stopped. It is held until it is retried.")

    async def retry(self, operation_id: OperationId) -> CommandAnswer:
        """End what keeps an operation from being done: a hold, a backoff or a stall."""
        await self.commands.retry(operation_id)
        return CommandAnswer(operation_id=operation_id, message="It is tried again in the next cycle.")


def install(app: FastAPI, writing: Writing) -> None:
    """Add the writing calls to an application."""
    allowed = [Depends(writing.check_allowed)]
    app.post("/api/v1/plan/approve", dependencies=allowed)(writing.approve)
    app.post("/api/v1/models/operations/{operation_id}/cancel", dependencies=allowed)(writing.cancel)
    app.post("/api/v1/models/operations/{operation_id}/retry", dependencies=allowed)(writing.retry)

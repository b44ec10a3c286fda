"""Tells what operations do: into the history, to those who listen for events, and to the log.

A history that cannot be written (a full disk) must not stop the work: it is logged when that begins and when it ends.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from venom_modeld.core import events
from venom_modeld.core.events import Event, OperationRecord, OperationStatus
from venom_modeld.core.operations import OperationType
from venom_modeld.core.reasons import Reason
from venom_modeld.engine.flights import Flight
from venom_modeld.state.errors import StateError
from venom_modeld.state.store import Store

logger = logging.getLogger(__name__)

_EVENTS = {
    OperationStatus.IN_PROGRESS: events.OPERATION_STARTED,
    OperationStatus.COMPLETED: events.OPERATION_COMPLETED,
    OperationStatus.FAILED: events.OPERATION_FAILED,
    OperationStatus.CANCELLED: events.OPERATION_CANCELLED,
}
_LINES = {
    OperationStatus.IN_PROGRESS: "operation started",
    OperationStatus.COMPLETED: "operation completed",
    OperationStatus.FAILED: "operation failed",
    OperationStatus.CANCELLED: "operation cancelled",
}


class Journal:
    """The history of one runtime's operations. `wall` returns seconds since the epoch."""

    def __init__(self, store: Store, *, wall: Callable[[], float], tell: Callable[[Event], None]) -> None:
        self._store = store
        self._wall = wall
        self._tell = tell
        self._broken = False

    async def started(self, flight: Flight) -> None:
        """Tell that an operation begins; raises StateError for a removal that cannot be put on record."""
        if flight.operation.type is OperationType.REMOVE:
            await self._store.append_operation(flight.record)
        await self._write(flight.record)

    async def ended(
        self, flight: Flight, status: OperationStatus, reason: Reason, message: str, *, retry_at: float | None = None
    ) -> None:
        """Tell how an operation ended; `retry_at` is when it is tried again, if it is."""
        flight.record = replace(
            flight.shown(),
            status=status,
            reason=reason,
            message=message,
            retry_at=retry_at,
            completed_at=self._wall(),
        )
        await self._write(flight.record)

    async def saving(self, write: Awaitable[None]) -> None:
        """Await a write whose failure must not stop the work."""
        try:
            await write
        except StateError as error:
            if not self._broken:
                logger.warning("state cannot be written", extra={"reason": error.reason, "detail": error.message})
            self._broken = True
        else:
            if self._broken:
                logger.info("state can be written again")
            self._broken = False

    async def _write(self, record: OperationRecord) -> None:
        await self.saving(self._store.append_operation(record))
        self._tell(_event(record, at=self._wall()))
        level = logging.WARNING if record.status is OperationStatus.FAILED else logging.INFO
        logger.log(level, _LINES[record.status], extra=_fields(record))


def _event(record: OperationRecord, *, at: float) -> Event:
    return Event(
        at=at,
        type=_EVENTS[record.status],
        runtime=record.runtime,
        model=record.model,
        reason=record.reason,
        message=record.message,
        operation_id=record.id,
        operation_type=record.type,
        revision=record.revision,
    )


def _fields(record: OperationRecord) -> dict[str, object]:
    return {
        "runtime": record.runtime,
        "operation": record.type.value,
        "model": record.model,
        "reason": record.reason.value,
        "detail": record.message,
        "attempt": record.attempt,
        "operation_id": record.id,
    }

"""Runs the operations of one runtime, each in a task of its own, and remembers how they ended.

It decides nothing: what may start, what is to be cancelled and what a failure means for the next plan is decided in
the core from what is recorded here. A failure becomes a block (a wait, or a stall until something changes); success
removes it. A download in which no byte moves for the stall time is cut, and goes on after its first wait.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from venom_modeld.core.errors import ModeldError, TemporaryError
from venom_modeld.core.events import OperationRecord, OperationStatus
from venom_modeld.core.names import ModelName
from venom_modeld.core.operations import DOWNLOADS, Operation, accomplished
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.core.progress import Phase, Progress, advance, start
from venom_modeld.core.reasons import Reason
from venom_modeld.core.sizes import human
from venom_modeld.engine.backoff import Backoff
from venom_modeld.engine.effects import Effects
from venom_modeld.engine.flights import Flight
from venom_modeld.engine.journal import Journal
from venom_modeld.engine.ledger import Ledger

logger = logging.getLogger(__name__)

VERIFY_SECONDS = 1800.0
"""How long a runtime may check what it downloaded, load a model or make one; it reports nothing meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Which file leads to an operation."""

    revision: str
    generation: int
    author: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long failures are waited out; `stall_timeout` is seconds, `wall` returns seconds since the epoch."""

    backoff: Backoff
    stall_timeout: float
    wall: Callable[[], float]
    load_timeout: float = 0.0

    def with_silence(self, phase: Phase) -> float:
        """Return how many seconds may pass in a phase without a move."""
        if phase in (Phase.RESOLVING, Phase.DOWNLOADING):
            return self.stall_timeout
        return max(VERIFY_SECONDS, self.load_timeout)


class Executor:
    """The operations in flight on one runtime.

    `changed` is called when one moved on, `done` with one that was done, and then, as after any other end, `ended`.
    """

    def __init__(
        self,
        effects: Effects,
        ledger: Ledger,
        journal: Journal,
        patience: Patience,
        *,
        changed: Callable[[], None],
        done: Callable[[Operation], None],
        ended: Callable[[], None],
    ) -> None:
        self._effects = effects
        self._ledger = ledger
        self._journal = journal
        self._patience = patience
        self._changed = changed
        self._done = done
        self._ended = ended
        self._flights: dict[str, Flight] = {}
        self.endings = 0
        """How many operations have ended; an observation that began before one of them tells an old world."""

    @property
    def in_flight(self) -> tuple[Operation, ...]:
        """Return the running operations, oldest first."""
        return tuple(flight.operation for flight in self._flights.values())

    @property
    def records(self) -> tuple[OperationRecord, ...]:
        """Return the records of the running operations with where they are now, oldest first."""
        return tuple(flight.shown() for flight in self._flights.values())

    @property
    def partial(self) -> Mapping[ModelName, int]:
        """Return how many bytes the downloads in flight have put on the disk."""
        return {
            flight.operation.model: flight.transfer.completed_bytes
            for flight in self._flights.values()
            if isinstance(flight.operation, DOWNLOADS)
        }

    def start(self, operation: Operation, cause: Cause) -> None:
        """Begin an operation that is not in flight."""
        record = self._record(operation, cause)
        transfer = start(Phase.WAITING, now=asyncio.get_running_loop().time())
        flight = Flight(operation=operation, record=record, transfer=transfer)
        self._flights[operation.key] = flight
        flight.task = asyncio.create_task(self._run(flight), name=f"{operation.type} {operation.model}")
        self._changed()

    def cancel(self, key: str, why: str, *, hold: bool = False) -> None:
        """Stop an operation in flight: the file no longer wants it or, with `hold`, a person said so."""
        flight = self._flights.get(key)
        if flight is not None:
            flight.cancel(why, hold=hold)
            self._changed()

    async def close(self, why: str) -> None:
        """Stop everything, and return when it has stopped."""
        tasks = [flight.task for flight in self._flights.values() if flight.task is not None]
        for key in list(self._flights):
            self.cancel(key, why)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _record(self, operation: Operation, cause: Cause) -> OperationRecord:
        now = self._patience.wall()
        return OperationRecord(
            id=f"{operation.key}-{int(now * 1000):x}",
            key=operation.key,
            runtime=operation.runtime,
            type=operation.type,
            model=operation.model.text,
            status=OperationStatus.IN_PROGRESS,
            reason=Reason.PROGRESSING,
            message=operation.reason,
            revision=cause.revision,
            generation=cause.generation,
            author=cause.author,
            attempt=self._ledger.attempts_of(operation.key) + 1,
            started_at=now,
            size_bytes=operation.size_bytes,
        )

    async def _run(self, flight: Flight) -> None:
        try:
            await self._journal.started(flight)
            await self._succeeded(flight, await self._guarded(flight))
        except asyncio.CancelledError:
            await self._was_cancelled(flight)
            if not flight.cancelled_by:
                raise
        except ModeldError as error:
            await self._failed(flight, error)
        except Exception as error:
            logger.exception("operation met a bug", extra={"operation_id": flight.record.id})
            await self._failed(
                flight, TemporaryError(f"unexpected {error!r}, see the log", reason=Reason.INTERNAL_ERROR)
            )
        finally:
            del self._flights[flight.operation.key]
            self.endings += 1
            self._ended()

    async def _guarded(self, flight: Flight) -> int | None:
        """Run the operation, and return the bytes that it freed; cut it when nothing moves for the stall time."""
        guard = asyncio.timeout(self._patience.with_silence(flight.transfer.phase))
        try:
            async with guard:
                return await self._effects.run(flight.operation, self._reporter(flight, guard))
        except TimeoutError as error:
            if not guard.expired():
                raise
            raise TemporaryError(_no_progress(flight), reason=Reason.NO_PROGRESS) from error

    def _reporter(self, flight: Flight, guard: asyncio.Timeout) -> Callable[[Progress], None]:
        loop = asyncio.get_running_loop()

        def report(progress: Progress) -> None:
            flight.transfer = advance(flight.transfer, progress, now=loop.time())
            if not guard.expired():
                guard.reschedule(flight.transfer.moved_at + self._patience.with_silence(flight.transfer.phase))
            self._changed()

        return report

    async def _succeeded(self, flight: Flight, freed: int | None) -> None:
        self._done(flight.operation)
        await self._journal.saving(self._ledger.unblock([flight.operation.key]))
        if isinstance(flight.operation, DOWNLOADS):
            await self._journal.saving(self._ledger.note_partial(flight.operation.model, 0))
        message = accomplished(flight.operation, moved_bytes=flight.transfer.completed_bytes, freed_bytes=freed)
        await self._journal.ended(flight, OperationStatus.COMPLETED, Reason.SUCCEEDED, message)

    async def _was_cancelled(self, flight: Flight) -> None:
        if flight.hold:
            block = Block(kind=BlockKind.HELD, reason=Reason.CANCELLED, message=flight.cancelled_by)
            await self._journal.saving(self._ledger.block(flight.operation, block))
        await self._note_partial(flight)
        reason = Reason.CANCELLED if flight.hold else Reason.REMOVED_FROM_FILE
        message = flight.cancelled_by or "the daemon stops"
        await self._journal.ended(flight, OperationStatus.CANCELLED, reason, message)

    async def _failed(self, flight: Flight, error: ModeldError) -> None:
        came_further = flight.transfer.completed_bytes > self._ledger.partial.get(flight.operation.model, 0)
        failures = 1 if came_further else flight.record.attempt
        block = self._patience.backoff.block(error, failures=failures, now=self._patience.wall())
        await self._journal.saving(self._ledger.block(flight.operation, block))
        await self._note_partial(flight)
        await self._journal.ended(flight, OperationStatus.FAILED, error.reason, error.message, retry_at=block.until)

    async def _note_partial(self, flight: Flight) -> None:
        completed = flight.transfer.completed_bytes
        if completed and isinstance(flight.operation, DOWNLOADS):
            await self._journal.saving(self._ledger.note_partial(flight.operation.model, completed))


def _no_progress(flight: Flight) -> str:
    operation, transfer = flight.operation, flight.transfer
    return (
        f"{operation.runtime}: {operation.type} of {operation.model} stood still at"
        f" {human(transfer.completed_bytes)} ({transfer.phase}); it was cut and will go on from there"
    )

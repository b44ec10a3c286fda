"""The state store: what the daemon must not forget, in one SQLite file.

The world can be asked again, so little stands here: what this daemon installed (only that may be removed), what failed
and is held, what a person approved, what happened, the last good file and the last good observation. A call that has
returned survives `kill -9` and a power cut. Progress is never written.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from venom_modeld.core.events import Event, OperationRecord
from venom_modeld.core.inventory import Entry, Inventory
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import ObservedState
from venom_modeld.core.reasons import Reason
from venom_modeld.state import attempts, history, inventory, last_good
from venom_modeld.state.database import Database
from venom_modeld.state.records import (
    AcceptedFile,
    Approval,
    Attempt,
    LastObservation,
    Reconciliation,
    Retention,
)
from venom_modeld.state.rows import Kind

if TYPE_CHECKING:
    from venom_modeld.core.catalogue import KeptAnswer, KeptSize

STATE_FILE = "state.db"
"""The name of the file in the state folder."""


class Store:
    """The open state. Every method may raise StateError, after which the store is as it was and stays usable.

    A write is one transaction. It is done even where its caller is cancelled meanwhile.
    """

    def __init__(self, database: Database, retention: Retention) -> None:
        self._database = database
        self._retention = retention
        self._written: dict[str, LastObservation] = {}

    @classmethod
    async def open(cls, path: Path, *, read_only: bool = False, retention: Retention | None = None) -> Self:
        """Open the state, or begin it.

        A damaged file is set aside and told in `recovered`. With `read_only`, nothing is created or changed, a daemon
        may be writing meanwhile, and a missing file is an empty state.

        Raise StateUnusable where the folder is missing or closed to this user, or the file was written by a newer
        version or another program; StateError where the file cannot be used now.
        """
        return cls(await Database.open(path, read_only=read_only), retention or Retention())

    @property
    def recovered(self) -> str | None:
        """Tell in a sentence that a damaged file was set aside when the state was opened; None where it was whole."""
        return self._database.recovered

    async def close(self) -> None:
        """Finish the writes under way and close the file. The store cannot be used afterwards."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def load_inventory(self, runtime: str) -> Inventory:
        """Return what is remembered of a runtime; an empty inventory for one never seen."""
        return await self._database.read(inventory.load, runtime)

    async def record(self, runtime: str, entry: Entry) -> None:
        """Remember that this daemon put a name on a runtime."""
        await self._database.write(inventory.record, runtime, entry)

    async def forget(self, runtime: str, name: ModelName) -> None:
        """Forget a name that is no longer on a runtime."""
        await self._database.write(inventory.forget, runtime, name)

    async def keep(self, runtime: str, names: Iterable[ModelName]) -> None:
        """Make these the models that the file protects."""
        await self._database.write(inventory.replace_names, Kind.KEPT, runtime, tuple(names))

    async def set_last_active(self, runtime: str, name: ModelName | None) -> None:
        """Remember the model that was last activated and proven."""
        await self._database.write(inventory.replace_names, Kind.ACTIVE, runtime, () if name is None else (name,))

    async def set_pinned(self, runtime: str, names: Iterable[ModelName]) -> None:
        """Make these the models that this daemon told the runtime to keep loaded."""
        await self._database.write(inventory.replace_names, Kind.PINNED, runtime, tuple(names))

    async def save_attempt(self, attempt: Attempt) -> None:
        """Remember a failed or held operation, in place of what was remembered under its key."""
        await self._database.write(attempts.save, attempt)

    async def clear_attempt(self, runtime: str, key: str) -> None:
        """Forget one failure or hold."""
        await self._database.write(attempts.clear, runtime, key)

    async def clear_attempts(self, runtime: str) -> None:
        """Forget every failure and hold of a runtime."""
        await self._database.write(attempts.clear_all, runtime)

    async def load_attempts(self, runtime: str) -> tuple[Attempt, ...]:
        """Return the failed and held operations of a runtime."""
        return await self._database.read(attempts.load, runtime)

    async def set_partial_bytes(self, runtime: str, name: ModelName, size: int | None) -> None:
        """Remember how many bytes of an unfinished download are on the runtime's disk; None forgets it."""
        await self._database.write(attempts.set_partial, runtime, name, size)

    async def load_partial_bytes(self, runtime: str) -> Mapping[ModelName, int]:
        """Return the unfinished downloads of a runtime with their bytes."""
        return await self._database.read(attempts.load_partials, runtime)

    async def approve(self, approval: Approval) -> None:
        """Remember a person's approval of one unsafe plan."""
        await self._database.write(attempts.approve, approval)

    async def load_approvals(self, runtime: str) -> tuple[Approval, ...]:
        """Return the approvals of a runtime."""
        return await self._database.read(attempts.load_approvals, runtime)

    async def clear_approval(self, runtime: str, digest: str) -> None:
        """Forget an approval that was used up or withdrawn."""
        await self._database.write(attempts.clear_approval, runtime, digest)

    async def append_operation(self, record: OperationRecord) -> None:
        """Insert a record of an operation, or replace the one of the same id in its place."""
        await self._database.write(history.append_operation, record, self._retention)

    async def operations(
        self, limit: int, *, runtime: str | None = None, before: str | None = None
    ) -> tuple[OperationRecord, ...]:
        """Return up to `limit` records, the newest first; `before` is the id after which to go on.

        An id that is not, or no longer, in the history gives nothing: what came after it was dropped too.
        """
        return await self._database.read(history.operations, limit, runtime, before)

    async def operation(self, id_: str) -> OperationRecord | None:
        """Return the record of that id, or the latest of that key; None where there is neither."""
        return await self._database.read(history.operation, id_)

    async def interrupted(self, *, at: float) -> tuple[OperationRecord, ...]:
        """End the records that a crash left pending or in progress as failed (Interrupted) at `at`; return them.

        For the start of the daemon, before anything is begun.
        """
        return await self._database.write(history.interrupt, self._retention, at=at)

    async def note_reconciliation(
        self, runtime: str, revision: str, reason: Reason, *, at: float, seconds: float
    ) -> None:
        """Count a cycle: one line for each runtime, revision and result, with its first and last time."""
        cycle = Reconciliation(
            runtime=runtime, revision=revision, reason=reason, first_at=at, last_at=at, count=1, seconds=seconds
        )
        await self._database.write(history.note_reconciliation, cycle, keep=self._retention.reconciliations)

    async def reconciliations(self, limit: int, *, runtime: str | None = None) -> tuple[Reconciliation, ...]:
        """Return up to `limit` lines, the latest first."""
        return await self._database.read(history.reconciliations, limit, runtime)

    async def append_events(self, events: Iterable[Event]) -> None:
        """Add events to the log, in their order."""
        await self._database.write(history.append_events, tuple(events), keep=self._retention.events)

    async def events(self, limit: int) -> tuple[Event, ...]:
        """Return the latest `limit` events, oldest first."""
        return await self._database.read(history.events, limit)

    async def save_file(self, file: AcceptedFile) -> None:
        """Remember the last good desired-state file."""
        await self._database.write(last_good.save_file, file)

    async def load_file(self) -> AcceptedFile | None:
        """Return the last good desired-state file, or None before the first."""
        return await self._database.read(last_good.load_file)

    async def save_observation(self, runtime: str, observed: ObservedState, *, at: float) -> None:
        """Remember what a runtime said of itself at a time; for every cycle, since little of it is written.

        Where nothing but free disk space and expiry times moved, it is written once an hour.
        """
        now = LastObservation(runtime=runtime, observed=observed, at=at)
        if last_good.is_news(self._written.get(runtime), now):
            await self._database.write(last_good.save_observation, now)
            self._written[runtime] = now

    async def load_observation(self, runtime: str) -> LastObservation | None:
        """Return the last good observation of a runtime, or None before the first."""
        return await self._database.read(last_good.load_observation, runtime)

    async def save_catalogue(self, kept: "KeptAnswer") -> None:
        """Keep what a catalogue said last to a question."""
        from venom_modeld.state import catalogue  # noqa: PLC0415 - a plan asks for nothing of it

        await self._database.write(catalogue.save, kept, queries=self._retention.queries)

    async def load_catalogue(self) -> "tuple[KeptAnswer, ...]":
        """Return every answer of a catalogue that is kept, the oldest first."""
        from venom_modeld.state import catalogue  # noqa: PLC0415 - a plan asks for nothing of it

        return await self._database.read(catalogue.load)

    async def save_sizes(self, sizes: "Iterable[KeptSize]") -> None:
        """Keep the sizes that were looked up."""
        from venom_modeld.state import catalogue  # noqa: PLC0415 - a plan asks for nothing of it

        await self._database.write(catalogue.save_sizes, tuple(sizes), keep=self._retention.sizes)

    async def load_sizes(self) -> "tuple[KeptSize, ...]":
        """Return every size that is kept, the oldest first."""
        from venom_modeld.state import catalogue  # noqa: PLC0415 - a plan asks for nothing of it

        return await self._database.read(catalogue.load_sizes)

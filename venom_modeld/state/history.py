"""What happened: operations, reconciliations and events, each bounded, the oldest dropped in the same transaction."""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace

from venom_modeld.core.events import Event, OperationRecord, OperationStatus
from venom_modeld.core.reasons import Reason
from venom_modeld.state import codec, rows
from venom_modeld.state.records import Reconciliation, Retention

DAY = 86_400.0


def append_operation(connection: sqlite3.Connection, record: OperationRecord, retention: Retention) -> None:
    """Insert a record, or replace the one of the same id in its place; drop what is too old or too much."""
    connection.execute(
        "INSERT INTO operations (id, runtime, status, ended_at, body) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET status = excluded.status, ended_at = excluded.ended_at, body = excluded.body",
        (record.id, record.runtime, record.status, record.completed_at, codec.dump(record)),
    )
    connection.execute(
        "DELETE FROM operations WHERE runtime = :runtime AND seq <="
        " (SELECT seq FROM operations WHERE runtime = :runtime ORDER BY seq DESC LIMIT 1 OFFSET :keep)",
        {"runtime": record.runtime, "keep": retention.operations},
    )
    if retention.operation_days is not None and record.completed_at is not None:
        oldest = record.completed_at - retention.operation_days * DAY
        connection.execute(
            "DELETE FROM operations WHERE ended_at < ? AND seq <="
            " (SELECT seq FROM operations ORDER BY seq DESC LIMIT 1 OFFSET ?)",
            (oldest, retention.operations_of_any_age),
        )


def operation(connection: sqlite3.Connection, id_: str) -> OperationRecord | None:
    """Return one record by its id, or the latest by its key, with which the ids of all its attempts begin; or None."""
    found = connection.execute(
        "SELECT CAST(body AS BLOB) FROM operations WHERE id = :id OR id BETWEEN :id || '-' AND :id || '.'"
        " ORDER BY id = :id DESC, seq DESC LIMIT 1",
        {"id": id_},
    )
    return next(iter(rows.understood(OperationRecord, found, what="operation")), None)


def operations(
    connection: sqlite3.Connection, limit: int, runtime: str | None, before: str | None
) -> tuple[OperationRecord, ...]:
    """Return the newest records first, of one runtime or all, from the one after `before` on."""
    found = connection.execute(
        "SELECT CAST(body AS BLOB) FROM operations"
        " WHERE (:runtime IS NULL OR runtime = :runtime)"
        " AND (:before IS NULL OR seq < (SELECT seq FROM operations WHERE id = :before))"
        " ORDER BY seq DESC LIMIT :limit",
        {"runtime": runtime, "before": before, "limit": limit},
    )
    return rows.understood(OperationRecord, found, what="operation")


def interrupt(connection: sqlite3.Connection, retention: Retention, *, at: float) -> tuple[OperationRecord, ...]:
    """End every record that a crash left open; return them as they are now, oldest first."""
    found = connection.execute(
        "SELECT CAST(body AS BLOB) FROM operations WHERE status IN (?, ?) ORDER BY seq",
        (OperationStatus.PENDING, OperationStatus.IN_PROGRESS),
    )
    ended = tuple(_ended(record, at) for record in rows.understood(OperationRecord, found, what="operation"))
    for record in ended:
        append_operation(connection, record, retention)
    return ended


def _ended(record: OperationRecord, at: float) -> OperationRecord:
    message = "The daemon stopped before this was done; it is planned again where it is still needed."
    return replace(
        record,
        status=OperationStatus.FAILED,
        reason=Reason.INTERRUPTED,
        message=message,
        completed_at=at,
        retry_at=None,
    )


def note_reconciliation(connection: sqlite3.Connection, cycle: Reconciliation, *, keep: int) -> None:
    """Add a cycle to the line of its revision and result, and make that line the newest."""
    key = {"runtime": cycle.runtime, "revision": cycle.revision, "reason": cycle.reason}
    found = connection.execute(
        "SELECT CAST(body AS BLOB) FROM reconciliations"
        " WHERE runtime = :runtime AND revision = :revision AND reason = :reason",
        key,
    )
    for before in rows.understood(Reconciliation, found, what="reconciliation"):
        cycle = replace(cycle, first_at=before.first_at, count=before.count + cycle.count)
    connection.execute(
        "INSERT OR REPLACE INTO reconciliations (seq, runtime, revision, reason, body) VALUES"
        " ((SELECT coalesce(max(seq), 0) + 1 FROM reconciliations), :runtime, :revision, :reason, :body)",
        key | {"body": codec.dump(cycle)},
    )
    connection.execute(
        "DELETE FROM reconciliations WHERE runtime = :runtime AND seq <="
        " (SELECT seq FROM reconciliations WHERE runtime = :runtime ORDER BY seq DESC LIMIT 1 OFFSET :keep)",
        {"runtime": cycle.runtime, "keep": keep},
    )


def reconciliations(connection: sqlite3.Connection, limit: int, runtime: str | None) -> tuple[Reconciliation, ...]:
    """Return the lines, the latest first."""
    found = connection.execute(
        "SELECT CAST(body AS BLOB) FROM reconciliations WHERE (:runtime IS NULL OR runtime = :runtime)"
        " ORDER BY seq DESC LIMIT :limit",
        {"runtime": runtime, "limit": limit},
    )
    return rows.understood(Reconciliation, found, what="reconciliation")


def append_events(connection: sqlite3.Connection, events: Iterable[Event], *, keep: int) -> None:
    """Add events and drop those that are too many."""
    connection.executemany("INSERT INTO events (body) VALUES (?)", [(codec.dump(event),) for event in events])
    connection.execute(
        "DELETE FROM events WHERE seq <= (SELECT seq FROM events ORDER BY seq DESC LIMIT 1 OFFSET ?)", (keep,)
    )


def events(connection: sqlite3.Connection, limit: int) -> tuple[Event, ...]:
    """Return the latest events, oldest first."""
    found = connection.execute(
        "SELECT CAST(body AS BLOB) FROM (SELECT seq, body FROM events ORDER BY seq DESC LIMIT ?) ORDER BY seq",
        (limit,),
    )
    return rows.understood(Event, found, what="event")

"""What must not simply be tried again: failed and held operations, unfinished downloads, and given approvals."""

import sqlite3
from dataclasses import dataclass

from venom_modeld.core.names import ModelName
from venom_modeld.state import rows
from venom_modeld.state.records import Approval, Attempt
from venom_modeld.state.rows import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Partial:
    model: ModelName
    size: int


def save(connection: sqlite3.Connection, attempt: Attempt) -> None:
    """Remember a failed or held operation."""
    rows.put(connection, Kind.ATTEMPT, attempt.runtime, attempt.key, attempt)


def clear(connection: sqlite3.Connection, runtime: str, key: str) -> None:
    """Forget one failure or hold."""
    rows.drop(connection, Kind.ATTEMPT, runtime, key)


def clear_all(connection: sqlite3.Connection, runtime: str) -> None:
    """Forget every failure and hold of a runtime."""
    rows.clear(connection, Kind.ATTEMPT, runtime)


def load(connection: sqlite3.Connection, runtime: str) -> tuple[Attempt, ...]:
    """Return the failed and held operations of a runtime."""
    return rows.get_all(connection, Kind.ATTEMPT, runtime, Attempt)


def set_partial(connection: sqlite3.Connection, runtime: str, name: ModelName, size: int | None) -> None:
    """Remember the bytes of an unfinished download, or forget them."""
    if size is None:
        rows.drop(connection, Kind.PARTIAL, runtime, name.key)
    else:
        rows.put(connection, Kind.PARTIAL, runtime, name.key, _Partial(model=name, size=size))


def load_partials(connection: sqlite3.Connection, runtime: str) -> dict[ModelName, int]:
    """Return the unfinished downloads of a runtime."""
    return {partial.model: partial.size for partial in rows.get_all(connection, Kind.PARTIAL, runtime, _Partial)}


def approve(connection: sqlite3.Connection, approval: Approval) -> None:
    """Remember an approval."""
    rows.put(connection, Kind.APPROVAL, approval.runtime, approval.digest, approval)


def load_approvals(connection: sqlite3.Connection, runtime: str) -> tuple[Approval, ...]:
    """Return the approvals of a runtime."""
    return rows.get_all(connection, Kind.APPROVAL, runtime, Approval)


def clear_approval(connection: sqlite3.Connection, runtime: str, digest: str) -> None:
    """Forget an approval."""
    rows.drop(connection, Kind.APPROVAL, runtime, digest)

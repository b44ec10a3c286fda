"""What is remembered under a name: one table of JSON bodies, searched by kind, runtime and key.

A row that cannot be understood is left out and told in the log. It stays where it is until it is written anew.
"""

import logging
import sqlite3
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from venom_modeld.state import codec

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Kind(StrEnum):
    """What a remembered row holds."""

    ENTRY = "entry"
    KEPT = "kept"
    PINNED = "pinned"
    ACTIVE = "active"
    ATTEMPT = "attempt"
    PARTIAL = "partial"
    APPROVAL = "approval"
    OBSERVATION = "observation"
    FILE = "file"


def put(connection: sqlite3.Connection, kind: Kind, runtime: str, key: str, value: object) -> None:
    """Remember a value, in place of the one that was there."""
    connection.execute(
        "INSERT INTO remembered (kind, runtime, key, body) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (kind, runtime, key) DO UPDATE SET body = excluded.body",
        (kind, runtime, key, codec.dump(value)),
    )


def drop(connection: sqlite3.Connection, kind: Kind, runtime: str, key: str) -> None:
    """Forget one value; nothing happens where there is none."""
    connection.execute("DELETE FROM remembered WHERE kind = ? AND runtime = ? AND key = ?", (kind, runtime, key))


def clear(connection: sqlite3.Connection, kind: Kind, runtime: str) -> None:
    """Forget every value of a kind on a runtime."""
    connection.execute("DELETE FROM remembered WHERE kind = ? AND runtime = ?", (kind, runtime))


def get_all(connection: sqlite3.Connection, kind: Kind, runtime: str, form: type[T]) -> tuple[T, ...]:
    """Return the values of a kind on a runtime, by their keys."""
    found = connection.execute(
        "SELECT CAST(body AS BLOB) FROM remembered WHERE kind = ? AND runtime = ? ORDER BY key", (kind, runtime)
    )
    return understood(form, found, what=kind)


def understood(form: type[T], found: Iterable[tuple[bytes]], *, what: str) -> tuple[T, ...]:
    """Return the values of the bodies that can be read."""
    values: list[T] = []
    for (body,) in found:
        try:
            values.append(codec.load(form, body))
        except codec.CodecError as error:
            _log.warning("unreadable row left out", extra={"what": what, "error": str(error)})
    return tuple(values)

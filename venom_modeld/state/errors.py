"""What can be wrong with the state on disk, in two families: what may pass by itself, and what needs a person."""

import sqlite3
from pathlib import Path

from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.core.reasons import Reason


class StateError(TemporaryError):
    """The state could not be read or written now (disk full, read-only, busy); the store stays usable."""


class StateUnusable(PermanentError):
    """The state cannot be used as it is: its folder, its owner or its version is not what this program needs."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason=Reason.FAILED)


class StateLocked(StateUnusable):
    """Another daemon works on the same state."""


SqliteFailure = (sqlite3.Error, UnicodeDecodeError)
"""What a call of sqlite3 may raise: it fails to decode a message of SQLite that quotes a damaged file."""


def explain(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> StateError:
    """Translate what SQLite says: which file, what is wrong, what to do."""
    reason, advice = _ADVICE.get(primary_code(error), (Reason.FAILED, "Check the disk and the rights of the folder."))
    return StateError(f"The state in {path} could not be used: {error}. {advice}", reason=reason)


def primary_code(error: sqlite3.Error | UnicodeDecodeError) -> int:
    """Return SQLite's own code of an error, without its details; 0 where SQLite gave none."""
    if isinstance(error, UnicodeDecodeError):
        return sqlite3.SQLITE_CORRUPT
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


_BROKEN = (Reason.CORRUPT, "Start the daemon again: it sets the damaged file aside and begins a new one.")

_ADVICE = {
    sqlite3.SQLITE_FULL: (Reason.DISK_FULL, "The disk is full; free some space on it."),
    sqlite3.SQLITE_READONLY: (Reason.FAILED, "It is not open for writing; check the file system and the owner."),
    sqlite3.SQLITE_BUSY: (Reason.FAILED, "Another program holds it; close that program."),
    sqlite3.SQLITE_CORRUPT: _BROKEN,
    sqlite3.SQLITE_NOTADB: _BROKEN,
}

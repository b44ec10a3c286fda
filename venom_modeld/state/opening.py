"""How the file of the state is opened: checked, brought to this version, and set aside when it is damaged.

A damaged file is renamed, never deleted, and a fresh one is begun: the inventory is then empty, so nothing is removed
on its strength. A file that a newer version wrote, or another program, is refused and left as it is.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from venom_modeld.state import inventory, schema
from venom_modeld.state.codec import CodecError
from venom_modeld.state.errors import SqliteFailure, StateUnusable, primary_code

BUSY_SECONDS = 5.0
"""How long to wait for another process that holds the file, before giving up."""

JOURNAL_BYTES = 4_000_000
"""To what the write-ahead log is cut back after it grew."""

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""SQLITE_ERROR among them: our statements are right, so what they do not fit is the file."""


class Damaged(StateUnusable):
    """The file is not a whole database of this program; the message says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A connection, and in a sentence what had to be given up for it."""

    connection: sqlite3.Connection
    recovered: str | None = None


def open_writable(path: Path, steps: tuple[schema.Step, ...] = schema.STEPS) -> Opened:
    """Open or begin the state; a damaged file is set aside. Raise StateUnusable, sqlite3.Error or OSError."""
    _make_private(path)
    try:
        return Opened(connection=_prepared(path, steps))
    except Damaged as damage:
        aside = _set_aside(path)
        _make_private(path)
        recovered = (
            f"The state in {path} was damaged ({damage}). It was set aside as {aside.name} and a new one begun: the"
            " models installed so far count as unmanaged now, so none of them is removed."
        )
        return Opened(connection=_prepared(path, steps), recovered=recovered)


def open_readable(path: Path, steps: tuple[schema.Step, ...] = schema.STEPS) -> Opened:
    """Open the state for reading, beside a daemon that may be writing; where there is none yet, an empty one.

    Raise StateUnusable, sqlite3.Error or OSError.
    """
    if not path.exists():
        return Opened(connection=_empty(steps))
    connection = _connect(f"{path.resolve().as_uri()}?mode=ro")
    try:
        version = _checked_version(connection, path, steps)
        _refuse_older(version, path, steps)
        connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    if version:
        return Opened(connection=connection)
    connection.close()
    return Opened(connection=_empty(steps))


def _make_private(path: Path) -> None:
    """Create the file before SQLite does, for nobody but its owner; the -wal and -shm files take after it.

    No link is followed: where others may write to the folder, one could lead to any file of ours.
    """
    if path.is_symlink():
        raise StateUnusable(f"{path} is a link, which is not followed. Put the file itself there, or remove the link.")
    path.touch(mode=0o600)
    if path.is_file():
        path.chmod(0o600)


def _connect(target: Path | str) -> sqlite3.Connection:
    """Open a path or a `file:` address. One thread at a time uses the connection, but not always the same one."""
    return sqlite3.connect(
        target,
        uri=isinstance(target, str),
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def _empty(steps: tuple[schema.Step, ...]) -> sqlite3.Connection:
    connection = _connect("file::memory:")
    schema.migrate(connection, steps)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _prepared(path: Path, steps: tuple[schema.Step, ...]) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        _prepare(connection, path, steps)
    except BaseException as error:
        connection.close()
        if _is_damage(error):
            raise Damaged(str(error)) from error
        raise
    return connection


def _is_damage(error: BaseException) -> bool:
    return isinstance(error, CodecError) or (isinstance(error, SqliteFailure) and primary_code(error) in _DAMAGE)


def _prepare(connection: sqlite3.Connection, path: Path, steps: tuple[schema.Step, ...]) -> None:
    """Check, then change: a file that is refused must not have been written to."""
    _checked_version(connection, path, steps)
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise Damaged(verdict)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")
    schema.migrate(connection, steps)
    if not schema.is_whole(connection, steps):
        raise Damaged("a table is missing")
    inventory.check(connection)


def _checked_version(connection: sqlite3.Connection, path: Path, steps: tuple[schema.Step, ...]) -> int:
    with connection:
        connection.execute("BEGIN")  # one look: another process may be making the tables meanwhile
        ours, version, tables = schema.belongs_to_us(connection), schema.version(connection), schema.tables(connection)
    if not ours:
        raise StateUnusable(f"{path} is a database of another program. Give venom-modeld a state folder of its own.")
    if version < 0 or (version == 0 and tables):
        raise Damaged(f"its version cannot be {version}")
    if version > len(steps):
        raise StateUnusable(
            f"The state in {path} was written by a newer version of venom-modeld (its version is {version}, this"
            f" program knows up to {len(steps)}). Install that version again, or move the file away to begin anew."
        )
    return version


def _refuse_older(version: int, path: Path, steps: tuple[schema.Step, ...]) -> None:
    if 0 < version < len(steps):
        raise StateUnusable(
            f"The state in {path} was written by an earlier version of venom-modeld. Start the daemon of this version"
            " once: it brings the state up to date."
        )


def _set_aside(path: Path) -> Path:
    """Rename the file with its log, so that SQLite can still open what was set aside."""
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(aside.with_name(aside.name + suffix))
    return aside

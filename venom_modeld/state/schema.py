"""The tables of the state, and how a file of an earlier version becomes one of this version.

Each record is one JSON body (see `codec`) beside the few columns that are searched, so that a new field of a record
needs no new schema. A step is never changed once it was released: a new one is added. A release that writes something
an earlier one would misread (a new word in an inventory entry, for example) adds a step too, an empty one if need be:
the version is what keeps an older program from touching the file.
"""

import sqlite3

Step = tuple[str, ...]
"""The statements that lead from one version to the next."""

APPLICATION_ID = 0x766D6F64
"""Marks the file as ours in its header: `vmod`."""

STEPS: tuple[Step, ...] = (
    (
        """
        CREATE TABLE remembered (
            kind TEXT NOT NULL,
            runtime TEXT NOT NULL,
            key TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (kind, runtime, key)
        )
        """,
        """
        CREATE TABLE operations (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            runtime TEXT NOT NULL,
            status TEXT NOT NULL,
            ended_at REAL,
            body TEXT NOT NULL
        )
        """,
        "CREATE INDEX operations_of_runtime ON operations (runtime, seq)",
        "CREATE INDEX operations_by_end ON operations (ended_at)",
        """
        CREATE TABLE reconciliations (
            seq INTEGER PRIMARY KEY,
            runtime TEXT NOT NULL,
            revision TEXT NOT NULL,
            reason TEXT NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (runtime, revision, reason)
        )
        """,
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    ),
    (
        """
        CREATE TABLE catalogue (
            seq INTEGER PRIMARY KEY,
            source TEXT NOT NULL,
            provider TEXT NOT NULL,
            listing TEXT NOT NULL,
            query TEXT NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (source, provider, listing, query)
        )
        """,
        "CREATE TABLE sizes (seq INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, body TEXT NOT NULL)",
    ),
)


def version(connection: sqlite3.Connection) -> int:
    """Return the version of an open file; 0 for one without any content."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def belongs_to_us(connection: sqlite3.Connection) -> bool:
    """Tell whether the file is ours or has no content yet."""
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    return mark == APPLICATION_ID or (mark == 0 and version(connection) == 0 and not tables(connection))


def tables(connection: sqlite3.Connection) -> set[tuple[bytes, bytes]]:
    """Return the name and the definition of every table and index that was created by a statement."""
    found = connection.execute("SELECT CAST(name AS BLOB), CAST(sql AS BLOB) FROM sqlite_master WHERE sql IS NOT NULL")
    return set(found.fetchall())


def migrate(connection: sqlite3.Connection, steps: tuple[Step, ...] = STEPS) -> None:
    """Bring a file to the newest version, in one transaction: a crash leaves it as it was."""
    if version(connection) == len(steps):
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for step in steps[version(connection) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")


def is_whole(connection: sqlite3.Connection, steps: tuple[Step, ...] = STEPS) -> bool:
    """Tell whether every table of the newest version is there as it was made."""
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(fresh, steps)
        return tables(fresh) <= tables(connection)
    finally:
        fresh.close()

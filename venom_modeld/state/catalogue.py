"""What the catalogues said last, and the sizes that were looked up: bounded, the oldest dropped in the same write."""

import sqlite3
from collections.abc import Iterable

from venom_modeld.core.catalogue import KeptAnswer, KeptSize
from venom_modeld.state import codec, rows


def save(connection: sqlite3.Connection, kept: KeptAnswer, *, queries: int) -> None:
    """Keep an answer as the newest one; of those to queries, keep so many."""
    connection.execute(
        "REPLACE INTO catalogue (source, provider, listing, query, body) VALUES (?, ?, ?, ?, ?)",
        (kept.source, kept.question.provider, kept.question.listing, kept.question.query, codec.dump(kept)),
    )
    if kept.question.query:
        connection.execute(
            "DELETE FROM catalogue WHERE query != '' AND seq <="
            " (SELECT seq FROM catalogue WHERE query != '' ORDER BY seq DESC LIMIT 1 OFFSET ?)",
            (queries,),
        )


def load(connection: sqlite3.Connection) -> tuple[KeptAnswer, ...]:
    """Return every answer, the oldest first."""
    found = connection.execute("SELECT CAST(body AS BLOB) FROM catalogue ORDER BY seq")
    return rows.understood(KeptAnswer, found, what="catalogue")


def save_sizes(connection: sqlite3.Connection, sizes: Iterable[KeptSize], *, keep: int) -> None:
    """Keep sizes as the newest ones; in all, keep so many."""
    connection.executemany(
        "REPLACE INTO sizes (name, body) VALUES (?, ?)", [(size.name, codec.dump(size)) for size in sizes]
    )
    connection.execute(
        "DELETE FROM sizes WHERE seq <= (SELECT seq FROM sizes ORDER BY seq DESC LIMIT 1 OFFSET ?)", (keep,)
    )


def load_sizes(connection: sqlite3.Connection) -> tuple[KeptSize, ...]:
    """Return every size, the oldest first."""
    found = connection.execute("SELECT CAST(body AS BLOB) FROM sizes ORDER BY seq")
    return rows.understood(KeptSize, found, what="size")

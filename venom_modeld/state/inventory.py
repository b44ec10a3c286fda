"""The inventory's rows. Unlike other rows they are never left out when unreadable: removals stand on them."""

import sqlite3
from collections.abc import Iterable

from venom_modeld.core.inventory import Entry, Inventory
from venom_modeld.core.names import ModelName
from venom_modeld.state import codec, rows
from venom_modeld.state.rows import Kind

_FORMS: dict[str, type[Entry] | type[ModelName]] = {
    Kind.ENTRY: Entry,
    Kind.KEPT: ModelName,
    Kind.PINNED: ModelName,
    Kind.ACTIVE: ModelName,
}


def load(connection: sqlite3.Connection, runtime: str) -> Inventory:
    """Return what is remembered of a runtime; an empty inventory for one never seen."""
    entries = rows.get_all(connection, Kind.ENTRY, runtime, Entry)
    active = rows.get_all(connection, Kind.ACTIVE, runtime, ModelName)
    return Inventory(
        entries={entry.name: entry for entry in entries},
        kept=frozenset(rows.get_all(connection, Kind.KEPT, runtime, ModelName)),
        last_active=active[0] if active else None,
        pinned=frozenset(rows.get_all(connection, Kind.PINNED, runtime, ModelName)),
    )


def record(connection: sqlite3.Connection, runtime: str, entry: Entry) -> None:
    """Remember one name, in place of what was remembered under it."""
    rows.put(connection, Kind.ENTRY, runtime, entry.name.key, entry)


def forget(connection: sqlite3.Connection, runtime: str, name: ModelName) -> None:
    """Forget one name."""
    rows.drop(connection, Kind.ENTRY, runtime, name.key)


def replace_names(connection: sqlite3.Connection, kind: Kind, runtime: str, names: Iterable[ModelName]) -> None:
    """Make these names the whole set of a kind."""
    rows.clear(connection, kind, runtime)
    for name in names:
        rows.put(connection, kind, runtime, name.key, name)


def check(connection: sqlite3.Connection) -> None:
    """Raise CodecError where a row of any runtime's inventory cannot be read, or speaks of another model than its key.

    A name stands in a row three times (in the table, in its index, in the body), so that one that has changed on the
    disk is found before it is taken for the name of a model to remove.
    """
    found = connection.execute("SELECT CAST(kind AS BLOB), CAST(key AS BLOB), CAST(body AS BLOB) FROM remembered")
    for kind, key, body in found:
        if form := _FORMS.get(kind.decode(errors="replace")):
            value = codec.load(form, body)
            name = value.name if isinstance(value, Entry) else value
            if name.key.encode() != key:
                raise codec.CodecError(f"{name.key} stands under the key of another model")

"""The last good file and the last good observations: what stays in force, and on show, while there is no better."""

import sqlite3
from dataclasses import replace

from venom_modeld.core.observed import ObservedState
from venom_modeld.state import rows
from venom_modeld.state.records import AcceptedFile, LastObservation
from venom_modeld.state.rows import Kind

REFRESH_SECONDS = 3600.0
"""How far the time of the written observation may lag behind while nothing changes."""


def save_file(connection: sqlite3.Connection, file: AcceptedFile) -> None:
    """Remember the file in place of the one before."""
    rows.put(connection, Kind.FILE, "", "", file)


def load_file(connection: sqlite3.Connection) -> AcceptedFile | None:
    """Return the file, or None."""
    return next(iter(rows.get_all(connection, Kind.FILE, "", AcceptedFile)), None)


def is_news(before: LastObservation | None, now: LastObservation) -> bool:
    """Tell whether an observation is worth writing: it says something else, or the one written is an hour old.

    Free disk space and expiry times move on their own and are nothing else.
    """
    if before is None or not 0 <= now.at - before.at < REFRESH_SECONDS:
        return True
    return _lasting(before.observed) != _lasting(now.observed)


def save_observation(connection: sqlite3.Connection, observation: LastObservation) -> None:
    """Remember an observation in place of the one before."""
    rows.put(connection, Kind.OBSERVATION, observation.runtime, "", observation)


def load_observation(connection: sqlite3.Connection, runtime: str) -> LastObservation | None:
    """Return the observation of a runtime, or None."""
    return next(iter(rows.get_all(connection, Kind.OBSERVATION, runtime, LastObservation)), None)


def _lasting(observed: ObservedState) -> ObservedState:
    return replace(observed, disk=None, loaded=tuple(replace(loaded, expires_at=None) for loaded in observed.loaded))

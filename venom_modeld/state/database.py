"""One SQLite connection on one thread of its own, so that the event loop never waits for a disk.

Every call is one transaction and runs to its end once it was asked for: a caller that is cancelled stops waiting, its
write is done all the same. What SQLite cannot do is told as StateError, and the connection stays in use.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from venom_modeld.state import opening, schema
from venom_modeld.state.errors import SqliteFailure, StateUnusable, explain

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """The file of the state, open. Made by `open`, ended by `close`."""

    def __init__(self, path: Path, thread: ThreadPoolExecutor, opened: opening.Opened) -> None:
        self._path = path
        self._thread = thread
        self._connection = opened.connection
        self.recovered = opened.recovered

    @classmethod
    async def open(cls, path: Path, *, read_only: bool = False, steps: tuple[schema.Step, ...] = schema.STEPS) -> Self:
        """Open the file. Raise StateUnusable where a person is needed, StateError where it may pass."""
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="state")
        opened = thread.submit(_open, path, steps, read_only=read_only)
        try:
            return cls(path, thread, await asyncio.shield(asyncio.wrap_future(opened)))
        except BaseException:
            opened.add_done_callback(_abandon)
            thread.shutdown(wait=False)
            raise

    async def close(self) -> None:
        """Finish what was asked for and close the file; nothing may be asked for afterwards."""
        try:
            await self._on_thread(self._connection.close)
        finally:
            self._thread.shutdown(wait=False)

    async def read(
        self, query: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query in a transaction that sees one state of the file. Raise StateError."""
        return await self._on_thread(self._transact, "BEGIN", lambda connection: query(connection, *args, **kwargs))

    async def write(
        self, change: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a change; it is on disk when this returns, and nothing of it is where this raises StateError."""
        return await self._on_thread(
            self._transact, "BEGIN IMMEDIATE", lambda connection: change(connection, *args, **kwargs)
        )

    async def _on_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        done = asyncio.wrap_future(self._thread.submit(work, *args, **kwargs))
        done.add_done_callback(_look)
        return await asyncio.shield(done)

    def _transact(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with self._connection as connection:
                connection.execute(begin)
                return work(connection)
        except SqliteFailure as error:
            raise explain(error, self._path) from error


def _open(path: Path, steps: tuple[schema.Step, ...], *, read_only: bool) -> opening.Opened:
    try:
        return opening.open_readable(path, steps) if read_only else opening.open_writable(path, steps)
    except SqliteFailure as error:
        raise explain(error, path) from error
    except OSError as error:
        raise StateUnusable(
            f"The state in {path} cannot be opened: {error.strerror}. Check that the folder exists and belongs to the"
            " user that runs venom-modeld."
        ) from error


def _look(done: asyncio.Future[T]) -> None:
    """Take note of a failure: asyncio would log it where whoever waited for it was cancelled."""
    if not done.cancelled():
        done.exception()


def _abandon(opened: "Future[opening.Opened]") -> None:
    """Close a file that was opened for a caller who is gone."""
    if opened.exception() is None:
        opened.result().connection.close()

"""Keeps the log of events: to the board at once, to the state store one after another, never in the teller's way."""

import asyncio
import logging
from typing import Self

from venom_modeld.core.events import Event
from venom_modeld.engine.board import Board
from venom_modeld.state.errors import StateError
from venom_modeld.state.store import Store

logger = logging.getLogger(__name__)

WAITING = 1000
"""How many events may wait for a slow disk; more are still shown, but not kept."""


class Chronicle:
    """Use it as an async context manager; what was told is written when it ends."""

    def __init__(self, store: Store, board: Board) -> None:
        self._store = store
        self._board = board
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to write."""
        self._task = asyncio.create_task(self._write(), name="chronicle")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is left."""
        self._queue.put_nowait(None)
        if self._task is not None:
            await self._task

    def tell(self, event: Event) -> None:
        """Take an event."""
        self._board.tell(event)
        if self._queue.qsize() < WAITING:
            self._queue.put_nowait(event)

    async def _write(self) -> None:
        broken = False
        while (event := await self._queue.get()) is not None:
            try:
                await self._store.append_event(event)
                broken = False
            except StateError as error:
                if not broken:
                    logger.warning("event log cannot be written", extra={"detail": error.message})
                broken = True

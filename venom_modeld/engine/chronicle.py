"""Keeps the log of events: to the board at once, to the state store soon after, never in the teller's way."""

import asyncio
import logging
from contextlib import suppress
from typing import Self

from venom_modeld.core.events import Event
from venom_modeld.engine.board import Board
from venom_modeld.state.errors import StateError
from venom_modeld.state.store import Store

logger = logging.getLogger(__name__)

WAITING = 1000
"""How many events may wait for a slow disk; more are still shown, but not kept."""

GATHER_SECONDS = 0.1
"""How long events are gathered before they are written, all in one: an operation often ends where the next begins."""


class Chronicle:
    """Use it as an async context manager; what was told is written when it ends."""

    def __init__(self, store: Store, board: Board) -> None:
        self._store = store
        self._board = board
        self._waiting: list[Event] = []
        self._told = asyncio.Event()
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to write."""
        self._task = asyncio.create_task(self._write(), name="chronicle")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is left."""
        self._ending.set()
        self._told.set()
        if self._task is not None:
            await self._task

    def tell(self, event: Event) -> None:
        """Take an event."""
        self._board.tell(event)
        if len(self._waiting) < WAITING:
            self._waiting.append(event)
            self._told.set()

    async def _write(self) -> None:
        broken = False
        while not self._ending.is_set() or self._waiting:
            await self._told.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER_SECONDS):
                    await self._ending.wait()
            self._told.clear()
            events, self._waiting = self._waiting, []
            if events:
                broken = not await self._kept(events, quietly=broken)

    async def _kept(self, events: list[Event], *, quietly: bool) -> bool:
        """Write events, and tell whether that could be done; the log hears of a failure unless it is `quietly`."""
        try:
            await self._store.append_events(events)
        except StateError as error:
            if not quietly:
                logger.warning("event log cannot be written", extra={"detail": error.message})
            return False
        return True

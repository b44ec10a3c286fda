"""The job that keeps the catalogues fresh: looks every minute or so, with jitter, whether anything is due.

What is due and what must wait is decided by the cache; looking costs nothing. APScheduler counts on the wall clock. If
that goes back, its next run lies far ahead, so it is checked on the steady clock of the event loop, and made now.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

EVERY = 60.0
JITTER = 20.0

logger = logging.getLogger(__name__)


class Schedule:
    """Runs `work` at once and then every so often, one run at a time, for as long as the context lasts."""

    def __init__(self, work: Callable[[], Awaitable[None]], *, every: float = EVERY, jitter: float = JITTER) -> None:
        self._work = work
        self._every = every
        self._jitter = jitter
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._running: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        # It warns of each run that is left out because the one before still waits for a slow source.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    async def __aenter__(self) -> Self:
        trigger = IntervalTrigger(seconds=self._every, jitter=self._jitter, timezone=UTC)
        self.job: Job = self._scheduler.add_job(
            self._start, trigger, coalesce=True, misfire_grace_time=None, next_run_time=datetime.now(UTC)
        )
        self._scheduler.start()
        self._watching = asyncio.create_task(self._watch_clock(), name="catalogue clock")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scheduler.shutdown(wait=False)
        tasks = [task for task in (self._running, self._watching) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _start(self) -> None:
        """Begin a run unless one is under way; in a task of our own, which we can wait for at the end."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="refresh catalogues")

    async def _run(self) -> None:
        try:
            await self._work()
        except Exception:  # whatever it was, the next run may be better, and nobody else would tell of it
            logger.exception("refresh of the catalogues broke")

    async def _watch_clock(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            ahead = self.job.next_run_time - datetime.now(UTC)
            if ahead > timedelta(seconds=self._every + 2 * self._jitter + 1):
                self.job.modify(next_run_time=datetime.now(UTC))

"""Tells the service manager how the daemon is: ready, reloading, stopping, what it is doing, and that it is alive.

Ready is after every runtime was looked at once, or found not to answer. The watchdog is fed after each whole round of
signs of life, so what feeds it are the loops: one that is stuck lets it starve.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection

from venom_modeld.state.snapshot import SnapshotHub
from venom_modeld.supervision.pulse import Pulse
from venom_modeld.supervision.sd_notify import Notifier
from venom_modeld.supervision.words import status_line

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.5
"""How long changes are gathered before the words are made anew."""


class Supervisor:
    """Speaks for the daemon. `loops` returns the names of the loops that give signs of life."""

    def __init__(
        self, notifier: Notifier, hub: SnapshotHub, pulse: Pulse, loops: Callable[[], Collection[str]]
    ) -> None:
        self._notifier = notifier
        self._hub = hub
        self._pulse = pulse
        self._loops = loops
        self._is_ready = False

    async def run(self) -> None:
        """Tell what there is to tell, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed(), name="feed the watchdog")
            group.create_task(self._follow(), name="tell what is done")

    async def reloading(self) -> None:
        """Tell that the file is being read because somebody asked for it; `ready` ends it."""
        if self._is_ready:
            await self._notifier.tell(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)

    async def reloaded(self) -> None:
        """Tell that the file was read."""
        if self._is_ready:
            await self._notifier.tell(READY=1)

    async def stopping(self) -> None:
        """Tell that the daemon ends."""
        await self._notifier.tell(STOPPING=1, STATUS="stopping")

    async def _feed(self) -> None:
        await self._pulse.whole_round(self._loops)
        self._is_ready = True
        await self._notifier.tell(READY=1)
        while self._notifier.watchdog is not None:
            await asyncio.sleep(self._notifier.watchdog / 2)
            await self._watched_round(self._notifier.watchdog / 4)
            await self._notifier.tell(WATCHDOG=1)

    async def _watched_round(self, patience: float) -> None:
        """Wait for a whole round, and log which loops are missing where that takes long."""
        try:
            async with asyncio.timeout(patience):
                await self._pulse.whole_round(self._loops)
        except TimeoutError:
            for name in self._pulse.missing(self._loops()):
                logger.warning("loop gives no sign of life", extra={"runtime": name})
            await self._pulse.whole_round(self._loops)

    async def _follow(self) -> None:
        version, told = -1, ""
        while True:
            snapshot = await self._hub.newer_than(version)
            version, line = snapshot.version, status_line(snapshot)
            if line != told:
                await self._notifier.tell(STATUS=line)
            told = line
            await asyncio.sleep(GATHER_SECONDS)

"""Follows the snapshots, and brings what is news to the addresses.

A notice counts as told when one address at least took it. What nobody took is tried again, less and less often.
"""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from venom_modeld.config.atomic import WriteError
from venom_modeld.notifications import memory
from venom_modeld.notifications.channel import Channel, NotificationsUnusable
from venom_modeld.notifications.news import News, Notice
from venom_modeld.state.snapshot import SnapshotHub, StatusSnapshot

logger = logging.getLogger(__name__)

GATHER_SECONDS = 1.0
"""How long changes are gathered, so that what fails together is told together."""

LOOK_SECONDS = 15.0
"""How often time alone is looked at, which makes news of what goes on failing."""

FIRST_PAUSE, LONGEST_PAUSE = 15.0, 900.0
"""Seconds after a notice that nobody took."""


class Courier:
    """Brings the notices of one daemon; what was told is remembered in `folder`, `pause` is in seconds."""

    def __init__(self, hub: SnapshotHub, channel: Channel, folder: Path, *, pause: float = FIRST_PAUSE) -> None:
        self._hub = hub
        self._channel = channel
        self._folder = folder
        self._failed = ""
        self._first_pause = pause

    async def run(self) -> None:
        """Go on until cancelled."""
        news = News(await asyncio.to_thread(memory.load, self._folder))
        await self._check()
        version, pause = 0, self._first_pause
        while True:
            version = await self._change(version)
            while not await self._bring(news, self._hub.present):
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            pause = self._first_pause
            await asyncio.sleep(GATHER_SECONDS)

    async def _change(self, version: int) -> int:
        """Wait for a snapshot newer than that of this version, or for time to pass; return its version."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                return (await self._hub.newer_than(version)).version
        return version

    async def _bring(self, news: News, snapshot: StatusSnapshot) -> bool:
        """Bring what is news now; tell whether somebody took all of it."""
        for notice in news.look(snapshot, now=asyncio.get_running_loop().time()):
            if not await self._send(notice, snapshot.host):
                return False
            news.tell(notice)
            await self._remember(news)
        return True

    async def _send(self, notice: Notice, host: str) -> bool:
        try:
            outcomes = await self._channel.send(title=notice.title(host), body=notice.body, kind=notice.kind)
        except NotificationsUnusable as error:
            self._complain(error.message)
            return False
        lost = [f"line {one.line}: {one.word}" for one in outcomes if one.word != "sent"]
        self._complain("; ".join(lost))
        return len(lost) < len(outcomes)

    def _complain(self, detail: str) -> None:
        if detail and detail != self._failed:
            logger.warning("notice could not be delivered", extra={"detail": detail})
        self._failed = detail

    async def _check(self) -> None:
        """Log which addresses are none, so that nobody learns of it on the day that something fails."""
        try:
            outcomes = await self._channel.check()
        except NotificationsUnusable as error:
            self._complain(error.message)
            return
        for outcome in outcomes:
            if outcome.word == "invalid":
                fields = {"file": str(self._channel.file), "line": outcome.line}
                logger.error("address for notices is not valid", extra=fields)

    async def _remember(self, news: News) -> None:
        try:
            await asyncio.to_thread(memory.save, self._folder, news.told)
        except WriteError as error:
            logger.warning("told notices cannot be kept", extra={"detail": error.message})

"""The addresses that notices go to, and the way there."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from venom_modeld.core.errors import PermanentError
from venom_modeld.core.reasons import Reason
from venom_modeld.notifications.troubles import Kind

DEADLINE = 60.0
"""Seconds for one message to all addresses."""


class NotificationsUnusable(PermanentError):
    """The settings ask for notifications that cannot be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a message at one address, which is named by its line in the file, since it holds secrets."""

    line: int
    word: str
    """`sent`, `refused`, `invalid` or `valid`; `unfinished` where the sender did not end in time."""


@dataclass(frozen=True, slots=True)
class Channel:
    """The addresses in a file, one a line; it is read for each message."""

    file: Path

    def require(self) -> None:
        """Raise NotificationsUnusable where nothing could be sent."""
        self._addresses()
        if find_spec("apprise") is None:
            raise NotificationsUnusable(
                "Notifications need Apprise, which is not installed beside the daemon: run `pip install"
                " 'venom-modeld[notify]'` there, or take `notifications.urls_file` out of the settings.",
                reason=Reason.FAILED,
            )

    async def check(self) -> list[Outcome]:
        """Return which addresses are valid, without sending anything. Raises NotificationsUnusable."""
        return await self._hand_over({"kind": None})

    async def send(self, *, title: str, body: str, kind: Kind) -> list[Outcome]:
        """Send a message to every address, and return what became of it. Raises NotificationsUnusable."""
        return await self._hand_over({"title": title, "body": body, "kind": kind})

    async def _hand_over(self, message: dict[str, Any]) -> list[Outcome]:
        addresses = await asyncio.to_thread(self._addresses)
        said = await _run(json.dumps({**message, "addresses": list(addresses.values())}))
        words = json.loads(said) if said else ["unfinished"] * len(addresses)
        return [Outcome(line=line, word=word) for line, word in zip(addresses, words, strict=True)]

    def _addresses(self) -> dict[int, str]:
        """Return the addresses by their lines. Raises NotificationsUnusable."""
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = Reason.ACCESS_DENIED if isinstance(error, PermissionError) else Reason.FAILED
            raise NotificationsUnusable(f"{self.file} cannot be read: {error}", reason=reason) from error
        found = {number: line.strip() for number, line in enumerate(lines, start=1)}
        addresses = {number: line for number, line in found.items() if line and not line.startswith("#")}
        if not addresses:
            message = f"{self.file} holds no address; write one of Apprise's a line, such as ntfys://ntfy.sh/my-topic"
            raise NotificationsUnusable(message, reason=Reason.FAILED)
        return addresses


async def _run(message: str) -> bytes:
    """Return what the sender says; nothing where it did not end well, or not in time."""
    command = (sys.executable, "-P", "-m", "venom_modeld.notifications.sender")
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    try:
        async with asyncio.timeout(DEADLINE):
            said, _ = await process.communicate(message.encode())
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said if process.returncode == 0 else b""

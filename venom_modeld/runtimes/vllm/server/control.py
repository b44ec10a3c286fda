"""What the driver asks of whoever starts and stops the server: the daemon itself, systemd, or somebody else."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from venom_modeld.runtimes.vllm.server.launch import Launch


class Start(ABC):
    """One server that was started, now or earlier, by this process or by one before it."""

    launch: Launch
    url: str
    """Where this very server answers."""
    began: float
    """When it was started, in seconds since the epoch."""
    proven: bool
    """It was proven once."""
    exact: bool = True
    """It was started by us, so what it says of itself must agree with its launch."""

    @abstractmethod
    async def ended(self) -> str:
        """Return when the server has ended, and not before, with why, in its own words where it left any."""

    def signs(self) -> AbstractContextManager[asyncio.Event]:
        """Give an event that is set whenever the server may have become ready; it never is where nothing tells that."""
        return nullcontext(asyncio.Event())

    @abstractmethod
    async def keep(self) -> None:
        """Make it the server: it was proven. What was served before, if it still is, is stopped now."""

    @abstractmethod
    async def give_up(self) -> None:
        """Stop it at once, and everything that it began; what was served before, if it still is, goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """The end of a proven server that was not told to end."""

    launch: Launch
    reason: str
    at: float
    """Seconds of the steady clock, which nobody sets."""
    count: int
    """The how manieth one of the same launch it is within a short time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What there is now."""

    start: Start | None = None
    """The server, where it is one that we know how it was started."""
    crash: Crash | None = None
    """The last crash, if there was one."""


class Server(ABC):
    """The one server of a runtime."""

    @abstractmethod
    async def look(self) -> Standing:
        """Return what there is, after cleaning up behind servers that died. Raises TemporaryError."""

    @abstractmethod
    async def begin(self, launch: Launch, *, beside: bool) -> Start:
        """Start a server in place of what there is, or beside it, and return before it is ready.

        Raises TemporaryError, and PermanentError where somebody else has to do it.
        """

    @abstractmethod
    async def release(self, name: str) -> None:
        """Stop the server if it serves this model, letting requests in progress end.

        Raises PermanentError where somebody else has to do it.
        """

    async def roots(self) -> frozenset[str]:
        """Return what is served from: folders; where somebody else chose it, perhaps the name of a repository."""
        start = (await self.look()).start
        return frozenset() if start is None else frozenset({start.launch.path})

    @abstractmethod
    async def close(self) -> None:
        """Stop watching; what serves goes on."""

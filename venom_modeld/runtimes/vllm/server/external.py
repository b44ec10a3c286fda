"""Somebody else starts and stops the server: it is looked at, and what differs is said in words for that somebody."""

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Sequence

from venom_modeld.core.errors import PermanentError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.client import Served
from venom_modeld.runtimes.vllm.options import Options
from venom_modeld.runtimes.vllm.server.control import Server, Standing, Start
from venom_modeld.runtimes.vllm.server.launch import Launch


class ExternalServer(Server):
    """A server that is not ours; `served` returns what it answers to, `title` is how sentences call the runtime."""

    def __init__(
        self, *, title: str, url: str, options: Options, served: Callable[[], Awaitable[Sequence[Served]]]
    ) -> None:
        self._title = title
        self._url = url
        self._options = options
        self._served = served

    async def look(self) -> Standing:
        """Return nothing: how it was started is not known."""
        return Standing()

    async def begin(self, launch: Launch, *, beside: bool) -> Start:
        """Return the server where it serves what is wanted already; else say what a person must do."""
        del beside
        served = await self._names()
        if served.issuperset(launch.names):
            return ExternalStart(launch, self._url)
        command = shlex.join([*launch.command, *launch.serve_arguments(self._options.host, self._options.port)])
        raise PermanentError(
            f"{self._title}: the server serves {', '.join(sorted(served)) or 'nothing'}, the file says"
            f" {' and '.join(launch.names)}, and `control: external` leaves that to you. Start it as in: {command}.",
            reason=Reason.NOT_VERIFIED,
        )

    async def release(self, name: str) -> None:
        """Say what a person must do, where the model is served."""
        if name in await self._names():
            raise PermanentError(
                f"{self._title}: {name} is still served, and `control: external` leaves that to you. Stop the server,"
                " or start it with another model.",
                reason=Reason.NOT_VERIFIED,
            )

    async def roots(self) -> frozenset[str]:
        """Return what the server says that it was told to serve."""
        return frozenset(one.root for one in await self._served())

    async def close(self) -> None:
        """Let go of nothing."""

    async def _names(self) -> set[str]:
        return {one.id for one in await self._served()}


class ExternalStart(Start):
    """A server of somebody else that serves what is wanted."""

    def __init__(self, launch: Launch, url: str) -> None:
        self.launch = launch
        self.url = url
        self.began = 0.0
        self.proven = True
        self.exact = False

    async def ended(self) -> str:
        """Never return: nobody tells us when it ends."""
        await asyncio.Event().wait()
        raise AssertionError

    async def keep(self) -> None:
        """Keep nothing: it is not ours."""

    async def give_up(self) -> None:
        """Leave it as it is."""

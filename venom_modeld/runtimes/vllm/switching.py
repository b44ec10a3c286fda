"""Serves another model without a leap of faith: nothing is believed before a token came, and nothing good is lost.

A server is begun in place of the present one or beside it, waited for, asked what it serves, and made to generate. Only
then is it the server. On any failure it is taken down with all that it began, and the launch that was proven last is
started again if it no longer runs.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from venom_modeld.core.errors import ModeldError, PermanentError, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm import adapters
from venom_modeld.runtimes.vllm.adapters import Adapters
from venom_modeld.runtimes.vllm.client import Client, Refused
from venom_modeld.runtimes.vllm.clients import Clients
from venom_modeld.runtimes.vllm.errors import Doing, load_failed
from venom_modeld.runtimes.vllm.server.control import Crash, Server, Start
from venom_modeld.runtimes.vllm.server.files import read_json, write_json
from venom_modeld.runtimes.vllm.server.launch import Launch

logger = logging.getLogger(__name__)

LOOK_EVERY, LOOK_SOON = 0.1, 0.005
"""Seconds between two looks whether a server is ready, at the most, and after a sign that it may be.

vLLM refuses connections until it is ready, and tells nobody when that is. Its log grows in that moment, which is the
sign; but it may be kept from writing there, and systemd has the log of a unit. So it is looked at in turns as well,
until it is ready, it ends, or `start_timeout` is over.
"""

CRASH_FIRST, CRASH_LONGEST = 10.0, 300.0
"""Seconds before a server is started again that crashed twice, and at the most."""

LAST_GASP = 10.0
"""Seconds in which a server whose engine died ends by itself."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What is to be served."""

    launch: Launch
    adapters: Adapters
    beside: bool
    """There is room to start it beside what runs."""


class Switch:
    """Brings the one server of a runtime to an aim; `title` is how sentences call the runtime."""

    def __init__(self, server: Server, clients: Clients, *, title: str, proven: Path, start_timeout: float) -> None:
        self._server = server
        self._clients = clients
        self._title = title
        self._proven = proven
        self._start_timeout = start_timeout

    async def to(self, aim: Aim) -> None:
        """Serve what is aimed at, and return when it was proven.

        Raises PermanentError with the engine's own reason where it cannot be served; what was served before then
        serves again.
        """
        standing = await self._server.look()
        doing = Doing(runtime=self._title, action="serving", model=aim.launch.name)
        if standing.start is not None and standing.start.launch.serves(aim.launch):
            await self._prove_again(standing.start, aim, doing)
            return
        self._wait_after(standing.crash, aim, doing)
        await self._replace(aim, doing)

    async def adapt(self, start: Start, wanted: Adapters) -> None:
        """Load and unload adapters of a running server."""
        doing = Doing(runtime=self._title, action="adapting", model=start.launch.name)
        client = await self._clients.at(start.url)
        await adapters.bring(client, adapters.loaded(await client.models()), wanted, doing)

    async def _prove_again(self, start: Start, aim: Aim, doing: Doing) -> None:
        """Prove a server that runs already: it was being started when the daemon died, or lacks adapters only.

        Where it ends meanwhile that proves nothing against the model: it was told to stop when its daemon died.
        """
        try:
            await self._prove(start, aim, doing)
        except ModeldError:
            if await self._is_well(start):
                raise
            await start.give_up()
            await self._replace(aim, doing)
            return
        await self._keep(start)

    async def _replace(self, aim: Aim, doing: Doing) -> None:
        start = await self._server.begin(aim.launch, beside=aim.beside)
        try:
            await self._prove(start, aim, doing)
        except ModeldError as error:
            await self._undo(start, doing, error)
        except asyncio.CancelledError:
            await start.give_up()
            raise
        await self._keep(start)

    async def _keep(self, start: Start) -> None:
        await start.keep()
        try:
            self._proven.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_json(self._proven, start.launch.as_json())
        except OSError as error:
            logger.warning("what was proven cannot be written down", extra={"detail": str(error)})

    async def _undo(self, start: Start, doing: Doing, error: ModeldError) -> None:
        """Take a server down that could not be proven, serve what was served before, and raise the error."""
        await start.give_up()
        returned = await self._return(start.launch, doing)
        raise type(error)(f"{error.message}{returned}", reason=error.reason) from error

    async def _return(self, failed: Launch, doing: Doing) -> str:
        """Start the launch that was proven last, where it no longer runs, and say what is served now."""
        before = Launch.from_json(read_json(self._proven))
        standing = await self._server.look()
        if standing.start is not None:
            return f" {standing.start.launch.name} is served as before."
        if before is None or before == failed or not Path(before.path).is_dir():  # noqa: ASYNC240 - a local folder
            return " Nothing is served now."
        try:
            start = await self._server.begin(before, beside=False)
            await self._prove(start, Aim(launch=before, adapters={}, beside=False), doing)
        except ModeldError as second:
            return f" Nothing is served now: {before.name}, which was served before, failed too: {second.message}"
        await start.keep()
        return f" {before.name} is served again as before."

    def _wait_after(self, crash: Crash | None, aim: Aim, doing: Doing) -> None:
        """Raise TemporaryError where a server crashed repeatedly and it is too early to start another."""
        if crash is None or crash.count < 2 or not crash.launch.serves(aim.launch):
            return
        wait = min(CRASH_LONGEST, CRASH_FIRST * 2.0 ** (crash.count - 2)) - (time.monotonic() - crash.at)
        if wait > 0:
            raise TemporaryError(
                f"{doing.sentence}: its server ended by itself {crash.count} times: {crash.reason}. It is started again"
                f" in {wait:.0f} s.",
                reason=Reason.LOAD_FAILED,
                retry_after=wait,
            )

    # Proof

    async def _prove(self, start: Start, aim: Aim, doing: Doing) -> None:
        client = await self._clients.at(start.url)
        await self._ready(start, client, doing)
        await self._unless_ended(start, self._ask(start, client, aim, doing), doing)

    async def _ready(self, start: Start, client: Client, doing: Doing) -> None:
        """Return when a server is healthy; raise where it ends before that, or its time is over."""
        deadline = time.monotonic() + left_of(self._start_timeout, since=start.began, now=time.time())
        ended = asyncio.ensure_future(start.ended())
        pause = LOOK_EVERY
        try:
            with start.signs() as sign:
                while not await _is_healthy(client):
                    pause = LOOK_SOON if await _is_given(sign, ended, pause) else min(2 * pause, LOOK_EVERY)
                    if ended.done():
                        raise load_failed(doing, ended.result())
                    if time.monotonic() > deadline:
                        raise load_failed(doing, f"it was not ready within {self._start_timeout:g} s (`start_timeout`)")
        finally:
            ended.cancel()
            await asyncio.wait([ended])  # it may have begun a program that has to be ended first

    async def _ask(self, start: Start, client: Client, aim: Aim, doing: Doing) -> None:
        """Ask a server what it serves, have it generate, and give it its adapters."""
        served = await client.models()
        base = {one.id: one.root for one in served if one.parent is None}
        missing = [name for name in start.launch.names if name not in base]
        strange = start.exact and any(root != start.launch.path for root in base.values())
        if missing or strange:
            raise PermanentError(
                f"{doing.sentence}: the server that answers at {start.url} serves {', '.join(base) or 'nothing'} from"
                f" {', '.join(sorted(set(base.values()))) or 'nowhere'}, not {', '.join(start.launch.names)} from"
                f" {start.launch.path}. Stop it, or choose another `url`.",
                reason=Reason.NOT_VERIFIED,
            )
        if not await _generates(client, start.launch.name, doing):
            raise PermanentError(
                f"{doing.sentence}: it is loaded, but generated nothing. Choose another model or other `args`.",
                reason=Reason.NOTHING_GENERATED,
            )
        if start.launch.lora:
            await adapters.bring(client, adapters.loaded(served), aim.adapters, doing)

    async def _unless_ended(self, start: Start, asking: Awaitable[_Result], doing: Doing) -> _Result:
        """Return what is asked for; where the server ends meanwhile, its own reason says more than a lost line."""
        try:
            return await asking
        except TemporaryError as error:
            try:
                async with asyncio.timeout(LAST_GASP):
                    reason = await start.ended()
            except TimeoutError:
                raise error from None
            raise load_failed(doing, reason) from error

    async def _is_well(self, start: Start) -> bool:
        """Tell whether a server works although what was asked of it failed: then it goes on."""
        try:
            return await (await self._clients.at(start.url)).is_healthy()
        except TemporaryError:
            return False


def left_of(seconds: float, *, since: float, now: float) -> float:
    """Return how much of a time is left that began at a moment of the wall clock, at the most all of it.

    It seems to have begun in the future where the clock was set back meanwhile.
    """
    return min(seconds, max(0.0, seconds - (now - since)))


async def _is_given(sign: asyncio.Event, ended: asyncio.Future[Any], pause: float) -> bool:
    """Tell whether there was a sign since the last look, or comes in a pause that the end of the server cuts short."""
    waiting: asyncio.Future[Any] = asyncio.ensure_future(sign.wait())
    try:
        await asyncio.wait([ended, waiting], timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        return sign.is_set()
    finally:
        waiting.cancel()
        sign.clear()


async def _is_healthy(client: Client) -> bool:
    try:
        return await client.is_healthy()
    except TemporaryError:
        return False


async def _generates(client: Client, name: str, doing: Doing) -> bool:
    """Have a model make one token or, where it is not one that completes, one vector."""
    try:
        return await client.complete(name)
    except Refused as refused:
        if refused.status not in _NO_COMPLETION:
            raise load_failed(doing, refused.words or f"status {refused.status}") from refused
        words: Mapping[bool, str] = {True: refused.words, False: f"status {refused.status}"}
        first = words[bool(refused.words)]
    try:
        return await client.embed(name)
    except Refused as refused:
        raise load_failed(doing, first) from refused


_NO_COMPLETION = (400, 404, 405, 501)
"""How a server answers that has no such route, or a model that does not complete."""

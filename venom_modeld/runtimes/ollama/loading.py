"""Loading a model, proving it by one token, and taking it out of memory.

Load and proof are one request. What Ollama then says of its memory is read until it agrees, for a moment: it writes
down the time until which a model stays, and takes one out, a little after it has answered.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import InstalledModel
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.ollama.answers import Generated
from venom_modeld.runtimes.ollama.client import Client
from venom_modeld.runtimes.ollama.errors import Doing, Refused, load_refused, request_refused
from venom_modeld.runtimes.ollama.observing import Observer

POLL = 0.1
"""Seconds between two looks at what is in memory."""


class Loader:
    """Moves models in and out of the memory of one Ollama; `patience` is the seconds that it may take to settle."""

    def __init__(self, client: Client, observer: Observer, *, patience: float) -> None:
        self._client = client
        self._observer = observer
        self._patience = patience

    async def load(self, model: InstalledModel, *, pin: bool) -> None:
        """Prove a model and return when Ollama lists it as loaded, and as pinned where that is asked.

        Raises PermanentError with Ollama's own words where it cannot be loaded or makes nothing.
        """
        await self._prove(model, pin=pin)

        async def settled() -> bool:
            _, loaded = await self._observer.loaded(model.name)
            return loaded is not None and (loaded.pinned or not pin)

        if not await self._settles(settled):
            raise TemporaryError(
                f"{self._doing('loading', model.name).sentence}: it generated a token, but Ollama does not list it as"
                f" {'kept ' if pin else ''}loaded; another client may have changed that. It is tried again.",
                reason=Reason.NOT_VERIFIED,
            )

    async def unload(self, name: ModelName) -> None:
        """Take out of memory what answers for a model; nothing there, or no such model, is a success."""
        doing = self._doing("unloading", name)
        _, loaded = await self._observer.loaded(name)
        try:
            known = await self._client.unload(name)
        except Refused as refused:
            raise request_refused(refused, doing) from refused
        if not known or loaded is None:
            return
        digest = loaded.digest

        async def gone() -> bool:
            return all(running.digest != digest for running in await self._client.ps())

        if not await self._settles(gone):
            raise TemporaryError(
                f"{doing.sentence}: it is still in memory; a client may be using it. It is tried again.",
                reason=Reason.NOT_VERIFIED,
            )

    async def _prove(self, model: InstalledModel, *, pin: bool) -> None:
        """Load a model and have it generate one token, or, for an embedding model, one vector."""
        doing = self._doing("loading", model.name)
        try:
            made = await self._make(model, pin=pin)
        except Refused as refused:
            raise load_refused(refused, doing) from refused
        if not made.proven:
            raise PermanentError(
                f"{doing.sentence}: it is loaded, but generated nothing. Choose another model or variant.",
                reason=Reason.NOTHING_GENERATED,
            )

    async def _make(self, model: InstalledModel, *, pin: bool) -> Generated:
        if "embedding" in model.capabilities and "completion" not in model.capabilities:
            return await self._client.embed(model.name, pin=pin)
        try:
            return await self._client.generate(model.name, pin=pin)
        except Refused as refused:
            if "does not support generate" not in refused.words:
                raise
        return await self._client.embed(model.name, pin=pin)

    async def _settles(self, check: Callable[[], Awaitable[bool]]) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                while not await check():  # noqa: ASYNC110 - what is waited for happens in another program
                    await asyncio.sleep(POLL)
                return True
        return False

    def _doing(self, action: str, name: ModelName) -> Doing:
        return Doing(runtime=self._client.runtime, action=action, model=name.text)

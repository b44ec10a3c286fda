"""One observation of an Ollama: `/api/tags` and `/api/ps`, one request each, whatever the number of models."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from venom_modeld.core.errors import ModeldError
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import InstalledModel, LoadedModel, ObservedState
from venom_modeld.runtimes.ollama.answers import Running
from venom_modeld.runtimes.ollama.client import Client
from venom_modeld.runtimes.ollama.disk import disk_of
from venom_modeld.runtimes.ollama.weights import Runners

PINNED_AHEAD = timedelta(days=50 * 365)
"""A model whose time ends later than this stays loaded; Ollama writes a `keep_alive` of -1 as the year 2319."""


class Observer:
    """Asks one Ollama what it has, and remembers what need not be asked again."""

    def __init__(self, client: Client, folders: tuple[Path, ...]) -> None:
        self._client = client
        self._folders = folders
        self._runners = Runners(client.show)
        self._version: str | None = None

    async def observe(self, interest: Collection[ModelName]) -> ObservedState:
        """Return what Ollama has now; raises RuntimeUnreachable where any part of that is missing."""
        try:
            async with asyncio.TaskGroup() as group:
                tags = group.create_task(self._client.tags())
                ps = group.create_task(self._client.ps())
                disk = group.create_task(asyncio.to_thread(disk_of, self._folders))
                version = group.create_task(self._ask_version())
            installed, running = tags.result(), ps.result()
            served = await self._runners.served(installed, running, interest)
        except ExceptionGroup as errors:
            self._version = None
            raise _first(errors) from errors
        except ModeldError:
            self._version = None
            raise
        return ObservedState(
            installed=installed,
            loaded=_loaded(running, served),
            disk=disk.result(),
            version=version.result(),
        )

    async def loaded(self, name: ModelName) -> tuple[InstalledModel | None, LoadedModel | None]:
        """Return the installed version of a model, and what in memory answers for it."""
        state = await self.observe((name,))
        return state.installed.get(name), state.serving(name)

    async def _ask_version(self) -> str | None:
        """Return the version, asked once and again after a time of silence, in which Ollama may have been updated."""
        if self._version is None:
            self._version = await self._client.version()
        return self._version


def _loaded(running: Collection[Running], served: Mapping[str, frozenset[ModelName]]) -> tuple[LoadedModel, ...]:
    far = datetime.now(UTC) + PINNED_AHEAD
    return tuple(
        LoadedModel(
            name=one.name,
            digest=one.digest,
            serves=served[one.digest],
            pinned=one.expires_at > far,
            memory_bytes=one.memory_bytes,
            vram_bytes=one.vram_bytes,
            expires_at=one.expires_text,
            context_length=one.context_length,
        )
        for one in sorted(running, key=lambda one: one.name)
    )


def _first(errors: ExceptionGroup[Exception]) -> Exception:
    """Return the error that a person should see: one of ours before any other."""
    return (errors.subgroup(ModeldError) or errors).exceptions[0]

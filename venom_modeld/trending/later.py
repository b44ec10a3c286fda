"""The catalogues for those who ask while the daemon starts: it is ready without them, so they are put together later.

Loading what they are made of takes a tenth of a start. It is done in a thread, so that nobody is held up, once the
runtimes have been looked at for the first time, or as soon as somebody asks. Whoever asks before they are there waits.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from venom_modeld.core.catalogue import CatalogueAnswer, CatalogueStats, Listing
from venom_modeld.core.names import Provider
from venom_modeld.trending.choices import Choices

if TYPE_CHECKING:
    from venom_modeld.trending.assembly import Catalogues
    from venom_modeld.trending.cache import Shelf

FIRST_SECONDS = 1.0
"""How long the first look at the runtimes has everything for itself."""


class LaterCatalogues:
    """What the catalogues can do. Each call waits until they are there."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._there: asyncio.Future[Catalogues] = asyncio.get_running_loop().create_future()

    async def answer(self, listing: Listing, provider: Provider, limit: int) -> CatalogueAnswer:
        """Return what is known now of TRENDING or AVAILABLE."""
        return (await self._catalogues()).catalogue.answer(listing, provider, limit)

    async def search(self, query: str, provider: Provider, limit: int) -> CatalogueAnswer:
        """Return what fits a query, within 8 seconds; raises InvalidQuery."""
        return await (await self._catalogues()).catalogue.search(query, provider, limit)

    async def tags(self, name: str, provider: Provider, limit: int) -> CatalogueAnswer:
        """Return the versions of a model, within 8 seconds; raises InvalidQuery."""
        return await (await self._catalogues()).catalogue.tags(name, provider, limit)

    async def stats(self) -> CatalogueStats:
        """Return the numbers for metrics."""
        return (await self._catalogues()).catalogue.stats()

    async def advise(self, kind: str, name: str) -> str | None:
        """Return what to write instead of a name that a runtime of a kind could not get; None where that is unknown."""
        return await (await self._catalogues()).checker.advise(kind, name)

    async def run(self, make: Callable[[], AbstractAsyncContextManager["Catalogues"]], *, first: float) -> None:
        """Put them together by `make` once they are asked for, or after `first` seconds, and keep them until cancelled.

        `make` is called in a thread.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(first):
                await self._asked.wait()
        async with await asyncio.to_thread(make) as found:
            self._there.set_result(found)
            await asyncio.Event().wait()

    async def _catalogues(self) -> "Catalogues":
        """Wait for them; whoever gives up waiting leaves them to the others."""
        self._asked.set()
        return await asyncio.shield(self._there)


@asynccontextmanager
async def catalogues_later(
    choices: Choices,
    shelf: "Shelf",
    *,
    local_ollama: Callable[[], str | None],
    environ: Mapping[str, str],
    first: float = FIRST_SECONDS,
) -> AsyncIterator[LaterCatalogues]:
    """Give at once what `assembly.catalogues` gives when everything is loaded; the block ends where that breaks."""

    def make() -> AbstractAsyncContextManager["Catalogues"]:
        from venom_modeld.trending.assembly import catalogues  # noqa: PLC0415

        return catalogues(choices, shelf, local_ollama=local_ollama, environ=environ)

    later = LaterCatalogues()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(later.run(make, first=first), name="catalogues")
        try:
            yield later
        finally:
            running.cancel()

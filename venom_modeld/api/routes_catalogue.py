"""What the providers offer: from memory, but for a search and the tags of a model, which have a deadline."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, Query, Request
from starlette.responses import Response

from venom_modeld.api import models_catalogue
from venom_modeld.api.answers import reply
from venom_modeld.api.ports import Catalogue
from venom_modeld.api.problems import problem
from venom_modeld.api.views_catalogue import catalogue_answer
from venom_modeld.core.catalogue import CatalogueAnswer, Listing
from venom_modeld.core.names import Provider
from venom_modeld.state.snapshot import SnapshotHub

ProviderQuery = Annotated[Provider, Query(description="Whose catalogue.")]
LimitQuery = Annotated[int, Query(ge=1, le=200, description="How many to list at the most.")]
WordsQuery = Annotated[str, Query(min_length=2, max_length=96, description="What to look for.")]
ModelQuery = Annotated[str, Query(min_length=2, max_length=192, description="A model of the catalogue.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """The calls about catalogues, and what they read."""

    hub: SnapshotHub
    catalogue: Catalogue

    async def trending(self, request: Request, provider: ProviderQuery, limit: LimitQuery = 50) -> Response:
        """List what is popular now."""
        return await self._reply(request, await self.catalogue.answer(Listing.TRENDING, provider, limit), provider)

    async def providers(self, request: Request, provider: ProviderQuery, limit: LimitQuery = 100) -> Response:
        """List what is available to download."""
        return await self._reply(request, await self.catalogue.answer(Listing.AVAILABLE, provider, limit), provider)

    async def search(
        self, request: Request, query: WordsQuery, provider: ProviderQuery, limit: LimitQuery = 50
    ) -> Response:
        """Look for models by words. The catalogue gets a few seconds; after that, what is known is listed."""
        try:
            found = await self.catalogue.search(query, provider, limit)
        except ValueError as error:
            return problem(422, f"query: {error}.")
        return await self._reply(request, found, provider)

    async def tags(
        self, request: Request, name: ModelQuery, provider: ProviderQuery, limit: LimitQuery = 100
    ) -> Response:
        """List the versions of a model that can be installed. The catalogue gets a few seconds, as for a search."""
        try:
            found = await self.catalogue.tags(name, provider, limit)
        except ValueError as error:
            return problem(422, f"name: {error}.")
        return await self._reply(request, found, provider)

    async def _reply(self, request: Request, found: CatalogueAnswer, provider: Provider) -> Response:
        """Answer in a thread, since every name on every runtime is looked at."""
        return reply(request, await asyncio.to_thread(catalogue_answer, self.hub.present, found, provider))


def install(app: FastAPI, offers: Offers) -> None:
    """Add the calls to an application."""
    for path, call in (
        ("/api/v1/models/trending", offers.trending),
        ("/api/v1/models/providers", offers.providers),
        ("/api/v1/models/search", offers.search),
        ("/api/v1/models/tags", offers.tags),
    ):
        app.get(path, response_model=models_catalogue.CatalogueAnswer)(call)

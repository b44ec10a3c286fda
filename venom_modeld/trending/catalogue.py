"""The catalogues as the rest of the program sees them: answers from memory, searches within a deadline, numbers.

Nobody's question makes a source be asked except a search, and that one within the budget of its host. The schedule
calls `refresh_due`, which asks what is due.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from venom_modeld.core.catalogue import (
    CatalogueAnswer,
    CatalogueStats,
    Entry,
    FeedStats,
    KeptAnswer,
    Listing,
    Question,
)
from venom_modeld.core.errors import ModeldError
from venom_modeld.core.names import Provider, shown
from venom_modeld.trending import sentences
from venom_modeld.trending.cache import Cache
from venom_modeld.trending.classify import HUB_PREFIX
from venom_modeld.trending.errors import Throttled
from venom_modeld.trending.limits import Host
from venom_modeld.trending.pace import is_stale
from venom_modeld.trending.sizes import Sizes
from venom_modeld.trending.sources import LIMIT, Source

KEPT_FRESH = (Listing.TRENDING, Listing.AVAILABLE)
"""What the schedule reads by itself."""

SEARCH_SECONDS = 8.0
"""How long a search may take; what comes later is kept for the next one."""

SHORTEST, LONGEST = 2, 96
"""Characters of a query."""

logger = logging.getLogger(__name__)


class InvalidQuery(ValueError):
    """A text that is not searched for; the message says what to write instead."""


class Catalogue:
    """The sources of each provider, the first one first and its stand-ins after it.

    `off` says for a provider without sources why it has none. `wall` gives seconds since the epoch.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        cache: Cache,
        sizes: Sizes,
        hosts: Callable[[], Iterable[Host]] = tuple,
        off: Mapping[Provider, str] | None = None,
        wall: Callable[[], float],
    ) -> None:
        self._sources = {provider: [one for one in sources if one.provider is provider] for provider in Provider}
        self._cache = cache
        self._sizes = sizes
        self._hosts = hosts
        self._off = off or {}
        self._wall = wall

    async def load(self) -> None:
        """Take up what an earlier process kept; where that cannot be read, begin without it."""
        try:
            await self._cache.load()
            await self._sizes.load()
        except ModeldError as error:
            logger.warning("kept catalogues cannot be read", extra={"detail": error.message})

    def answer(self, listing: Listing, provider: Provider, limit: int = LIMIT) -> CatalogueAnswer:
        """Return what is known now of a listing, at most `limit` entries; nothing is asked.

        `listing` is TRENDING or AVAILABLE.
        """
        return self._answer(Question(provider=provider, listing=listing), limit)

    async def search(self, query: str, provider: Provider, limit: int = LIMIT) -> CatalogueAnswer:
        """Return what fits a query, within 8 seconds: fresh if it can be had, else what is known.

        Raises InvalidQuery for one under 2 or over 96 characters.
        """
        words = " ".join(query.split()).lower()
        if not SHORTEST <= len(words) <= LONGEST:
            raise InvalidQuery(f"{shown(query)} cannot be searched for; write {SHORTEST} to {LONGEST} characters")
        return await self._ask_now(Question(provider=provider, listing=Listing.SEARCH, query=words), limit)

    async def tags(self, name: str, provider: Provider, limit: int = LIMIT) -> CatalogueAnswer:
        """Return the versions of a model that can be installed, within 8 seconds.

        `name` is a model of Ollama's library or a repository of the Hub; its tag does not count. One that
        begins with `hf.co/` is the Hub's whatever the provider. Raises InvalidQuery.
        """
        if not SHORTEST <= len(name) <= LONGEST * 2:
            raise InvalidQuery(f"{shown(name)} is no name of a model")
        bare = name.partition(":")[0]
        if bare.startswith(HUB_PREFIX):
            provider = Provider.HUGGINGFACE
        return await self._ask_now(Question(provider=provider, listing=Listing.TAGS, query=bare), limit)

    def stats(self) -> CatalogueStats:
        """Return the numbers for metrics."""
        return CatalogueStats(
            feeds=tuple(self._feeds()),
            hosts=tuple(sorted((host.stats for host in self._hosts()), key=lambda host: host.host)),
        )

    async def refresh_due(self) -> None:
        """Ask what is due: each source in turn, the sources of different providers beside each other."""
        await asyncio.gather(*(self._refresh(provider) for provider in Provider))
        await self._sizes.look_up([entry for listed in self._listed() for entry in listed.entries])

    async def close(self) -> None:
        """Give up what is being asked."""
        await self._cache.close()

    async def _refresh(self, provider: Provider) -> None:
        for listing in KEPT_FRESH:
            question = Question(provider=provider, listing=listing)
            for source in self._sources[provider]:
                await self._cache.refresh(source, question)
                if self._cache.get(source, question).entries:
                    break

    async def _ask_now(self, question: Question, limit: int) -> CatalogueAnswer:
        for source in self._sources[question.provider][:1]:
            asking = asyncio.ensure_future(self._cache.refresh(source, question))
            done, _ = await asyncio.wait({asking}, timeout=SEARCH_SECONDS)
            if not done:
                asking.cancel()
                return self._answer(question, limit, why=f"There was no answer within {SEARCH_SECONDS:g} seconds.")
            throttled: Throttled | None = asking.result()
            if throttled is not None:
                return self._answer(question, limit, why=throttled.message)
        return self._answer(question, limit)

    def _answer(self, question: Question, limit: int, *, why: str | None = None) -> CatalogueAnswer:
        sources = self._sources[question.provider]
        if not sources:
            return CatalogueAnswer(error=self._off.get(question.provider))
        now = self._wall()
        first = self._cache.get(sources[0], question)
        why = why or sentences.trouble(first, off=sources[0].off, now=now) or self._waits(sources[0], first, now)
        if first.fetched_at is not None:
            return self._shown(first, limit, None if why is None else sentences.old_data(why, first, now=now))
        for source in sources[1:]:
            other = self._cache.get(source, question)
            if other.fetched_at is not None:
                return self._shown(other, limit, sentences.instead(why, "the models that the local Ollama recommends"))
        return self._makeshift(question, limit, why)

    def _waits(self, source: Source, kept: KeptAnswer, now: float) -> str | None:
        """Return why a list that is missing or too old was not asked for; None where nothing kept it from that."""
        held = self._cache.held(source, kept.question)
        if held is None or not is_stale(kept, now=now, ttl=self._cache.pace.ttl):
            return None
        return sentences.left_alone(held.host, held.until - now)

    def _makeshift(self, question: Question, limit: int, why: str | None) -> CatalogueAnswer:
        """Answer where nothing was ever read: a search from the lists that are known, all else with the reason."""
        if question.listing is Listing.SEARCH:
            entries = {
                entry.model_name: self._sizes.fill_in(entry)
                for listed in self._listed(question.provider)
                for entry in listed.entries
                if question.query in entry.model_name.lower()
            }
            if entries:
                error = sentences.instead(why, "what fits in the lists that were read before")
                return CatalogueAnswer(entries=tuple(entries.values())[:limit], stale=True, error=error)
        return CatalogueAnswer(stale=True, error=sentences.no_data(why))

    def _shown(self, kept: KeptAnswer, limit: int, error: str | None) -> CatalogueAnswer:
        entries: Iterable[Entry] = map(self._sizes.fill_in, kept.entries[:limit])
        return CatalogueAnswer(
            entries=tuple(entries),
            fetched_at=kept.fetched_at,
            stale=kept.error is not None or is_stale(kept, now=self._wall(), ttl=self._cache.pace.ttl),
            error=error,
        )

    def _listed(self, provider: Provider | None = None) -> Iterator[KeptAnswer]:
        for source in (one for sources in self._sources.values() for one in sources):
            if provider in (None, source.provider):
                for listing in KEPT_FRESH:
                    yield self._cache.get(source, Question(provider=source.provider, listing=listing))

    def _feeds(self) -> Iterator[FeedStats]:
        now = self._wall()
        for kept in self._listed():
            yield FeedStats(
                source=kept.source,
                provider=kept.question.provider,
                listing=kept.question.listing,
                age=None if kept.fetched_at is None else max(0.0, now - kept.fetched_at),
                entries=len(kept.entries),
                failing=kept.error is not None,
            )

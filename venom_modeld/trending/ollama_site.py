"""ollama.com as a source. It has no interface for programs, so its pages are read: seldom, one at a time, by our name.

Trending is the site's own order of `/search`, two pages of it; available is `/library`, which is one page of all. From
the second page on the site answers only requests that carry its own program's header, and sends others to the first.
"""

import asyncio
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from venom_modeld.core.catalogue import Entry, Listing, Question
from venom_modeld.core.names import Provider
from venom_modeld.trending.errors import NoSuchModel, Throttled
from venom_modeld.trending.ollama_pages import Card, ListPage, read_list
from venom_modeld.trending.ollama_tags import ModelPage, Tag, read_model
from venom_modeld.trending.page_text import CLOUD, size_in_bytes
from venom_modeld.trending.robots import Robots
from venom_modeld.trending.sources import Fetched
from venom_modeld.trending.wire import Reply, Wire

PAGES: Mapping[Listing, int] = {Listing.TRENDING: 2, Listing.AVAILABLE: 1, Listing.SEARCH: 1}
"""How many pages of a listing are read."""


class OllamaSite:
    """Reads the pages of ollama.com; the wire leads there. `clock` gives steady seconds."""

    name = "website"
    provider = Provider.OLLAMA
    off = None

    def __init__(self, wire: Wire, *, agent: str, clock: Callable[[], float]) -> None:
        self._wire = wire
        self.origin = wire.url
        self._robots = Robots(wire, agent=agent, clock=clock)

    async def ask(self, question: Question, *, validator: str | None = None) -> Fetched | None:
        """Return the answer to a question, or None where it is still the one that `validator` names.

        Raises SourceFailed, Throttled.
        """
        if question.listing is Listing.TAGS:
            return await self._tags(question.query, validator)
        path = _path(question)
        reply = await self._get(path, _condition(validator))
        if reply.status == 304:
            return None
        found = await self._read(path, reply, question)
        cards = [*found.cards, *await self._later_pages(path, found, question)]
        entries = {card.name: self._entry(card) for card in cards}
        return Fetched(entries=tuple(entries.values()), validator=reply.headers.get("etag"))

    async def _later_pages(self, path: str, first: ListPage, question: Question) -> list[Card]:
        """Read on; what cannot be asked for now is left for the next time."""
        cards: list[Card] = []
        number = first.next_page
        for _ in range(PAGES[question.listing] - 1):
            if number is None:
                break
            page = f"{path}{'&' if '?' in path else '?'}page={number}"
            try:
                reply = await self._get(page, {"HX-Request": "true"})
            except Throttled:
                break
            found = await self._read(page, reply, question)
            cards += found.cards
            number = found.next_page if found.next_page != number else None
        return cards

    async def _get(self, path: str, headers: Mapping[str, str]) -> Reply:
        await self._robots.allow(path)
        reply = await self._wire.get(path, headers=headers, accept=(304,) if "If-None-Match" in headers else ())
        self._wire.host.hold(self._robots.delay)
        return reply

    async def _read(self, path: str, reply: Reply, question: Question) -> ListPage:
        is_search = question.listing is Listing.SEARCH
        return await asyncio.to_thread(read_list, reply.text, url=self._wire.url + path, may_be_empty=is_search)

    async def _tags(self, name: str, validator: str | None) -> Fetched | None:
        owner, slash, model = name.partition("/")
        path = f"/{quote(owner)}/{quote(model)}/tags" if slash else f"/library/{quote(name)}/tags"
        await self._robots.allow(path)
        reply = await self._wire.get(path, headers=_condition(validator), accept=(304, 404))
        if reply.status == 304:
            return None
        if reply.status == 404:
            raise NoSuchModel(f"Ollama's library has no model {name!r}; {self._wire.url}/search lists what it has.")
        found = await asyncio.to_thread(read_model, reply.text, url=self._wire.url + path)
        entries = tuple(self._tag_entry(tag, found) for tag in found.tags)
        return Fetched(entries=entries, validator=reply.headers.get("etag"))

    def _entry(self, card: Card) -> Entry:
        labels = card.labels
        return Entry(
            provider=Provider.OLLAMA,
            model_name=card.name,
            display_name=card.name,
            runtime="ollama",
            tags=_tags_of(*labels.capabilities, cloud=labels.cloud),
            downloads=labels.pulls,
            description=card.description,
            capabilities=labels.capabilities,
            sizes=labels.sizes,
            updated_at=labels.updated_at,
            url=self._wire.url + card.path,
        )

    def _tag_entry(self, tag: Tag, page: ModelPage) -> Entry:
        capabilities = page.labels.capabilities
        return Entry(
            provider=Provider.OLLAMA,
            model_name=tag.name,
            display_name=tag.name,
            runtime="ollama",
            size_bytes=size_in_bytes(tag.size_text),
            tags=_tags_of(*capabilities, cloud=tag.is_cloud),
            description=page.description,
            capabilities=capabilities,
            url=self._wire.url + tag.path,
        )


def _path(question: Question) -> str:
    if question.listing is Listing.AVAILABLE:
        return "/library"
    return f"/search?{urlencode({'q': question.query})}" if question.listing is Listing.SEARCH else "/search"


def _condition(validator: str | None) -> dict[str, str]:
    return {"If-None-Match": validator} if validator else {}


def _tags_of(*words: str, cloud: bool) -> tuple[str, ...]:
    return (*words, CLOUD) if cloud else words

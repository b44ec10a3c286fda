"""The sizes that lists do not tell: looked up one name at a time, kept by digest, and asked for a few in each round.

Ollama's library: the manifest of the tag `latest`. The Hub: the files of the repository. A name is looked up again when
its page says that it was updated since, or after a week; a tag that still has its digest costs a HEAD request only.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from venom_modeld.core.catalogue import Entry, KeptSize
from venom_modeld.core.errors import ModeldError
from venom_modeld.core.names import InvalidName, Provider, parse_ollama
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.cache import Shelf
from venom_modeld.trending.classify import HUB_PREFIX, OLLAMA
from venom_modeld.trending.errors import NoSuchModel, SourceFailed, Throttled
from venom_modeld.trending.hub_files import default_size, safetensors_size
from venom_modeld.trending.hub_process import Hub
from venom_modeld.trending.huggingface import read_files
from venom_modeld.trending.manifests import Manifests
from venom_modeld.trending.pace import Pace
from venom_modeld.trending.page_text import CLOUD

ROUND = 5
"""How many names of each provider are looked up at once."""

WEEK = 7 * 86_400.0

logger = logging.getLogger(__name__)


class Sizes:
    """The sizes of names. Without `hub` or `manifests` those of its provider are not looked up.

    `wall` gives seconds since the epoch, `clock` steady ones.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        manifests: Manifests | None,
        hub: Hub | None,
        pace: Pace,
        wall: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._shelf = shelf
        self._manifests = manifests
        self._hub = hub
        self._pace = pace
        self._wall = wall
        self._clock = clock
        self._known: dict[str, KeptSize] = {}
        self._digests: dict[str, int | None] = {}
        self._failures: dict[Provider, int] = {}
        self._not_before: dict[Provider, float] = {}

    async def load(self) -> None:
        """Take up what an earlier process kept. Raises a TemporaryError where that cannot be read."""
        for size in await self._shelf.load_sizes():
            self._note(size)

    def fill_in(self, entry: Entry) -> Entry:
        """Return an entry with its size, where that is known."""
        known = self._known.get(entry.model_name)
        return entry if known is None or entry.size_bytes is not None else replace(entry, size_bytes=known.size_bytes)

    async def look_up(self, entries: Iterable[Entry]) -> None:
        """Look up a few of the sizes that are missing."""
        wanted = [entry for entry in entries if self._is_wanted(entry)]
        found = [*await self._from_registry(wanted), *await self._from_hub(wanted)]
        for size in found:
            self._note(size)
        if found:
            try:
                await self._shelf.save_sizes(tuple(found))
            except ModeldError as error:
                logger.debug("sizes cannot be kept on disk", extra={"detail": error.message})

    def _note(self, size: KeptSize) -> None:
        self._known[size.name] = size
        if size.digest is not None:
            self._digests[size.digest] = size.size_bytes

    def _is_wanted(self, entry: Entry) -> bool:
        if entry.size_bytes is not None or (CLOUD in entry.tags and not entry.sizes):
            return False
        known, now = self._known.get(entry.model_name), self._wall()
        if known is None or not 0 <= now - known.checked_at <= WEEK:
            return True
        return entry.updated_at is not None and known.checked_at < entry.updated_at < now

    def _may_ask(self, provider: Provider) -> bool:
        return self._clock() >= self._not_before.get(provider, float("-inf"))

    async def _from_registry(self, wanted: list[Entry]) -> list[KeptSize]:
        found: list[KeptSize] = []
        if self._manifests is None or not self._may_ask(Provider.OLLAMA):
            return found
        for entry in [entry for entry in wanted if entry.provider is Provider.OLLAMA][:ROUND]:
            try:
                found.append(await self._manifest_size(self._manifests, entry.model_name))
            except Throttled:
                break
            except SourceFailed as error:
                self._failed(Provider.OLLAMA, error)
                break
            self._failures.pop(Provider.OLLAMA, None)
        return found

    async def _manifest_size(self, manifests: Manifests, text: str) -> KeptSize:
        known = self._known.get(text)
        try:
            name = parse_ollama(text)
            if known is not None and known.digest is not None:
                digest = await manifests.digest(name)
                if digest in self._digests:
                    return self._size(text, digest, self._digests[str(digest)])
            manifest = await manifests.manifest(name)
        except (NoSuchModel, InvalidName):
            manifest = None
        return self._size(text, manifest.digest, manifest.size_bytes) if manifest else self._size(text, None, None)

    async def _from_hub(self, wanted: list[Entry]) -> list[KeptSize]:
        if self._hub is None or not self._may_ask(Provider.HUGGINGFACE):
            return []
        entries = [entry for entry in wanted if entry.provider is Provider.HUGGINGFACE][:ROUND]
        calls = [{"do": "tree", "repository": entry.model_name.removeprefix(HUB_PREFIX)} for entry in entries]
        found: list[KeptSize] = []
        for entry, reply in zip(entries, await self._hub.ask_all(calls), strict=False):
            if isinstance(reply, SourceFailed):
                if reply.reason not in (Reason.NOT_FOUND, Reason.ACCESS_DENIED):
                    self._failed(Provider.HUGGINGFACE, reply)
                    break
                found.append(self._size(entry.model_name, None, None))
                continue
            self._failures.pop(Provider.HUGGINGFACE, None)
            measure = default_size if entry.runtime == OLLAMA else safetensors_size
            found.append(self._size(entry.model_name, None, measure(read_files(reply.value))))
        return found

    def _size(self, name: str, digest: str | None, size_bytes: int | None) -> KeptSize:
        return KeptSize(name=name, digest=digest, size_bytes=size_bytes, checked_at=self._wall())

    def _failed(self, provider: Provider, error: SourceFailed) -> None:
        self._failures[provider] = self._failures.get(provider, 0) + 1
        wait = self._pace.backoff(self._failures[provider], at_least=error.retry_after)
        self._not_before[provider] = self._clock() + wait
        if self._failures[provider] == 1:
            fields = {"provider": provider.value, "reason": error.reason, "detail": error.message}
            logger.info("sizes cannot be looked up", extra=fields)

"""Hugging Face's Hub as a source: what its lists say of repositories, as entries for the runtimes that can serve them.

Trending is the Hub's own score over all tasks, since vLLM serves several of them; what no runtime here can serve is
left out. A size that the list does not tell is looked up file by file, later (see `sizes`).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from venom_modeld.core.catalogue import Entry, Listing, Question
from venom_modeld.core.names import Provider
from venom_modeld.core.sizes import LARGEST
from venom_modeld.trending.classify import HUB_PREFIX, OLLAMA, VLLM, Repository, worth_showing
from venom_modeld.trending.errors import ParseFailed
from venom_modeld.trending.hub_files import quantisations, safetensors_size
from venom_modeld.trending.hub_process import Call, Hub
from venom_modeld.trending.sources import LIMIT, Fetched

MOST_TAGS = 12
"""How many tags of a repository are shown."""

LONGEST_TAG = 200
"""Characters of the longest tag that is looked at."""

_ID = re.compile(r"(?:\w[\w.-]*/)?\w[\w.-]*", re.ASCII)

_LISTS: Mapping[Listing, Mapping[str, Any]] = {
    Listing.TRENDING: {"sort": "trending_score", "limit": LIMIT},
    Listing.AVAILABLE: {"sort": "downloads", "limit": LIMIT, "task": "text-generation"},
    Listing.SEARCH: {"sort": "downloads", "limit": LIMIT},
}


class HuggingFace:
    """Reads the Hub. `environ` is the environment, in which HF_HUB_OFFLINE turns it off."""

    name = "hub"
    provider = Provider.HUGGINGFACE

    def __init__(self, hub: Hub, *, environ: Mapping[str, str]) -> None:
        self._hub = hub
        self.origin = hub.url
        self._offline = next((word for word in _SWITCHES if environ.get(word, "").upper() in _TRUE), None)

    @property
    def off(self) -> str | None:
        """Return why the Hub is not asked; None where it is."""
        if self._offline is None:
            return None
        return f"{self._offline} is set for the daemon, so the Hub is not asked. Unset it to see what the Hub has."

    async def ask(self, question: Question, *, validator: str | None = None) -> Fetched | None:
        """Return the answer to a question, or None where it is still the one that `validator` names.

        Raises SourceFailed, Throttled.
        """
        if question.listing is Listing.TAGS:
            return Fetched(entries=await self._tags(question.query.removeprefix(HUB_PREFIX)))
        more = {"search": question.query} if question.listing is Listing.SEARCH else {}
        call: Call = {"do": "list", **_LISTS[question.listing], **more, "validator": validator}
        reply = await self._hub.ask(call)
        if reply.unchanged:
            return None
        repositories = [read_repository(one) for one in reply.value]
        entries = {entry.model_name: entry for entry in map(self._entry, repositories) if entry is not None}
        return Fetched(entries=tuple(entries.values()), validator=reply.validator)

    async def _tags(self, repository: str) -> tuple[Entry, ...]:
        reply = await self._hub.ask({"do": "tree", "repository": repository})
        files = read_files(reply.value)
        weights = safetensors_size(files)
        whole = [] if weights is None else [self._version(repository, VLLM, weights)]
        versions = (
            self._version(f"{HUB_PREFIX}{repository}:{one.name}", OLLAMA, one.size_bytes)
            for one in quantisations(files)
        )
        entries = (*whole, *versions)
        if not entries:
            raise ParseFailed(f"{repository} holds neither safetensors nor GGUF files that could be served.")
        return entries

    def _version(self, name: str, runtime: str, size: int) -> Entry:
        repository = name.removeprefix(HUB_PREFIX).partition(":")[0]
        return Entry(
            provider=Provider.HUGGINGFACE,
            model_name=name,
            display_name=name,
            runtime=runtime,
            size_bytes=size,
            url=f"{self._hub.url}/{repository}",
        )

    def _entry(self, repository: Repository) -> Entry | None:
        runtime = repository.runtime
        if runtime is None:
            return None
        label = repository.size_label
        return Entry(
            provider=Provider.HUGGINGFACE,
            model_name=repository.model_name,
            display_name=repository.id,
            runtime=runtime,
            size_bytes=repository.size_bytes if runtime == VLLM else None,
            tags=worth_showing(repository.tags)[:MOST_TAGS],
            downloads=repository.downloads,
            likes=repository.likes,
            capabilities=repository.capabilities,
            sizes=(label,) if label else (),
            updated_at=repository.updated_at,
            url=f"{self._hub.url}/{repository.id}",
            gated=repository.gated,
        )


_SWITCHES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_TRUE = frozenset({"1", "ON", "YES", "TRUE"})
"""The words that huggingface_hub takes for yes."""


def read_repository(data: Mapping[str, Any]) -> Repository:
    """Return what the child said of a repository; raises ParseFailed where the Hub sent something else."""
    name, tags, parameters = data["id"], data["tags"], data["parameters"]
    if not _ID.fullmatch(name):
        raise ParseFailed("The answer of the Hub cannot be read: it names a repository as no repository can be named.")
    return Repository(
        id=name,
        downloads=_number(data["downloads"]),
        likes=_number(data["likes"]),
        gated=data["gated"],
        updated_at=data["updated_at"],
        task=data["task"] if isinstance(data["task"], str) else None,
        tags=tuple(tag for tag in tags if isinstance(tag, str) and tag.isprintable() and len(tag) <= LONGEST_TAG),
        parameters={kind: number for kind, number in parameters.items() if _number(number)},
        gguf_parameters=_number(data["gguf_parameters"]),
        files=_texts(data["files"]),
    )


def read_files(data: Mapping[str, Any]) -> dict[str, int]:
    """Return the sizes of files by their paths, where the Hub told them."""
    return {path: size for path, size in data.items() if _number(size) is not None}


def _texts(data: Iterable[Any] | None) -> tuple[str, ...] | None:
    return None if data is None else tuple(text for text in data if isinstance(text, str))


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST else None

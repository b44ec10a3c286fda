"""The models that a local Ollama recommends: a list which it fetches from its makers itself, every four hours.

`GET /api/experimental/model-recommendations` (Ollama 0.23 and later) answers
`{"recommendations": [{"model", "description", …}]}`. Nothing is scraped; it is short and has no numbers.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from venom_modeld.core.catalogue import Entry, Listing, Question
from venom_modeld.core.names import InvalidName, Provider, parse_ollama, shown
from venom_modeld.core.reasons import Reason
from venom_modeld.core.wording import one_line
from venom_modeld.trending.errors import NoSuchModel, ParseFailed, SourceFailed
from venom_modeld.trending.ollama_pages import LONGEST_TEXT
from venom_modeld.trending.page_text import CLOUD
from venom_modeld.trending.sources import Fetched
from venom_modeld.trending.wire import Wire

PATH = "/api/experimental/model-recommendations"


class Recommendations:
    """Asks a local Ollama. `wire` gives the way to one that is declared now, or None where none is."""

    name = "recommendations"
    provider = Provider.OLLAMA
    origin = ""
    off = None

    def __init__(self, wire: Callable[[], Wire | None]) -> None:
        self._wire = wire

    async def ask(self, question: Question, *, validator: str | None = None) -> Fetched | None:  # noqa: ARG002
        """Return the one list there is, for a search the part of it that fits. Raises SourceFailed, Throttled."""
        wire = self._wire()
        if wire is None:
            raise SourceFailed(
                "No Ollama is declared in models.yaml whose recommendations could be shown.", reason=Reason.UNREACHABLE
            )
        reply = await wire.get(PATH, headers={"Accept": "application/json"})
        entries = tuple(_read(reply.body, url=wire.url + PATH))
        if question.listing is Listing.SEARCH:
            entries = tuple(entry for entry in entries if question.query.lower() in entry.model_name.lower())
        if question.listing is Listing.TAGS:
            entries = tuple(entry for entry in entries if entry.model_name.partition(":")[0] == question.query)
            if not entries:
                raise NoSuchModel(f"The local Ollama recommends no version of {shown(question.query)}.")
        return Fetched(entries=entries)


def _read(body: bytes, *, url: str) -> Iterator[Entry]:
    try:
        listed = json.loads(body)["recommendations"]
        found = {one["model"]: one for one in listed}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ParseFailed(f"{url} gave no list of recommendations; Ollama 0.23 and later have one.") from error
    entries = [entry for one in found.values() if (entry := _entry(one)) is not None]
    if not entries:
        raise ParseFailed(f"{url} gave an empty list.")
    yield from entries


def _entry(one: Any) -> Entry | None:
    try:
        name = parse_ollama(str(one["model"]))
    except InvalidName:
        return None
    text = name.text.removesuffix(":latest")
    tag = text.rpartition(":")[2]
    description = one.get("description")
    return Entry(
        provider=Provider.OLLAMA,
        model_name=text,
        display_name=text,
        runtime="ollama",
        tags=(CLOUD,) if tag == CLOUD or tag.endswith(f"-{CLOUD}") else (),
        description=one_line(description)[:LONGEST_TEXT] or None if isinstance(description, str) else None,
        url=f"https://ollama.com/library/{text}" if "/" not in text else f"https://ollama.com/{text}",
    )

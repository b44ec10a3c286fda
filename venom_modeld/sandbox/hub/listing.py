"""Lists of models: filtered, sorted, cut into pages, and with the fields that were asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from venom_modeld.sandbox.hub.access import RefusedError
from venom_modeld.sandbox.hub.repositories import Repositories, page

MAX_PAGE = 1000
SORTS = frozenset({"trendingScore", "downloads", "likes", "createdAt", "lastModified"})

_ALWAYS = ("_id", "id")
_USUAL = (
    "_id", "id", "likes", "trendingScore", "private", "downloads", "tags", "pipeline_tag", "library_name",
    "createdAt", "modelId",
)  # fmt: skip
_FULL = (*_USUAL, "author", "sha", "lastModified", "gated", "disabled", "siblings")
_EXPANDABLE = frozenset({*_FULL, "safetensors", "gguf", "usedStorage"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list, and the query of the next one where there is one."""

    entries: Sequence[Mapping[str, Any]]
    following: str | None


def list_models(repositories: Repositories, query: QueryParams, *, page_size: int) -> Page:
    """Return a page of a list; raises RefusedError for a question that the Hub refuses."""
    found = [entry for entry in map(page, repositories.named.values()) if _matches(entry, query)]
    ordered = _sort(found, query)
    start, size = _number(query, "cursor", 0), min(_number(query, "limit", page_size), page_size, MAX_PAGE)
    fields = _fields(query)
    shown = [{key: entry[key] for key in fields if entry[key] is not None} for entry in ordered[start : start + size]]
    more = start + size < len(ordered)
    kept = [(key, value) for key, value in query.multi_items() if key != "cursor"]
    return Page(entries=shown, following=urlencode([*kept, ("cursor", str(start + size))]) if more else None)


def _matches(entry: Mapping[str, Any], query: QueryParams) -> bool:
    words = [*entry["tags"], entry["pipeline_tag"], entry["library_name"]]
    wanted = query.get("pipeline_tag")
    author, gated = query.get("author"), query.get("gated")
    return (
        not entry["private"]
        and all(one in words for text in query.getlist("filter") for one in text.split(","))
        and query.get("search", "").lower() in entry["id"].lower()
        and (wanted is None or entry["pipeline_tag"] == wanted)
        and (author is None or entry["author"] == author)
        and (gated is None or bool(entry["gated"]) is (gated.lower() == "true"))
    )


def _sort(entries: list[dict[str, Any]], query: QueryParams) -> list[dict[str, Any]]:
    sort = query.get("sort", "trendingScore")
    if sort not in SORTS:
        raise RefusedError(400, f"Invalid sort parameter: {sort}")
    rising = query.get("direction") == "1"
    return sorted(
        sorted(entries, key=lambda entry: str(entry["id"])), key=lambda entry: entry[sort], reverse=not rising
    )


def _fields(query: QueryParams) -> Iterable[str]:
    expanded = [one for text in query.getlist("expand") for one in text.split(",")]
    unknown = sorted(set(expanded) - _EXPANDABLE)
    if unknown:
        raise RefusedError(400, f"Invalid expand parameter: {unknown[0]}")
    if expanded:
        return dict.fromkeys((*_ALWAYS, *expanded))
    return _FULL if query.get("full", "").lower() == "true" else _USUAL


def _number(query: QueryParams, name: str, usual: int) -> int:
    text = query.get(name, str(usual))
    if not text.isascii() or not text.isdigit():
        raise RefusedError(400, f"Invalid {name} parameter: {text}")
    return int(text)

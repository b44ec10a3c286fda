"""The page of one model on ollama.com, and the page of its tags: what the model is, and which versions there are.

Each tag stands twice on a page, once for phones and once for desks; the link is what makes them one. What a row says
is told apart by its form: a digest, a size, a context length, what goes in, how long ago.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from venom_modeld.trending import page_text
from venom_modeld.trending.errors import ParseFailed
from venom_modeld.trending.ollama_pages import LONGEST_TEXT, model_of, unreadable
from venom_modeld.trending.page_tree import Labels, parse, read_labels, text_of, texts

_DIGEST = re.compile(r"[0-9a-f]{12,64}")
_CONTEXT = re.compile(r"(?P<size>[0-9]+(?:\.[0-9]+)?[KM]?)(?: context(?: window)?)?")
_INPUT = re.compile(r"(?P<kinds>(?:Text|Image|Audio|Video)(?:, ?(?:Text|Image|Audio|Video))*)(?: input)?")
_AGO = re.compile(r".*\bago|yesterday|just now|now", re.IGNORECASE)
_USAGE = re.compile(r".*\busage", re.IGNORECASE)
_CLIMB = 4
"""How many elements up from a link its row is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One version that can be pulled."""

    name: str
    path: str
    size_text: str | None = None
    """None for those that run on Ollama's own servers."""
    usage_text: str | None = None
    context_text: str | None = None
    input_text: str | None = None
    digest_prefix: str | None = None
    updated_text: str | None = None
    is_latest_badge: bool = False
    """The page marks it as what `latest` stands for."""

    @property
    def is_cloud(self) -> bool:
        """Tell whether it runs on Ollama's own servers."""
        tag = self.name.rpartition(":")[2]
        return tag == page_text.CLOUD or tag.endswith(f"-{page_text.CLOUD}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    """What the page says; `name` is None where it has no head."""

    name: str | None
    description: str | None
    labels: Labels
    tags: tuple[Tag, ...]


def read_model(html: str, *, url: str) -> ModelPage:
    """Read the page of a model or of its tags. Raises ParseFailed where no tag is on it."""
    root = parse(html)
    rows: dict[str, Tag] = {}
    for link in root.css("a[href]"):
        name = _tag_of(link)
        path = link.attributes.get("href") or ""
        if name is not None and path not in rows:
            rows[path] = _read_row(name, path, _row_of(link))
    if not rows:
        raise ParseFailed(unreadable(html, url, "no tag is on it"))
    name, pieces, title_texts = _head(root)
    summary = root.css_first("#summary-content, #summary-display")
    return ModelPage(
        name=name,
        description=(text_of(summary)[:LONGEST_TEXT] or None) if summary is not None else None,
        labels=read_labels(pieces, title_texts),
        tags=tuple(rows.values()),
    )


def _tag_of(link: LexborNode) -> str | None:
    path, colon, tag = (link.attributes.get("href") or "").partition(":")
    name = model_of(path)
    return f"{name}:{tag}" if name and colon and re.fullmatch(r"[\w.-]+", tag) else None


def _row_of(link: LexborNode) -> LexborNode:
    """Return the element that holds one tag: the link itself where it says all, else the largest that has no other."""
    if any(page_text.is_size_in_bytes(piece) for piece in _pieces(link)):
        return link
    row, above = link, link.parent
    for _ in range(_CLIMB):
        if above is None or len({one.attributes.get("href") for one in above.css("a[href]") if _tag_of(one)}) > 1:
            break
        row, above = above, above.parent
    return row


def _pieces(row: LexborNode) -> list[str]:
    parts = (part.strip() for text in texts(row) for part in re.split("[•·]", text))
    return [part for part in parts if part]


def _read_row(name: str, path: str, row: LexborNode) -> Tag:
    pieces = [piece for piece in _pieces(row) if piece != name]
    context = _first(_CONTEXT, pieces)
    kinds = _first(_INPUT, pieces)
    return Tag(
        name=name,
        path=path,
        size_text=next(filter(page_text.is_size_in_bytes, pieces), None),
        usage_text=_whole(_USAGE, pieces),
        context_text=context["size"] if context else None,
        input_text=kinds["kinds"] if kinds else None,
        digest_prefix=_whole(_DIGEST, pieces),
        updated_text=_whole(_AGO, pieces),
        is_latest_badge="latest" in pieces,
    )


def _first(pattern: re.Pattern[str], pieces: list[str]) -> re.Match[str] | None:
    return next((found for piece in pieces if (found := pattern.fullmatch(piece))), None)


def _whole(pattern: re.Pattern[str], pieces: list[str]) -> str | None:
    found = _first(pattern, pieces)
    return found.group() if found else None


def _head(root: LexborNode) -> tuple[str | None, list[str], list[str]]:
    """Return the model's name, and the texts and titles between its link and the first tag."""
    links = [(link, model_of(link.attributes.get("href"))) for link in root.css("a[href]")]
    name, start = next(((name, link) for link, name in links if name and text_of(link) == name), (None, None))
    if start is None:
        return None, [], []
    pieces: list[str] = []
    title_texts: list[str] = []
    for node in _after(root, start.mem_id):
        if node.tag == "a" and _tag_of(node):
            break
        title_texts += [node.attributes.get("title") or ""] if node.tag != "-text" else []
        pieces += [text_of(node)] if node.tag == "-text" and text_of(node) else []
    return name, pieces, title_texts


def _after(root: LexborNode, start: int) -> Iterator[LexborNode]:
    """Yield the nodes after the one whose id is `start`, in the order of the page."""
    begun = False
    for node in root.traverse(include_text=True):
        if begun:
            yield node
        begun = begun or node.mem_id == start

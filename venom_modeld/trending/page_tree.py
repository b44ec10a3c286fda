"""What both kinds of pages of ollama.com have in common: texts in the order of the page, and labels among them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from selectolax.lexbor import LexborHTMLParser, LexborNode

from venom_modeld.trending import page_text
from venom_modeld.trending.errors import ParseFailed

MOST_TAGS = 50_000
"""Tags of the longest page that is read; the longest so far has 10,000. Elements inside each other take the parser a
time that grows with the square of their number: these take seconds, a few megabytes would take hours."""

_UNSEEN = frozenset({"script", "style", "svg", "textarea", "template", "input", "button", "select"})
"""Elements whose text is no part of what a reader sees of a model."""

_PULLS = frozenset({"pull", "pulls", "download", "downloads"})
_TAGS = frozenset({"tag", "tags"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What the labels and numbers of a model say; what the page does not show is None or empty."""

    capabilities: tuple[str, ...] = ()
    cloud: bool = False
    sizes: tuple[str, ...] = ()
    pulls_text: str | None = None
    pulls: int | None = None
    tag_count: int | None = None
    updated_text: str | None = None
    updated_at: float | None = None


def parse(html: str) -> LexborNode:
    """Return the root of a page; any text is a page of some kind. Raises ParseFailed for one with endless elements."""
    if html.count("<") > MOST_TAGS:
        raise ParseFailed(f"The page holds more than {MOST_TAGS} tags, which no list of models has.")
    root = LexborHTMLParser(html).root
    if root is None:  # pragma: no cover - lexbor makes an <html> of anything
        raise ValueError("no document")
    return root


def collapsed(text: str) -> str:
    """Return a text with every run of white space as one space."""
    return " ".join(text.split())


def text_of(node: LexborNode) -> str:
    """Return the whole text of a node on one line."""
    return collapsed(node.text())


def children(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the direct children, texts included."""
    child = node.first_child
    while child is not None:
        yield child
        child = child.next


def texts(node: LexborNode, skip: Iterable[LexborNode] = ()) -> Iterator[str]:
    """Yield every piece of text that is seen, in the order of the page; tooltips and `skip` are left out.

    A number and its word in one piece (`5,802 Pulls`) come as two, as they stand in two elements elsewhere.
    """
    skipped = {one.mem_id for one in skip}
    todo = [*children(node)][::-1]
    while todo:
        child = todo.pop()
        if child.tag == "-text":
            yield from _split(collapsed(child.text()))
        elif child.mem_id not in skipped and not _is_unseen(child):
            todo += [*children(child)][::-1]


def _split(text: str) -> Iterator[str]:
    number, space, word = text.partition(" ")
    if space and word.lower() in _PULLS | _TAGS and page_text.is_count(number):
        yield from (number, word)
    elif text:
        yield text


def _is_unseen(node: LexborNode) -> bool:
    return node.tag in _UNSEEN or node.attributes.get("role") == "tooltip"


def titles(node: LexborNode) -> list[str]:
    """Return every `title` in a node."""
    return [collapsed(one.attributes.get("title") or "") for one in node.css("[title]")]


def read_labels(pieces: Iterable[str], title_texts: Iterable[str]) -> Labels:
    """Make sense of the pieces of text of one model, and of the titles in it, whatever their order and markup."""
    pieces, title_texts = list(pieces), list(title_texts)
    words = [word.strip() for piece in pieces for word in piece.split("·")]
    low = [word.lower() for word in words]
    pulls_text = _before(pieces, _PULLS)
    exact = next((number for title in title_texts if (number := page_text.downloads(title)) is not None), None)
    if pulls_text is None and exact is not None:
        pulls_text = next((piece for piece in reversed(pieces) if page_text.is_count(piece)), None)
    moments = (page_text.moment(title) for title in title_texts)
    return Labels(
        capabilities=tuple(dict.fromkeys(word for word in low if word in page_text.CAPABILITIES)),
        cloud=page_text.CLOUD in low,
        sizes=tuple(dict.fromkeys(word for word in words if page_text.is_size(word))),
        pulls_text=pulls_text,
        pulls=page_text.count(pulls_text) if exact is None else exact,
        tag_count=page_text.count(_before(pieces, _TAGS)),
        updated_text=next((after for word, after in pairwise(pieces) if word.lower() == "updated"), None),
        updated_at=next((moment for moment in moments if moment is not None), None),
    )


def _before(pieces: list[str], words: frozenset[str]) -> str | None:
    """Return the count that stands before one of the words."""
    found = (number for number, word in pairwise(pieces) if word.lower() in words and page_text.is_count(number))
    return next(found, None)

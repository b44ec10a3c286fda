"""The lists of ollama.com (`/search`, `/library`), read by what has stayed stable through their designs.

That is: an `<li>` that holds a link to `/library/NAME` or `/USER/NAME`; its first paragraph, which is the description;
labels by what they say; the number beside `Pulls` or in a title; the moment in a title; and the element that loads the
next page. A page without cards, or whose cards show nothing but names, is not read at all: the site has changed, and
an empty or bare list would hide that.
"""

import re
from dataclasses import dataclass, fields
from urllib.parse import parse_qs

from selectolax.lexbor import LexborNode

from venom_modeld.trending.errors import ParseFailed
from venom_modeld.trending.page_tree import Labels, parse, read_labels, text_of, texts, titles

MOST_LINKS = 2000
"""How many links of a page are looked at; the longest list so far has 250."""

LONGEST_TEXT = 2000
"""Characters of a description that are kept; the longest so far has 400."""

LONGEST_QUERY = 1000

_MODEL_PATH = re.compile(r"/(?P<owner>[A-Za-z0-9_][A-Za-z0-9_.-]*)/(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)")
_SECTIONS = frozenset({"blog", "docs", "download", "public", "assets", "settings", "api", "search", "cloud"})
"""Parts of the site that are no users."""

_NOTHING_FOUND = re.compile(r"\bno (?:models|results)(?: were)? found\b", re.IGNORECASE)
_COUNTS = re.compile(r"\b(?:pulls?|downloads?|tags?|updated)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One model of a list, as the page shows it."""

    name: str
    """As Ollama takes it: `NAME`, or `USER/NAME`."""
    path: str
    description: str | None
    labels: Labels

    @property
    def is_bare(self) -> bool:
        """Tell whether the page shows nothing but the name."""
        return self.description is None and not any(getattr(self.labels, one.name) for one in fields(Labels))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """A list, or the part of it that one request gives."""

    cards: tuple[Card, ...]
    next_page: int | None
    """The number to ask for next; None at the end."""


def read_list(html: str, *, url: str, may_be_empty: bool = False) -> ListPage:
    """Read a list; `may_be_empty` for the answer to a search, which must then say in words that nothing was found.

    Raises ParseFailed, which names `url`.
    """
    root = parse(html)
    cards = _read_cards(root)
    if not cards and not (may_be_empty and any(map(_NOTHING_FOUND.search, texts(root)))):
        raise ParseFailed(unreadable(html, url, "no model is on it"))
    if cards and sum(card.is_bare for card in cards) * 2 > len(cards):
        raise ParseFailed(unreadable(html, url, "its models have names and nothing else"))
    return ListPage(cards=cards, next_page=_next_page(root))


def model_of(path: str | None) -> str | None:
    """Return the name of the model whose page is at `path`; None for other pages."""
    found = _MODEL_PATH.fullmatch(path or "")
    if found is None or found["owner"] in _SECTIONS:
        return None
    return found["name"] if found["owner"] == "library" else f"{found['owner']}/{found['name']}"


def unreadable(html: str, url: str, what: str) -> str:
    """Return the sentence for a page that cannot be read: whose fault it most likely is, and what to do."""
    if "ollama" not in html.lower():
        return (
            f"{url} answered with a page that is not Ollama's, such as the login page of a hotspot or a proxy. Open it"
            " in a browser on this network."
        )
    return (
        f"{url} cannot be read: {what}. The site's layout may have changed; a newer version of venom-modeld may read"
        " it. Meanwhile `trending.ollama.source: recommendations` uses the list of the local Ollama."
    )


def _read_cards(root: LexborNode) -> tuple[Card, ...]:
    cards: dict[str, Card] = {}
    items: set[int] = set()
    for link in root.css("li a[href]")[:MOST_LINKS]:
        path = link.attributes.get("href") or ""
        name = model_of(path)
        if name is None or path in cards:
            continue
        item = _item_of(link)
        if item.mem_id not in items:
            items.add(item.mem_id)
            cards[path] = _read_card(name, path, item)
    return tuple(cards.values())


def _item_of(link: LexborNode) -> LexborNode:
    item = link
    while item.tag != "li" and item.parent is not None:
        item = item.parent
    return item


def _read_card(name: str, path: str, item: LexborNode) -> Card:
    paragraph = next((one for one in item.css("p") if text_of(one)), None)
    if paragraph is not None and _is_counts(paragraph):
        paragraph = None
    skip = [*item.css("h1, h2, h3"), *([] if paragraph is None else [paragraph])]
    return Card(
        name=name,
        path=path,
        description=None if paragraph is None else text_of(paragraph)[:LONGEST_TEXT],
        labels=read_labels(texts(item, skip), titles(item)),
    )


def _is_counts(paragraph: LexborNode) -> bool:
    """Tell whether a paragraph is the line of numbers, which is the first one where there is no description."""
    labels = read_labels(texts(paragraph), titles(paragraph))
    return labels != Labels() and any(_COUNTS.fullmatch(piece) for piece in texts(paragraph))


def _next_page(root: LexborNode) -> int | None:
    for item in root.css("li[hx-get]"):
        _, _, query = (item.attributes.get("hx-get") or "").partition("?")
        number = parse_qs(query[:LONGEST_QUERY]).get("page", [""])[0]
        if re.fullmatch("[0-9]{1,6}", number):
            return int(number)
    return None

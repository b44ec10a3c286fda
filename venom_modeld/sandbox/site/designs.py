"""The pages of the stand-in ollama.com, in each of the designs that the real one had, as far as a reader can tell.

The first two are one tree, with and without the attributes that the site's own tests once used. The last two have no
tags and no times; one has icons and the sizes together, the other a round label for everything.
"""

from collections.abc import Callable, Mapping
from html import escape

from venom_modeld.sandbox.site.content import Card, Version
from venom_modeld.sandbox.site.faults import Design

_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "KB"))
_COUNTS = ((10**9, "B"), (10**6, "M"), (10**3, "K"))


def short_count(number: int) -> str:
    """Return a number as lists show it, such as `43.1M`."""
    return _scaled(number, _COUNTS)


def size_text(size: int) -> str:
    """Return bytes as pages of tags show them, such as `2.0GB`."""
    return _scaled(size, _UNITS)


def _scaled(number: int, steps: tuple[tuple[int, str], ...]) -> str:
    for length, unit in steps:
        if number >= length:
            text = f"{number / length:.1f}" if number < 100 * length else f"{number / length:.0f}"
            return text.removesuffix(".0") + unit
    return str(number)


def _tree(card: Card, mark: Callable[[str], str]) -> str:
    chips = [f"<span{mark('capability')} class='text-indigo'>{word}</span>" for word in card.capabilities]
    chips += [f"<span{mark('size')} class='text-blue'>{size}</span>" for size in card.sizes]
    word = "Tag" if len(card.versions) == 1 else "Tags"
    numbers = [
        f"<span><svg></svg><span{mark('pull-count')}>{short_count(card.pulls)}</span><span>&nbsp;Pulls</span></span>",
        f"<span><svg></svg><span{mark('tag-count')}>{len(card.versions)}</span><span>&nbsp;{word}</span></span>",
        f"<span title='{card.moment}'><span>Updated&nbsp;</span><span{mark('updated')}>{card.ago}</span></span>",
    ]
    name = f"<span{mark('search-response-title')}>{escape(card.name)}</span>"
    head = f"<div title='{escape(card.name)}'><h2>{name}</h2><p>{escape(card.about)}</p></div>"
    inner = f"{head}<div><div>{''.join(chips)}</div><p>{''.join(numbers)}</p></div>"
    return f"<li{mark('model')} class='flex'><a href='{card.path}'>{inner}</a></li>"


def _attributes(card: Card) -> str:
    return _tree(card, lambda name: f" x-test-{name}")


def _plain(card: Card) -> str:
    return _tree(card, lambda _: " ")


def _icons(card: Card) -> str:
    facts = [f"<span><svg></svg>{word.capitalize()}</span>" for word in card.capabilities]
    facts += [f"<span>{' · '.join(card.sizes)}</span>"] if card.sizes else []
    return _row(card, facts)


def _chips(card: Card) -> str:
    price = "<span><span role='tooltip'>Nothing to pay here</span>$</span><span>|</span>"
    return _row(card, [price, *(f"<span >{word}</span>" for word in (*card.capabilities, *card.sizes))])


def _row(card: Card, facts: list[str]) -> str:
    name, about = escape(card.name), escape(card.about)
    pulls = f"<span title='{card.pulls:,} downloads'><svg></svg><span >{short_count(card.pulls)}</span></span>"
    inner = f"<h2 title='{name}'><span >{name}</span></h2><p title='{about}'>{about}</p><div>{''.join(facts)}</div>"
    return f"<li  class='border-b'><a href='{card.path}'><div>{inner}</div>{pulls}</a></li>"


DESIGNS: Mapping[Design, Callable[[Card], str]] = {
    "attributes": _attributes,
    "plain": _plain,
    "icons": _icons,
    "chips": _chips,
}


def bare(card: Card) -> str:
    """Return a model as a layout would have it that nobody has read before: its name and nothing else."""
    return f"<li><a href='{card.path}'>{escape(card.name)}</a></li>"


def list_page(rows: list[str], *, more: str = "") -> str:
    """Return a whole list; `more` is what loads the next part."""
    return _page("Ollama Search", f"<ul role='list'>{''.join(rows)}{more}</ul>")


def list_part(rows: list[str], *, more: str = "") -> str:
    """Return a later part of a list, which the site's own program puts below the first."""
    return "".join(rows) + more


def next_part(path: str) -> str:
    """Return the element that loads the next part of a list."""
    return f"<li hx-get='{escape(path)}' hx-trigger='revealed'></li>"


def nothing_found() -> str:
    """Return the answer to a search that finds nothing."""
    return _page("Ollama Search", "<p>No models found.</p>")


def not_there() -> str:
    """Return the page for an address that does not exist."""
    return _page("Ollama", "<h1>404.</h1><p>That's an error. The page was not found.</p>")


def home() -> str:
    """Return the first page."""
    return _page("Ollama", "<p>A stand-in for ollama.com. <a href='/search'>Its models</a> are not real.</p>")


def model_page(card: Card) -> str:
    """Return the page of a model, or of its tags, which say the same here."""
    name = escape(card.name)
    numbers = (
        f"<span><span>{short_count(card.pulls)}</span><span>&nbsp;Downloads</span></span>"
        f"<span title='{card.moment}'><span>Updated&nbsp;</span><span>{card.ago}</span></span>"
    )
    about = f"<h2 id='summary-display'><span id='summary-content'>{escape(card.about)}</span></h2>"
    labels = "".join(f"<span>{word}</span>" for word in (*card.capabilities, *card.sizes))
    head = f"<a href='{card.path}' title='{name}'>{name}</a><p>{numbers}</p><div>{about}</div><div>{labels}</div>"
    return _page(name, head + "".join(_tag(card, version) for version in card.versions))


def _tag(card: Card, version: Version) -> str:
    """Return one tag, which stands twice on the page: for phones and for desks."""
    path, name = f"{card.path}:{version.tag}", escape(f"{card.name}:{version.tag}")
    size, digest = size_text(version.size), version.digest[:12]
    context = f"{version.spec.context_length // 1024}K"
    kinds = "Text, Image" if "vision" in version.spec.capabilities else "Text"
    badge = "<span>latest</span>" if version.tag == "latest" else ""
    phone = f"<span>{digest}</span> • {size} • {context} context window • <span>{kinds} input • {card.ago}</span>"
    desk = f"<p>{size}</p><p>{context}</p><div>{kinds}</div><span>{digest}</span>&nbsp;·&nbsp;{card.ago}"
    return (
        f"<div><a href='{path}'><div><span>{name}</span>{badge}</div><div>{phone}</div></a>"
        f"<div><a href='{path}'>{name}</a>{badge}<input value='{name}'>{desk}</div></div>"
    )


def _page(title: str, body: str) -> str:
    links = "".join(f"<li><a href='{path}'>{path[1:]}</a></li>" for path in ("/search", "/library", "/download"))
    return (
        f"<!doctype html><html><head><title>{title}</title></head><body><nav><ul>{links}</ul></nav>"
        f"<main>{body}</main><footer>Ollama, as the sandbox has it</footer></body></html>"
    )

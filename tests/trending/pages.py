"""Pages of an imaginary ollama.com, in each of the designs that the real one has had, with models of our own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, kw_only=True)
class Bird:
    """A model as a page shows it."""

    name: str
    about: str = ""
    skills: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    cloud: bool = False
    pulls: str | None = None
    exact: str | None = None
    """The exact number of downloads, for the designs that tell it."""
    tags: str | None = None
    ago: str | None = None
    moment: str | None = None

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"/{self.name}" if "/" in self.name else f"/library/{self.name}"


BIRDS = (
    Bird(
        name="heron2.5",
        about="A patient reader's model: waits & strikes.",
        skills=("vision", "tools"),
        sizes=("270m", "8b", "8x22b"),
        pulls="7.1M",
        exact="7,100,200",
        tags="1,204",
        ago="3 weeks ago",
        moment="Aug 14, 2026 4:54 PM UTC",
    ),
    Bird(
        name="wren",
        about="The smallest of all.",
        skills=("embedding",),
        pulls="5,802",
        exact="5,802",
        tags="1",
        ago="2 years ago",
        moment="Feb 1, 2024 12:06 AM UTC",
    ),
    Bird(name="albatross", about="Flies elsewhere.", skills=("thinking",), cloud=True),
    Bird(name="someone/owl", about="A user's own.", sizes=("e4b",), pulls="12", exact="12", tags="2"),
)


def g1(bird: Bird) -> str:
    """Until July 2026: attributes for the site's own tests."""
    return _old(bird, mark=lambda name: f" x-test-{name}")


def g2(bird: Bird) -> str:
    """From July 2026: the same tree without the attributes."""
    return _old(bird, mark=lambda _: " ")


def _old(bird: Bird, mark: Callable[[str], str]) -> str:
    chips = "".join(f'<span{mark("capability")} class="chip-a">{skill}</span>' for skill in bird.skills)
    chips += '<span class="chip-b">cloud</span>' if bird.cloud else ""
    chips += "".join(f'<span{mark("size")} class="chip-c">{size}</span>' for size in bird.sizes)
    numbers = ""
    if bird.pulls:
        count = f"<span{mark('pull-count')}>{bird.pulls}</span>"
        numbers += f'<span><svg><path d="M0"/></svg>{count}<span>&nbsp;Pulls</span></span>'
    if bird.tags:
        word = "Tag" if bird.tags == "1" else "Tags"
        numbers += f"<span><svg></svg><span{mark('tag-count')}>{bird.tags}</span><span>&nbsp;{word}</span></span>"
    if bird.ago:
        title = f' title="{bird.moment}"' if bird.moment else ""
        numbers += f"<span{title}><span>Updated&nbsp;</span><span{mark('updated')}>{bird.ago}</span></span>"
    about = f"<p>{escape(bird.about)}</p>" if bird.about else ""
    head = f'<div title="{bird.name}"><h2><span>{bird.name}</span></h2>{about}</div>'
    inner = f"{head}<div><div>{chips}</div><p>{numbers}</p></div>"
    return f'<li{mark("model")} class="row"><a href="{bird.path}">{inner}</a></li>'


def g3a(bird: Bird) -> str:
    """October 2026, with icons: sizes together, words beside icons, the cloud with a tooltip."""
    facts = "".join(f'<span class="x"><svg></svg>{skill.capitalize()}</span>' for skill in bird.skills)
    tip = '<span role="tooltip">Runs on Ollama\'s cloud\nvision 99b 1M context</span>'
    facts += f"<span>Cloud{tip}</span>" if bird.cloud else ""
    facts += f'<span class="y">{" · ".join(bird.sizes)}</span>' if bird.sizes else ""
    return _new(bird, facts)


def g3b(bird: Bird) -> str:
    """October 2026, with rounded labels; a price with a tooltip, and a context length that is no size."""
    facts = '<span><span role="tooltip">High usage\n$1 in 8b</span>$</span><span>|</span><span >1M context</span>'
    facts += "".join(
        f"<span >{word}</span>" for word in (*bird.skills, *(["cloud"] if bird.cloud else []), *bird.sizes)
    )
    return _new(bird, facts)


def _new(bird: Bird, facts: str) -> str:
    pulls = f'<span title="{bird.exact} downloads"><svg></svg><span >{bird.pulls}</span></span>' if bird.exact else ""
    about = escape(bird.about)
    return (
        f'<li  class="border-b"><a href="{bird.path}"><div><h2 title="{bird.name}"><span >{bird.name}</span></h2>'
        f'<p title="{about}">{about}</p><div>{facts}</div></div>{pulls}</a></li>'
    )


DESIGNS: dict[str, Callable[[Bird], str]] = {"G1": g1, "G2": g2, "G3a": g3a, "G3b": g3b}


def page(cards: Iterable[str], *, more: str = "") -> str:
    """Return a whole page: head, navigation and footer, with lists of links that are no models."""
    listed = "".join(cards)
    return (
        "<!doctype html><html><head><title>Ollama Search</title><style>li{}</style></head><body><nav><ul>"
        '<li><a href="/models">Models</a></li><li><a href="/blog/news">Blog</a></li><li><a href="/cloud/pricing">'
        f'Cloud</a></li></ul></nav><main><ul role="list">{listed}{more}</ul></main><footer><ul><li>'
        '<a href="https://github.com/ollama/ollama">GitHub</a></li></ul></footer></body></html>'
    )


def later(number: int, *, query: str = "") -> str:
    """Return the element that loads the next part."""
    return f'<li\n  hx-get="/search?{query}page={number}"\n  hx-trigger="revealed"></li>'


def listing(design: str = "G2", birds: Iterable[Bird] = BIRDS, *, more: str = "") -> str:
    """Return a list in a design."""
    return page(map(DESIGNS[design], birds), more=more)


def tag_row(name: str, *, size: str, digest: str = "0123456789ab", context: str = "128K", latest: bool = False) -> str:
    """Return one tag, which stands twice on the page, with the stray end tag that the real one has."""
    badge = "<span>latest</span>" if latest else ""
    path = f"/{name}" if "/" in name else f"/library/{name}"
    kinds = "Text, Image"
    phone = f"<span>{digest}</span> • {size} • {context} context window • <span>{kinds} input • 1 month ago</span>"
    desk = f"<p>{size}</p><p>{context}</p><div>{kinds}</div><span>{digest}</span>&nbsp;·&nbsp;1 month ago"
    return (
        f'<div><a href="{path}" class="phone"><span>{name}</span></span>{badge}<div><span>{phone}</span></div></a>'
        f'<div class="desk"><a href="{path}">{name}</a>{badge}<input value="{name}">{desk}</div></div>'
    )


def tags_page(rows: Iterable[str], *, name: str = "heron2.5") -> str:
    """Return the page of a model's tags, with its head."""
    return (
        f'<html><body><nav><a href="/">Ollama</a></nav><a href="/library/{name}" title="{name}">{name}</a><p><span>'
        "<span>221K</span><span>&nbsp;Downloads</span></span>"
        '<span title="Jun 16, 2025 8:46 PM UTC"><span>Updated&nbsp;</span><span>1 month ago</span></span></p>'
        '<div id="summary"><h2 id="summary-display"><span id="summary-content">\n A patient   reader. </span></h2>'
        "<textarea>A patient reader. 99b</textarea></div><div><span>tools</span><span>8b</span></div>"
        f'<a href="/library/{name}/tags">View all</a>{"".join(rows)}<p>vision 70b</p></body></html>'
    )

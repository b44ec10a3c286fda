"""A catalogue is a stranger's server: whatever it answers, lists are read, or it is told in words why not."""

import asyncio
import gzip
import zlib
from typing import Any

import pytest

from tests.runtimes.conftest import Reply, ScriptedServer
from venom_modeld.core.errors import LONGEST_WAIT
from venom_modeld.core.sizes import LARGEST
from venom_modeld.trending import hub_child, ollama_pages, ollama_tags, page_text, page_tree
from venom_modeld.trending.errors import ParseFailed, SourceFailed
from venom_modeld.trending.huggingface import LONGEST_TAG, read_files, read_repository
from venom_modeld.trending.limits import Budget, Host, read_retry_after
from venom_modeld.trending.manifests import read_manifest
from venom_modeld.trending.robots import LONGEST, Robots
from venom_modeld.trending.wire import Wire, refused

MUCH = "9" * 400
CARD = '<li><a href="/library/{name}"><h2>{name}</h2><p>{words}</p><span>8b</span></a></li>'
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def wire_to(url: str) -> Wire:
    """Return the way to a server, which may be asked as often as wanted."""
    return Wire(url, Host("site.test", Budget(burst=1000, seconds=0.001), clock=lambda: 0.0), user_agent="test")


@pytest.mark.parametrize("location", ["http://[", "//[::1", "file:///etc/passwd", "http://10.0.0.1/", "javascript:x"])
async def test_no_redirect_is_followed(location: str, server: ScriptedServer) -> None:
    """Neither to a file, nor to another host, nor to an address that makes no sense."""
    server.on("GET /search", Reply(status=302, headers={"Location": location}))
    wire = wire_to(server.url)
    with pytest.raises(ParseFailed, match="sends us to"):
        await wire.get("/search")
    await wire.close()
    assert [asked.what for asked in server.asked] == ["GET /search"]


@pytest.mark.parametrize(
    ("packing", "body"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(b"x"))),
        ("deflate", zlib.compress(b"x")),
        ("deflate,deflate,deflate,deflate", b"x"),
        ("br", b"x"),
    ],
    ids=["gzip twice", "deflate", "deflate four times", "br"],
)
async def test_what_is_packed_otherwise_is_refused(packing: str, body: bytes, server: ScriptedServer) -> None:
    """Once by gzip is what we ask for; several times may keep us unpacking for hours."""
    server.on("GET /x", Reply(body=body, headers={"Content-Encoding": packing}))
    wire = wire_to(server.url)
    with pytest.raises(ParseFailed, match="which was not asked for"):
        await wire.get("/x")
    await wire.close()
    assert server.asked[0].headers["accept-encoding"] == "gzip"


async def test_a_bomb_is_unpacked_up_to_the_limit(server: ScriptedServer) -> None:
    """A few kilobytes that become a gigabyte are cut off like any answer that is too long."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    body = b"".join(packer.compress(b"\0" * 2**20) for _ in range(1024)) + packer.flush()
    server.on("GET /x", Reply(body=body, headers={"Content-Encoding": "gzip"}))
    server.on("GET /y", Reply(body=gzip.compress(b"fine"), headers={"Content-Encoding": "gzip"}))
    wire = wire_to(server.url)
    with pytest.raises(ParseFailed, match="answered with more than"):
        await wire.get("/x")
    assert (await wire.get("/y")).text == "fine"
    await wire.close()


@pytest.mark.parametrize(
    "wait",
    [
        MUCH,
        "Mon, 01 Jan 99999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2020 999999999999:00:00 GMT",
        "Mon, 01 Jan 2020 00:00:00 +99999999999",
        "Mon, 01 Jan 9999 00:00:00 -9999",
        "²",
        "-1",
        "nan",
    ],
)
def test_a_wait_is_a_day_at_the_most(wait: str) -> None:
    """A wait that is no time at all is none."""
    found = read_retry_after({"retry-after": wait}, now=0.0)
    assert found is None or 0 <= found <= LONGEST_WAIT
    assert isinstance(refused("https://site.test/x", 429, {"retry-after": wait}, now=0.0), SourceFailed)


@pytest.mark.parametrize(
    "rules",
    [
        "Crawl-delay: ²",
        f"Crawl-delay: {'9' * 5000}",
        "Request-rate: ²/1",
        "Disallow: http://[",
        "Disallow: /\n" * 100_000,
    ],
)
async def test_rules_that_cannot_be_read_forbid_for_now(rules: str, server: ScriptedServer) -> None:
    """They are no reason to fail otherwise, and none to read what is perhaps forbidden."""
    server.on("GET /robots.txt", Reply(body=f"User-agent: *\n{rules}".encode()))
    wire = wire_to(server.url)
    with pytest.raises(SourceFailed):
        await Robots(wire, agent="venom-modeld", clock=lambda: 0.0).allow("/search")
    await wire.close()


@pytest.mark.parametrize(("delay", "seconds"), [(MUCH, LONGEST_WAIT), ("3", 3.0), ("x", 0.0)])
async def test_a_site_may_ask_for_a_day_between_requests(delay: str, seconds: float, server: ScriptedServer) -> None:
    """And for no more."""
    more = "# and so on\n" * LONGEST
    server.on("GET /robots.txt", Reply(body=f"User-agent: *\nCrawl-delay: {delay}\n{more}".encode()))
    wire = wire_to(server.url)
    robots = Robots(wire, agent="venom-modeld", clock=lambda: 0.0)
    await robots.allow("/search")
    await wire.close()
    assert robots.delay == seconds


@pytest.mark.parametrize("text", [MUCH, f"{MUCH}M", f"{MUCH}.5B", "9007199254740993"])
def test_a_count_beyond_all_is_none(text: str) -> None:
    """A number that no browser holds was made up."""
    assert page_text.count(text) is None
    assert page_text.downloads(f"{text} downloads") is None
    assert page_text.size_in_bytes(f"{text}GB") is None
    assert page_text.size_in_bytes(f"{text}GB - 2GB") == 2 * 10**9


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 1_000_000,
        "<li><a href='/library/a'>" * 300_000,
        "<li><a href='/library/a'>" + "<p>" * 1_000_000,
        "<!--" * 1_000_000,
    ],
)
def test_a_page_of_endless_elements_is_not_parsed(page: str) -> None:
    """Elements inside each other cost their parser the square of their number; a page of lists has few."""
    for read in (ollama_pages.read_list, ollama_tags.read_model):
        with pytest.raises(ParseFailed):
            read(page, url="https://site.test/")
    with pytest.raises(ParseFailed, match="no list of models has"):
        page_tree.parse(page)


def test_a_long_description_is_cut() -> None:
    """A megabyte of words is not kept, stored, sent and drawn."""
    page = CARD.format(name="a", words="word " * 200_000)
    (card,) = ollama_pages.read_list(page, url="https://site.test/").cards
    assert len(card.description or "") == ollama_pages.LONGEST_TEXT
    tags = f"<div id=summary-content>{'word ' * 200_000}</div><a href='/library/a:b'>a:b 1GB</a>"
    assert len(ollama_tags.read_model(tags, url="https://site.test/").description or "") == ollama_pages.LONGEST_TEXT


def test_markup_in_a_description_is_text() -> None:
    """What was escaped on the page stays words; a script that was not is not read at all."""
    escaped = SCRIPT.replace("<", "&lt;")
    page = CARD.format(name="a", words=f"{escaped}{SCRIPT} and more")
    (card,) = ollama_pages.read_list(page, url="https://site.test/").cards
    assert card.description is not None
    assert card.description.startswith("<script>alert(1)</script><img")
    assert card.name == "a"


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "//evil.example/library/a",
        "https://evil.example/library/a",
        "/library/..",
        "/library/a%0a",
        "/library/a/../../x",
        "/library/-a",
        "/library/a b",
        "/library/" + "а",
    ],
)
def test_an_address_that_is_no_models_is_none(href: str) -> None:
    """Links elsewhere, and names that no model can have, are no entries: pages of entries are linked."""
    assert ollama_pages.model_of(href) is None


@pytest.mark.parametrize("number", ["1" * 5000, "²", "-1", "0x10", "9" * 7])
def test_the_number_of_the_next_page_is_small(number: str) -> None:
    """Another one is no number of a page."""
    page = CARD.format(name="a", words="b") + f"<li hx-get='/search?page={number}'>"
    assert ollama_pages.read_list(page, url="https://site.test/").next_page is None


def manifest(size: str, *, layers: str | None = None) -> bytes:
    """Return a manifest whose layer has a size."""
    layer = f'{{"mediaType": "x", "digest": "sha256:1", "size": {size}}}'
    config = '{"mediaType": "x", "digest": "sha256:0", "size": 1}'
    return f'{{"config": {config}, "layers": {layers or f"[{layer}]"}}}'.encode()


@pytest.mark.parametrize(
    "body",
    [
        manifest("9" * 4000),
        manifest("9" * 5000),
        manifest(str(LARGEST + 1)),
        manifest("1e999"),
        manifest("NaN"),
        manifest("true"),
        manifest("-1"),
        manifest("1", layers="7"),
        manifest("1", layers="[7]"),
        manifest("1", layers="[" * 200_000),
        b"[]",
        b"\xff",
        b"",
    ],
)
def test_a_manifest_that_makes_no_sense_is_none(body: bytes) -> None:
    """A size that no disk has would break every list that it is shown in."""
    with pytest.raises(ParseFailed):
        read_manifest(body, url="https://registry.test/x")


REPOSITORY: dict[str, Any] = {
    "id": "a/b",
    "downloads": 1,
    "likes": 1,
    "gated": False,
    "updated_at": None,
    "task": None,
    "tags": [],
    "parameters": {},
    "gguf_parameters": None,
    "files": None,
}


@pytest.mark.parametrize("number", [10**400, LARGEST + 1, -1, True, 1.5, "1", None, [1]])
def test_a_count_of_the_hub_that_makes_no_sense_is_unknown(number: object) -> None:
    """Unknown is null, never a number that was not said."""
    odd = {**REPOSITORY, "downloads": number, "likes": number, "gguf_parameters": number}
    found = read_repository({**odd, "parameters": {"F16": number}})
    assert (found.downloads, found.likes, found.gguf_parameters, found.parameters) == (None, None, None, {})
    assert (found.size_bytes, found.size_label) == (None, None)
    assert read_files({"a.gguf": number}) == {}


@pytest.mark.parametrize("name", ["../..", "a/../b", "-", "a b/c", "a\n/b", "a/b/c", "", "<b>/x", "а/b"])
def test_a_repository_has_a_name_that_can_be_asked_for(name: str) -> None:
    """A name becomes a part of addresses and of the file; one that is none spoils the answer."""
    with pytest.raises(ParseFailed):
        read_repository({**REPOSITORY, "id": name})


def test_tags_of_the_hub_can_be_shown() -> None:
    """A megabyte, a control character and half a character are no tags."""
    odd = ["x" * (LONGEST_TAG + 1), "\x1b[2J", "\ud800", 7, "license:mit"]
    assert read_repository({**REPOSITORY, "tags": odd}).tags == ("license:mit",)


@pytest.mark.parametrize(
    "location", ["http://localhost:1/x", "https://evil.invalid/x", "http://169.254.169.254/latest", "http://hf.co/x"]
)
async def test_the_hub_leads_to_itself_alone(location: str, server: ScriptedServer) -> None:
    """A repository that was renamed is followed within its host; nobody else is asked, and nobody gets the token."""
    call = {"do": "tree", "repository": "a/b"}
    path = "/api/models/a/b/tree/main?recursive=true&expand=false"
    server.on(f"GET {path}", Reply(status=302, headers={"Location": location}))
    found = await asyncio.to_thread(hub_child.answer, call, endpoint=server.url)
    assert [asked.what for asked in server.asked] == [f"GET {path}"]
    assert found["invalid"] == "it sends us to another host"
    server.on(f"GET {path}", Reply(status=307, headers={"Location": "/new"}))
    server.on("GET /new", Reply(body=b"[]", headers={"Content-Type": "application/json"}))
    assert (await asyncio.to_thread(hub_child.answer, call, endpoint=server.url))["value"] == {}

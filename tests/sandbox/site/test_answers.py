"""What the stand-in ollama.com answers, and what the dial does to that."""

import asyncio
from typing import get_args

import httpx2
import pytest

import venom_modeld.sandbox.site
from tests.conftest import eventually
from venom_modeld.sandbox.artifacts import ModelSpec
from venom_modeld.sandbox.hub.faults import HubFailure
from venom_modeld.sandbox.site import Site, SiteFaults
from venom_modeld.sandbox.site.content import ago, cards
from venom_modeld.sandbox.site.designs import short_count, size_text
from venom_modeld.sandbox.site.faults import Design
from venom_modeld.trending.errors import ParseFailed
from venom_modeld.trending.ollama_pages import ListPage, read_list
from venom_modeld.trending.ollama_tags import read_model

HTMX = {"HX-Request": "true"}


async def listed(http: httpx2.AsyncClient, path: str, **headers: str) -> ListPage:
    """Return a list as the reader of catalogues takes it."""
    return read_list((await http.get(path, headers=headers)).text, url=path, may_be_empty="q=" in path)


def names(page: ListPage) -> list[str]:
    """Return the models of a list."""
    return [card.name for card in page.cards]


async def test_a_search_comes_in_parts(site: Site, http: httpx2.AsyncClient) -> None:
    """Later parts answer the site's own program; others are sent to the first."""
    first = await listed(http, "/search")
    assert (names(first), first.next_page) == ([card.name for card in cards(site.shelf)][:3], 2)
    refused = await http.get("/search?page=2")
    assert (refused.status_code, refused.headers["location"]) == (303, "/search")
    last = await listed(http, "/search?page=3", **HTMX)
    assert (len(last.cards), last.next_page) == (2, None)


async def test_a_search_finds_by_name_and_by_words(http: httpx2.AsyncClient) -> None:
    """Where nothing fits, the page says so."""
    assert names(await listed(http, "/search?q=QWEN")) == ["qwen3", "qwen2.5-coder"]
    assert names(await listed(http, "/search?q=vectors")) == ["nomic-embed-text", "all-minilm"]
    assert names(await listed(http, "/search?q=auk")) == []
    found = await listed(http, "/search?q=a")
    assert found.next_page == 2
    assert (await http.get("/search?q=a&page=2", headers=HTMX)).status_code == 200


@pytest.mark.parametrize("design", get_args(Design))
async def test_every_design_can_be_read(site: Site, http: httpx2.AsyncClient, design: Design) -> None:
    """A reader takes the same from each, as far as it tells it; tags and times are in the old ones alone."""
    site.faults.design = design
    new = design in ("icons", "chips")
    [shown, *_] = (await listed(http, "/search?q=gemma")).cards
    assert (shown.name, shown.path) == ("gemma3", "/library/gemma3")
    assert shown.description == "Small models of Google that read pictures too, from phones to one GPU."
    labels = shown.labels
    assert (labels.capabilities, labels.sizes, labels.cloud) == (("vision",), ("270m", "4b"), False)
    assert (labels.pulls_text, labels.pulls) == ("31.2M", 31_204_551 if new else 31_200_000)
    assert (labels.tag_count, labels.updated_at) == ((None, None) if new else (3, 1_790_759_700.0))


@pytest.mark.parametrize("design", get_args(Design))
async def test_the_library_is_one_page_by_popularity(site: Site, http: httpx2.AsyncClient, design: Design) -> None:
    """It has the old markup in every design of October 2026, as the real one had."""
    site.faults.design = design
    page = await listed(http, "/library")
    pulls = [card.labels.pulls or 0 for card in page.cards]
    assert (len(page.cards), page.next_page) == (8, None)
    assert pulls == sorted(pulls, reverse=True)
    assert all(card.labels.tag_count for card in page.cards)


@pytest.mark.parametrize("path", ["/library/gemma3", "/library/gemma3/tags"])
async def test_a_model_shows_its_tags(site: Site, http: httpx2.AsyncClient, path: str) -> None:
    """With sizes and the beginning of the digest that the registry has."""
    page = read_model((await http.get(path)).text, url=path)
    assert (page.name, page.labels.pulls_text) == ("gemma3", "31.2M")
    assert [(tag.name, tag.size_text, tag.input_text, tag.is_latest_badge) for tag in page.tags] == [
        ("gemma3:latest", "3.3GB", "Text, Image", True),
        ("gemma3:270m", "292MB", "Text", False),
        ("gemma3:4b", "3.3GB", "Text, Image", False),
    ]
    digests = {version.digest[:12] for card in cards(site.shelf) for version in card.versions}
    assert {tag.digest_prefix for tag in page.tags} <= digests


async def test_what_is_published_is_on_the_site(site: Site, http: httpx2.AsyncClient) -> None:
    """A user's own model has a page under that user; names of other hosts are none of the site's."""
    site.shelf.publish(ModelSpec(name="olga/owl:1b", size=900))
    site.shelf.publish(ModelSpec(name="mirror.lan/olga/eagle:1b", size=900))
    assert names(await listed(http, "/search?q=o")).count("olga/owl") == 0
    assert names(await listed(http, "/search?q=published")) == ["olga/owl"]
    page = read_model((await http.get("/olga/owl/tags")).text, url="/olga/owl/tags")
    assert [tag.name for tag in page.tags] == ["olga/owl:1b"]
    assert (await http.get("/olga/eagle")).status_code == 404


@pytest.mark.parametrize("path", ["/library/auk", "/library/auk/tags", "/auk/auk", "/nowhere"])
async def test_what_is_not_there_is_a_page_with_404(http: httpx2.AsyncClient, path: str) -> None:
    """For people, as on the real site."""
    answer = await http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_a_page_that_did_not_change_is_not_sent_again(http: httpx2.AsyncClient) -> None:
    """A request that names the version at hand gets 304."""
    etag = (await http.get("/library")).headers["etag"]
    again = await http.get("/library", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert (await http.get("/search", headers={"If-None-Match": etag})).status_code == 200


async def test_the_first_page_says_what_this_is(http: httpx2.AsyncClient) -> None:
    """Nobody takes it for the real site."""
    assert "stand-in" in (await http.get("/")).text


async def test_robots_txt_is_what_the_dial_says(site: Site, http: httpx2.AsyncClient) -> None:
    """Everything may be read at first."""
    assert "Disallow" not in (await http.get("/robots.txt")).text
    site.faults.disallow = ["/search"]
    assert "Disallow: /search\n" in (await http.get("/robots.txt")).text


@pytest.mark.parametrize("lists", ["empty", "bare"])
async def test_a_spoilt_list_cannot_be_read(site: Site, http: httpx2.AsyncClient, lists: str) -> None:
    """No models, or names and nothing else: as a layout that nobody knows would look."""
    site.faults.take(SiteFaults(lists=lists))  # type: ignore[arg-type]
    for path in ("/search", "/library"):
        with pytest.raises(ParseFailed):
            await listed(http, path)
    site.faults.reset()
    assert len(names(await listed(http, "/library"))) == 8


async def test_a_portal_answers_everything(site: Site, http: httpx2.AsyncClient) -> None:
    """With 200 and somebody else's page."""
    site.faults.portal = True
    answer = await http.get("/library")
    assert answer.status_code == 200
    assert "Sign in" in answer.text
    assert "ollama" not in answer.text.lower()


async def test_the_next_requests_fail_as_the_dial_says(site: Site, http: httpx2.AsyncClient) -> None:
    """With a status and headers; the journal has what was asked, with the query, and how it was answered."""
    site.faults.failures = [HubFailure(path="/search?page=*", status=429, headers={"Retry-After": "9"})]
    assert (await http.get("/search")).status_code == 200
    refused = await http.get("/search?page=2", headers=HTMX)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "9")
    assert (await http.get("/search?page=2", headers=HTMX)).status_code == 200
    told = [(one.server, one.path, one.status) for one in site.requests]
    assert told == [("site", "/search", 200), ("site", "/search?page=2", 429), ("site", "/search?page=2", 200)]


@pytest.mark.parametrize("kind", ["truncated", "cut", "garbage"])
async def test_an_answer_may_be_spoilt(site: Site, http: httpx2.AsyncClient, kind: str) -> None:
    """Half a page, a connection that is closed, or another page."""
    whole = (await http.get("/library")).text
    site.faults.answers = {"/library": kind}  # type: ignore[dict-item]
    if kind == "cut":
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.get("/library")
        return
    text = (await http.get("/library")).text
    assert text == (whole[: len(text)] if kind == "truncated" else "<html><body>502 Bad Gateway</body></html>")
    assert len(text) < len(whole)


async def test_answers_may_be_held_back(site: Site, http: httpx2.AsyncClient) -> None:
    """A visitor who does not wait leaves no trace but the request."""
    site.faults.latency = 0.02
    assert (await http.get("/robots.txt")).status_code == 200
    site.faults.latency = 3600
    asking = asyncio.create_task(http.get("/library"))
    await eventually(lambda: site.requests.count(path="/library") == 1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert site.requests.matching(path="/library")[0].status is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (3599, "just now"),
        (3600, "1 hour ago"),
        (86_400 * 2.5, "2 days ago"),
        (86_400 * 20, "2 weeks ago"),
        (86_400 * 45, "1 month ago"),
        (86_400 * 800, "2 years ago"),
    ],
)
def test_times_are_told_as_the_site_tells_them(seconds: float, words: str) -> None:
    """In their largest unit."""
    assert ago(seconds) == words


@pytest.mark.parametrize(
    ("number", "count", "size"),
    [(7, "7", "7"), (1_204, "1.2K", "1.2KB"), (43_100_872, "43.1M", "43.1MB"), (5_000_000_000, "5B", "5GB")],
)
def test_numbers_are_told_as_the_site_tells_them(number: int, count: str, size: str) -> None:
    """Counts and sizes are written alike, but for their units."""
    assert (short_count(number), size_text(number)) == (count, size)


def test_the_package_has_no_other_names() -> None:
    """They are imported when they are used."""
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        venom_modeld.sandbox.site.nothing  # noqa: B018  # asking is the test

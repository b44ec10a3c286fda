"""What is offered for Ollama: its site, the recommendations of a local one, and manifests of its registry."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.runtimes.conftest import Reply, ScriptedServer
from tests.trending.conftest import Clock, MakeWire, html
from tests.trending.pages import BIRDS, later, listing, page, tag_row, tags_page
from venom_modeld.core.catalogue import Entry, Listing, Question
from venom_modeld.core.names import Provider, parse_ollama
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.errors import NoSuchModel, ParseFailed, SourceFailed
from venom_modeld.trending.limits import Budget
from venom_modeld.trending.manifests import Manifests, read_manifest
from venom_modeld.trending.ollama_site import OllamaSite
from venom_modeld.trending.recommendations import PATH, Recommendations


def question(listing_: Listing, query: str = "") -> Question:
    """Ask something of Ollama's catalogue."""
    return Question(provider=Provider.OLLAMA, listing=listing_, query=query)


@pytest.fixture
def site(server: ScriptedServer, make_wire: MakeWire, clock: Clock) -> OllamaSite:
    """Read the scripted server as ollama.com."""
    return OllamaSite(make_wire(server.url), agent="venom-modeld", clock=clock)


async def test_trending_is_two_pages_of_the_search(site: OllamaSite, server: ScriptedServer) -> None:
    """The second is asked for as the site's own program does; a model on both is listed once."""
    server.on("GET /search", html(listing("G3b", BIRDS[:3], more=later(2)), ETag='W/"7"'))
    server.on("GET /search?page=2", html(listing("G2", BIRDS[2:], more=later(3))))
    found = await site.ask(question(Listing.TRENDING))
    assert found is not None
    assert [entry.model_name for entry in found.entries] == [bird.name for bird in BIRDS]
    assert found.validator == 'W/"7"'
    assert [asked.what for asked in server.asked] == ["GET /robots.txt", "GET /search", "GET /search?page=2"]
    assert [asked.headers.get("hx-request") for asked in server.asked] == [None, None, "true"]


async def test_a_card_becomes_an_entry(site: OllamaSite, server: ScriptedServer) -> None:
    """Everything that the page tells arrives; a size in bytes it does not tell."""
    server.on("GET /library", html(listing("G2")))
    found = await site.ask(question(Listing.AVAILABLE))
    assert found is not None
    assert found.entries[0] == Entry(
        provider=Provider.OLLAMA,
        model_name="heron2.5",
        display_name="heron2.5",
        runtime="ollama",
        tags=("vision", "tools"),
        downloads=7_100_000,
        description="A patient reader's model: waits & strikes.",
        capabilities=("vision", "tools"),
        sizes=("270m", "8b", "8x22b"),
        updated_at=1_786_726_440.0,
        url=f"{server.url}/library/heron2.5",
    )
    assert found.entries[2].tags == ("thinking", "cloud")
    assert found.entries[3].url == f"{server.url}/someone/owl"


async def test_a_search_is_one_page_and_may_be_empty(site: OllamaSite, server: ScriptedServer) -> None:
    """Its words go into the address; the rest of what it found is not read."""
    server.on("GET /search?q=small+owl+%26+co", html(listing("G2", BIRDS[3:], more=later(2, query="q=owl&"))))
    server.on("GET /search?q=absent", html(page(["<li>No models found.</li>"])))
    found = await site.ask(question(Listing.SEARCH, "small owl & co"))
    assert found is not None
    assert [entry.model_name for entry in found.entries] == ["someone/owl"]
    nothing = await site.ask(question(Listing.SEARCH, "absent"))
    assert nothing is not None
    assert nothing.entries == ()


@pytest.mark.parametrize("listing_", [Listing.TRENDING, Listing.TAGS])
async def test_an_unchanged_page_is_not_sent_again(site: OllamaSite, server: ScriptedServer, listing_: Listing) -> None:
    """The site is asked for another version only; where it has none the answer is None."""
    for path in ("/search", "/library/heron2.5/tags"):
        server.on(f"GET {path}", Reply(status=304))
    assert await site.ask(question(listing_, "heron2.5"), validator='W/"7"') is None
    assert server.asked[-1].headers["if-none-match"] == 'W/"7"'


async def test_an_unasked_304_is_no_answer(site: OllamaSite, server: ScriptedServer) -> None:
    """A server that says so without having been told a version is broken."""
    server.on("GET /search", Reply(status=304))
    with pytest.raises(SourceFailed):
        await site.ask(question(Listing.TRENDING))


@pytest.mark.parametrize(
    "second",
    [Reply(status=303, headers={"Location": "/search"}), html(page([])), Reply(status=500)],
    ids=["sent to the first", "empty", "5xx"],
)
async def test_a_second_page_that_fails_fails_the_list(site: OllamaSite, server: ScriptedServer, second: Reply) -> None:
    """Half of a list would replace the whole one that was read before."""
    server.on("GET /search", html(listing(more=later(2))))
    server.on("GET /search?page=2", second)
    with pytest.raises(SourceFailed):
        await site.ask(question(Listing.TRENDING))


async def test_a_list_stops_where_the_budget_or_the_site_says(
    server: ScriptedServer, make_wire: MakeWire, clock: Clock
) -> None:
    """What may not be asked for now is left out, and the first page is used."""
    server.on("GET /robots.txt", Reply(body=b"User-agent: *\nCrawl-delay: 30\n"))
    server.on("GET /search", html(listing(more=later(2))))
    site = OllamaSite(make_wire(server.url), agent="venom-modeld", clock=clock)
    found = await site.ask(question(Listing.TRENDING))
    assert found is not None
    assert len(found.entries) == len(BIRDS)
    assert server.count("GET /search?page=2") == 0
    small = OllamaSite(make_wire(server.url, budget=Budget(burst=2, seconds=60)), agent="venom-modeld", clock=clock)
    assert await small.ask(question(Listing.TRENDING)) is not None


async def test_a_page_that_names_itself_as_the_next_is_the_last(site: OllamaSite, server: ScriptedServer) -> None:
    """No page is read twice in one go."""
    server.on("GET /search", html(listing(more=later(2))))
    server.on("GET /search?page=2", html(listing(more=later(2))))
    await site.ask(question(Listing.TRENDING))
    assert server.count("GET /search?page=2") == 1


async def test_tags_have_the_sizes_that_the_page_rounds(site: OllamaSite, server: ScriptedServer) -> None:
    """Each version is an entry under the name to write for it; one in the cloud has no size."""
    rows = [tag_row("heron2.5:8b", size="18GB"), tag_row("heron2.5:120b-cloud", size="High Usage")]
    server.on("GET /library/heron2.5/tags", html(tags_page(rows)))
    server.on("GET /someone/owl/tags", html(tags_page([tag_row("someone/owl:1b", size="2GB")], name="x")))
    found = await site.ask(question(Listing.TAGS, "heron2.5"))
    assert found is not None
    assert [(entry.model_name, entry.size_bytes, entry.tags) for entry in found.entries] == [
        ("heron2.5:8b", 18_000_000_000, ("tools",)),
        ("heron2.5:120b-cloud", None, ("tools", "cloud")),
    ]
    assert found.entries[0].description == "A patient reader."
    owl = await site.ask(question(Listing.TAGS, "someone/owl"))
    assert owl is not None
    assert owl.entries[0].url == f"{server.url}/someone/owl:1b"


async def test_a_model_that_the_library_lacks_is_told(site: OllamaSite) -> None:
    """A missing page of tags is a missing model."""
    with pytest.raises(NoSuchModel, match="has no model 'auk'"):
        await site.ask(question(Listing.TAGS, "auk"))


ADVICE = {
    "recommendations": [
        {"model": "wren", "description": "Small.", "context_length": 1024, "vram_bytes": 5},
        {"model": "wren", "description": "Small again."},
        {"model": "glider:cloud", "description": ""},
        {"model": "hf.co/Org/Repo-GGUF:Q4_K_M"},
        {"model": "no name at all"},
    ]
}


@pytest.fixture
def local(server: ScriptedServer, make_wire: MakeWire) -> Recommendations:
    """Ask the scripted server as a local Ollama."""
    wire = make_wire(server.url)
    return Recommendations(lambda: wire)


async def test_recommendations_are_entries(local: Recommendations, server: ScriptedServer) -> None:
    """Each name once; what is no name is left out; a model in the cloud is marked."""
    server.on(f"GET {PATH}", ADVICE)
    found = await local.ask(question(Listing.TRENDING))
    assert found is not None
    assert [(entry.model_name, entry.description, entry.tags) for entry in found.entries] == [
        ("wren", "Small again.", ()),
        ("glider:cloud", None, ("cloud",)),
        ("hf.co/Org/Repo-GGUF:Q4_K_M", None, ()),
    ]


@pytest.mark.parametrize(("query", "names"), [("glid", ["glider:cloud"]), ("auk", [])])
async def test_a_search_goes_through_the_recommendations(
    local: Recommendations, server: ScriptedServer, query: str, names: list[str]
) -> None:
    """There is nothing else to search; nothing found is an answer."""
    server.on(f"GET {PATH}", ADVICE)
    found = await local.ask(question(Listing.SEARCH, query))
    assert found is not None
    assert [entry.model_name for entry in found.entries] == names


async def test_tags_among_recommendations_are_those_of_the_name(local: Recommendations, server: ScriptedServer) -> None:
    """A name that is not recommended is told."""
    server.on(f"GET {PATH}", ADVICE)
    found = await local.ask(question(Listing.TAGS, "glider"))
    assert found is not None
    assert [entry.model_name for entry in found.entries] == ["glider:cloud"]
    with pytest.raises(NoSuchModel, match="recommends no version of 'auk'"):
        await local.ask(question(Listing.TAGS, "auk"))


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b"{}", {"recommendations": []}, {"recommendations": [1]}, {"recommendations": [{"model": ""}]}],
)
async def test_what_is_no_list_of_recommendations_fails(
    local: Recommendations, server: ScriptedServer, body: bytes | Mapping[str, Any]
) -> None:
    """An empty list is none either."""
    server.on(f"GET {PATH}", Reply(body=body))
    with pytest.raises(ParseFailed, match=PATH):
        await local.ask(question(Listing.TRENDING))


async def test_without_an_ollama_there_are_no_recommendations() -> None:
    """The file may declare none."""
    with pytest.raises(SourceFailed, match=r"No Ollama is declared in models\.yaml"):
        await Recommendations(lambda: None).ask(question(Listing.TRENDING))


def blob(digest: str, size: object, kind: str = "model") -> dict[str, object]:
    """Return a file of a manifest."""
    return {"mediaType": f"application/vnd.ollama.image.{kind}", "digest": f"sha256:{digest}", "size": size}


MANIFEST = {"config": blob("c", 500, "config"), "layers": [blob("a", 2000), blob("b", 30, "params"), blob("b", 30)]}
BYTES = json.dumps(MANIFEST).encode()
DIGEST = f"sha256:{hashlib.sha256(BYTES).hexdigest()}"
WREN = "/v2/library/wren/manifests/latest"


async def test_a_manifest_gives_digest_and_size(server: ScriptedServer, make_wire: MakeWire) -> None:
    """The digest is that of its bytes; a file that is in it twice is downloaded once."""
    server.on(f"GET {WREN}", Reply(body=BYTES))
    server.on(f"HEAD {WREN}", Reply(headers={"Ollama-Content-Digest": DIGEST.removeprefix("sha256:")}))
    manifests = Manifests(make_wire(server.url))
    found = await manifests.manifest(parse_ollama("wren"))
    assert found is not None
    assert (found.digest, found.size_bytes) == (DIGEST, 2530)
    assert await manifests.digest(parse_ollama("wren:latest")) == DIGEST


@pytest.mark.parametrize(
    ("reply", "digest"), [(Reply(), None), (Reply(status=412, headers={"Ollama-Content-Digest": "x"}), None)]
)
async def test_a_digest_may_be_missing(
    server: ScriptedServer, make_wire: MakeWire, reply: Reply, digest: str | None
) -> None:
    """A model that is for newer versions of Ollama exists, and nothing more is known of it."""
    server.on(f"HEAD {WREN}", reply)
    server.on(f"GET {WREN}", Reply(status=412))
    manifests = Manifests(make_wire(server.url))
    assert await manifests.digest(parse_ollama("wren")) == digest
    assert await manifests.manifest(parse_ollama("wren")) is None


async def test_a_name_that_the_registry_lacks_is_told(server: ScriptedServer, make_wire: MakeWire) -> None:
    """Both ways of asking say so."""
    manifests = Manifests(make_wire(server.url))
    for ask in (manifests.digest, manifests.manifest):
        with pytest.raises(NoSuchModel, match=r"has no 'someone/owl:1b'") as caught:
            await ask(parse_ollama("someone/owl:1b"))
        assert caught.value.reason is Reason.NOT_FOUND


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"{}",
        b"[]",
        b"[" * 100_000,
        json.dumps({"config": blob("c", 1), "layers": 3}).encode(),
        json.dumps({"config": blob("c", -1), "layers": []}).encode(),
        json.dumps({"config": blob("c", True), "layers": []}).encode(),
        json.dumps({"config": blob("c", 1), "layers": ["x"]}).encode(),
    ],
)
def test_what_is_no_manifest_fails(body: bytes) -> None:
    """A proxy or a hotspot may have answered."""
    with pytest.raises(ParseFailed, match="gave no manifest"):
        read_manifest(body, url="http://registry/v2")

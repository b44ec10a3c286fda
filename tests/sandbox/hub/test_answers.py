"""What the stand-in Hub answers, request by request: refusals, limits, ranges, and what the dial does to them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.conftest import DEADLINE, PLAIN
from venom_modeld.sandbox.hub import Hub, HubFailure, HubFaults, HubSettings, hub_app
from venom_modeld.sandbox.hub.catalogue import CATALOGUE
from venom_modeld.sandbox.hub.content import BLOCK, Made, safetensors
from venom_modeld.sandbox.hub.limits import WINDOW, Limits
from venom_modeld.sandbox.hub.repositories import Repositories, UnknownRepositoryError

Refusal = Callable[[httpx2.Response], tuple[int, str | None]]


async def _file(http: httpx2.AsyncClient, path: str, start: int | None = None) -> httpx2.Response:
    headers = {} if start is None else {"Range": f"bytes={start}-"}
    return await http.get(f"/{path}", headers=headers, follow_redirects=True)


@pytest.mark.parametrize(
    ("path", "token", "told"),
    [
        ("/api/models/org/none", None, (401, None)),
        ("/api/models/org/none", "hf_good", (404, "RepoNotFound")),
        ("/api/models/org/hidden", None, (401, None)),
        ("/api/models/org/hidden", "hf_good", (404, "RepoNotFound")),
        ("/api/models/org/hidden", "hf_owner", (200, None)),
        ("/api/models/org/model", "hf_bad", (401, None)),
        ("/api/models/org/model/revision/nope", None, (404, "RevisionNotFound")),
        ("/api/models/org/model/revision/nowhere-near", None, (404, "RevisionNotFound")),
        ("/api/models/org/model/tree/main/nope", None, (404, "EntryNotFound")),
        ("/org/model/resolve/main/nope.json", None, (404, "EntryNotFound")),
        ("/org/gated/resolve/main/config.json", None, (401, "GatedRepo")),
        ("/org/gated/resolve/main/config.json", "hf_good", (403, "GatedRepo")),
        ("/api/whoami-v2", None, (401, None)),
        ("/api/models?sort=trending_score", None, (400, None)),
        ("/api/models?expand=everything", None, (400, None)),
        ("/api/models?limit=many", None, (400, None)),
        ("/api/agent-harnesses", None, (404, None)),
        ("/cas/v1/reconstructions/unknown", None, (404, None)),
    ],
)
async def test_refusals_have_a_status_and_a_code(
    hub: Hub, http: httpx2.AsyncClient, refusal: Refusal, path: str, token: str | None, told: tuple[int, str | None]
) -> None:
    """A refusal is told as the Hub tells it: what is missing looks to strangers as what is private."""
    hub.publish("org/model")
    hub.publish("org/hidden", private=True)
    hub.publish("org/gated", gated="auto")
    hub.repositories.login("hf_good", "ann")
    hub.repositories.login("hf_owner", "olga", "org/hidden")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    assert refusal(await http.get(path, headers=headers)) == told


async def test_every_answer_tells_the_limit(hub: Hub, http: httpx2.AsyncClient) -> None:
    """The headers count down, apart for the API and for files."""
    hub.publish("org/model")
    first, second = [await http.get("/api/models/org/model") for _ in range(2)]
    assert first.headers["ratelimit"].startswith('"api";r=499;')
    assert second.headers["ratelimit"].startswith('"api";r=498;')
    assert second.headers["ratelimit-policy"] == '"fixed window";"api";q=500;w=300'
    file = await http.get("/org/model/resolve/main/config.json")
    assert file.headers["ratelimit"].startswith('"resolvers";r=2999;')


async def test_too_many_requests_are_refused_in_plain_text() -> None:
    """Past the limit the answer is 429, no JSON, and says when to come back."""
    async with (
        Hub(HubSettings(api_limit=1)) as hub,
        httpx2.AsyncClient(base_url=hub.url, timeout=DEADLINE, verify=PLAIN) as http,
    ):
        assert (await http.get("/api/models")).status_code == 200
        refused = await http.get("/api/models")
        assert refused.status_code == 429
        assert refused.headers["content-type"].startswith("text/plain")
        assert refused.headers["ratelimit"].startswith('"api";r=0;t=')
        hub.repositories.login("hf_good", "ann")
        assert (await http.get("/api/models", headers={"Authorization": "Bearer hf_good"})).status_code == 200


def test_a_window_ends() -> None:
    """A new window begins when the old one is over, and allows as much again."""
    now = [0.0]
    limits = Limits(api=1, clock=lambda: now[0])
    assert [limits.count("api", "a")[0] for _ in range(2)] == [True, False]
    now[0] = WINDOW
    assert limits.count("api", "a")[0]


async def test_pages_of_a_list_follow_each_other(hub: Hub) -> None:
    """Each page names the next one until there is none, and no model comes twice."""
    async with (
        Hub(HubSettings(page_size=4)) as paged,
        httpx2.AsyncClient(base_url=paged.url, timeout=DEADLINE, verify=PLAIN) as http,
    ):
        url, names = "/api/models?sort=downloads&direction=-1", []
        while url:
            answer = await http.get(url)
            names += [entry["id"] for entry in answer.json()]
            url = answer.links.get("next", {}).get("url", "")
    assert len(names) == len(set(names)) == len(CATALOGUE)


async def test_lists_can_be_full_and_rising(hub: Hub, http: httpx2.AsyncClient) -> None:
    """`full` adds who made a model and what it holds; `direction=1` puts the least first."""
    hub.publish("org/a", downloads=2)
    hub.publish("org/b", downloads=1)
    entries = (await http.get("/api/models?full=true&sort=downloads&direction=1")).json()
    assert [entry["id"] for entry in entries] == ["org/b", "org/a"]
    assert entries[0]["author"] == "org"
    assert {"rfilename": "config.json"} in entries[0]["siblings"]


def test_the_catalogue_is_good_for_lists() -> None:
    """Every offer has numbers, a task and a form, and the forms that a list tells apart are all there."""
    repositories = Repositories()
    for offer in CATALOGUE:
        repositories.publish(offer.name, offer.files, details=offer.details)
        details = repositories.named[offer.name].details
        assert details.downloads > 0
        assert details.pipeline_tag in details.tags
        assert (details.safetensors is None) is (details.gguf is not None)
    assert {offer.gated for offer in CATALOGUE} == {False, "auto", "manual"}
    assert any(offer.adapter for offer in CATALOGUE)


async def test_a_file_is_sent_from_the_middle(hub: Hub, http: httpx2.AsyncClient) -> None:
    """A range gives the rest of a file, one past the end is refused, and a HEAD tells without sending."""
    hub.publish("org/model", {"config.json": b"0123456789", "model.bin": b"abcdef"})
    rest = await _file(http, "org/model/resolve/main/config.json", 4)
    assert (rest.status_code, rest.content) == (206, b"456789")
    assert rest.headers["content-range"] == "bytes 4-9/10"
    assert (await _file(http, "org/model/resolve/main/config.json", 10)).status_code == 416
    assert (await _file(http, "org/model/resolve/main/model.bin", 3)).content == b"def"
    head = await http.head("/org/model/resolve/main/model.bin")
    assert (head.status_code, head.headers["x-linked-size"]) == (302, "6")
    small = await http.head("/org/model/resolve/main/config.json", headers={"Range": "bytes=2-"})
    assert (small.status_code, small.headers["content-length"]) == (206, "8")
    assert hub.traffic.sent["org/model/config.json"] == 6
    hub.traffic.clear()
    assert hub.traffic.starts == []


async def test_the_dial_spoils_files(hub: Hub, http: httpx2.AsyncClient) -> None:
    """Files arrive corrupt, short, or whole in spite of a range, for as long as the dial says so."""
    path = "org/model/resolve/main/a.txt"
    hub.publish("org/model", {"a.txt": b"0123456789abcdef"})
    hub.faults.corrupt = ["org/model/*"]
    spoilt = (await _file(http, path)).content
    assert len(spoilt) == 16
    assert spoilt != b"0123456789abcdef"
    hub.faults.reset()
    hub.faults.short = ["*/a.txt"]
    assert (await _file(http, path)).content == b"012345"
    hub.faults.reset()
    hub.faults.no_ranges = True
    assert (await _file(http, path, 3)).content == b"0123456789abcdef"


async def test_the_dial_cuts_and_stalls(hub: Hub, http: httpx2.AsyncClient) -> None:
    """An answer breaks off at a byte, so many times, or stands still there until the client leaves."""
    path = "org/model/resolve/main/a.txt"
    hub.publish("org/model", {"a.txt": b"x" * 1000})
    hub.faults.cut_at, hub.faults.cut_times = 10, 1
    with pytest.raises(httpx2.TransportError):
        await _file(http, path)
    assert len((await _file(http, path)).content) == 1000
    hub.faults.stall_at = 1
    with pytest.raises(httpx2.ReadTimeout):
        await http.get(f"/{path}", timeout=0.2)


async def test_the_dial_answers_in_place_of_the_hub(hub: Hub, http: httpx2.AsyncClient) -> None:
    """A status with headers or a text, so many times, for some paths; a sign-in page for all; and a wait."""
    hub.publish("org/model")
    hub.faults.failures = [
        HubFailure(path="/api/models/*", status=429, headers={"Retry-After": "7"}),
        HubFailure(path="/org/*", method="GET", status=503, body="down"),
    ]
    limited = await http.get("/api/models/org/model")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert (await http.get("/api/models/org/model")).status_code == 200
    assert (await http.head("/org/model/resolve/main/config.json")).status_code == 200
    assert (await http.get("/org/model/resolve/main/config.json")).text == "down"
    hub.faults.portal = True
    page = await http.get("/api/models/org/model")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    hub.faults.reset()
    hub.faults.latency = 60
    with pytest.raises(httpx2.ReadTimeout):
        await http.get("/api/models", timeout=0.2)


async def test_the_dial_slows_down(hub: Hub, http: httpx2.AsyncClient) -> None:
    """With a rate a file comes piece by piece."""
    hub.publish("org/model", {"a.txt": b"x" * 200_000})
    hub.faults.rate = 1e6
    clock = asyncio.get_running_loop().time
    began = clock()
    await _file(http, "org/model/resolve/main/a.txt")
    assert clock() - began > 0.15


async def test_the_dial_breaks_xet(hub: Hub, http: httpx2.AsyncClient) -> None:
    """The storage behind the Hub's own protocol answers with a status, while plain files are served."""
    hub.publish("org/model", {"model.safetensors": b"w" * 100}, xet=True)
    stored = hub.repositories.named["org/model"].files["model.safetensors"]
    token = await http.get("/api/models/org/model/xet-read-token/main")
    assert token.headers["x-xet-cas-url"] == f"{hub.url}/cas"
    told = (await http.get(f"/cas/v1/reconstructions/{stored.etag}")).json()
    assert told["terms"][0]["unpacked_length"] == 100
    hub.faults.xet_status = 500
    assert (await http.get(f"/cas/v1/reconstructions/{stored.etag}")).status_code == 500


async def test_a_hub_comes_back_where_it_was(hub: Hub) -> None:
    """Stopped, it refuses connections; started again, it is at the same address with the same models."""
    hub.publish("org/model")
    url = hub.url
    await hub.stop()
    async with httpx2.AsyncClient(base_url=url, timeout=DEADLINE, verify=PLAIN) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get("/api/models")
        await hub.start()
        assert (await http.get("/api/models")).json()[0]["id"] == "org/model"


def test_made_content_is_the_same_however_it_is_read() -> None:
    """Bytes that are made by arithmetic do not depend on the pieces that they are read in."""
    content = Made(2 * BLOCK + 100, "seed", head=b"HEAD")
    whole = b"".join(content.pieces())
    assert len(whole) == content.size
    assert whole.startswith(b"HEAD")
    for start, stop in ((0, 3), (2, 6), (BLOCK - 1, BLOCK + 1), (2 * BLOCK, content.size + 50)):
        assert content.read(start, stop) == whole[start : min(stop, content.size)]
    assert Made(10**16, "huge", sha256="a" * 64).sha256 == "a" * 64
    assert safetensors(1000, "a").size == 8 + int.from_bytes(safetensors(1000, "a").read(0, 8), "little") + 1000


def test_unknown_repositories_are_named() -> None:
    """What is not there cannot be tagged or taken away, and the error says what to do."""
    repositories = Repositories()
    with pytest.raises(UnknownRepositoryError, match="has no org/none; publish it first"):
        repositories.remove("org/none")
    repositories.publish("org/there")
    repositories.remove("org/there")
    assert repositories.named == {}


def test_the_dial_is_told_as_json() -> None:
    """All positions can be shown, and are off at the start."""
    assert HubFaults().as_json()["cut_at"] is None


def test_names_of_the_package_are_loaded_when_needed(tmp_path: Path) -> None:
    """The package offers its names and no others."""
    import venom_modeld.sandbox.hub as package  # noqa: PLC0415

    assert package.hub_app is hub_app
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = package.nonsense

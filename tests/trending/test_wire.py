"""Requests to other people's servers: in words what went wrong, and what the server asks of us is obeyed."""

import asyncio

import httpx2
import pytest

from tests.runtimes.conftest import Reply, ScriptedServer
from tests.trending.conftest import Clock, MakeWire, html
from venom_modeld.core.reasons import Reason
from venom_modeld.trending import wire as wires
from venom_modeld.trending.errors import ParseFailed, SourceFailed, Throttled
from venom_modeld.trending.limits import Budget
from venom_modeld.trending.robots import DAY, Robots


async def test_an_answer_comes_whole_and_under_our_name(server: ScriptedServer, make_wire: MakeWire) -> None:
    """The server is told who asks; its answer is counted."""
    server.on("GET /search", html("ż", ETag='"1"'))
    wire = make_wire(server.url)
    reply = await wire.get("/search", headers={"HX-Request": "true"})
    assert (reply.status, reply.text, reply.headers["etag"]) == (200, "ż", '"1"')
    assert server.asked[0].headers["user-agent"] == "venom-modeld/test"
    assert server.asked[0].headers["hx-request"] == "true"
    assert (wire.host.stats.requests, wire.host.stats.failures) == (1, 0)


@pytest.mark.parametrize(
    ("reply", "reason", "words"),
    [
        (Reply(status=500), Reason.FAILED, "status 500"),
        (Reply(status=403), Reason.ACCESS_DENIED, r"does not let us read .*/search \(403\)"),
        (Reply(status=404), Reason.INVALID_ANSWER, r"is not there \(404\)"),
        (Reply(status=302, headers={"Location": "http://10.0.0.1/login"}), Reason.INVALID_ANSWER, "login page"),
        (Reply(status=303, headers={"Location": "/search"}), Reason.INVALID_ANSWER, "sends us to .*/search"),
        (Reply(status=429), Reason.RATE_LIMITED, "less often"),
        (Reply(body=b"abc", end="cut"), Reason.UNREACHABLE, "ollama.test cannot be reached: peer closed"),
        (Reply(end="nothing"), Reason.UNREACHABLE, "cannot be reached: server disconnected"),
        (Reply(body=b"zz", headers={"Content-Encoding": "gzip"}), Reason.UNREACHABLE, "cannot be reached"),
    ],
    ids=["5xx", "403", "404", "portal", "moved", "429", "cut", "hung up", "garbled"],
)
async def test_what_is_no_answer_is_told_in_words(
    server: ScriptedServer, make_wire: MakeWire, reply: Reply, reason: Reason, words: str
) -> None:
    """Each failure says what happened where, and is counted."""
    server.on("GET /search", reply)
    wire = make_wire(server.url)
    with pytest.raises(SourceFailed, match=words) as caught:
        await wire.get("/search")
    assert caught.value.reason is reason
    assert wire.host.stats.failures == 1


async def test_an_endless_answer_is_cut(server: ScriptedServer, make_wire: MakeWire) -> None:
    """A page of any size is read up to a limit."""
    server.on("GET /", Reply(body=[b"x" * 2**20] * 9))
    with pytest.raises(ParseFailed, match="more than 8388608 bytes"):
        await make_wire(server.url).get("/")


@pytest.mark.looptime
async def test_a_silent_server_is_given_up(make_wire: MakeWire) -> None:
    """A whole answer must come within twenty seconds."""

    async def silence(_: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(3600)
        raise AssertionError

    wire = make_wire("http://ollama.test", transport=httpx2.MockTransport(silence))
    start = asyncio.get_running_loop().time()
    with pytest.raises(SourceFailed, match="no answer within 20 s"):
        await wire.get("/")
    assert asyncio.get_running_loop().time() - start == pytest.approx(wires.DEADLINE)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("ollama.com", False), ("10.0.0.1", False), ("", False)],
)
def test_this_machine_is_known_by_its_names(host: str, *, loopback: bool) -> None:
    """No proxy stands between the daemon and a server beside it."""
    assert wires.is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1", "connection refused"),
        ("http://nowhere.invalid", "cannot be reached: "),
    ],
)
async def test_a_server_that_is_not_there_is_told_in_the_words_of_the_system(
    make_wire: MakeWire, url: str, words: str
) -> None:
    """Refused, unknown."""
    with pytest.raises(SourceFailed, match=words) as caught:
        await make_wire(url).get("/")
    assert caught.value.reason is Reason.UNREACHABLE


async def test_only_one_request_is_under_way_at_a_time(make_wire: MakeWire) -> None:
    """Ten callers make ten requests, one after another."""
    under_way = 0

    async def answer(_: httpx2.Request) -> httpx2.Response:
        nonlocal under_way
        under_way += 1
        assert under_way == 1
        await asyncio.sleep(0)
        under_way -= 1
        return httpx2.Response(200)

    wire = make_wire("http://ollama.test", transport=httpx2.MockTransport(answer))
    await asyncio.gather(*(wire.get("/") for _ in range(10)))
    assert wire.host.stats.requests == 10


async def test_what_is_over_the_budget_is_not_sent(server: ScriptedServer, make_wire: MakeWire) -> None:
    """The request fails here, without a byte on the wire."""
    server.on("GET /", html("x"))
    wire = make_wire(server.url, budget=Budget(burst=1, seconds=60))
    await wire.get("/")
    with pytest.raises(Throttled):
        await wire.get("/")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("headers", "held"),
    [
        ({"Retry-After": "90"}, 90.0),
        ({"RateLimit": '"api";r=0;t=55'}, 56.0),
        ({"RateLimit": '"api";r=9;t=55'}, 300.0),
        ({"RateLimit": '"api";r=0;t=5', "Retry-After": "40"}, 40.0),
        ({}, 300.0),
    ],
)
async def test_a_limit_holds_the_whole_host(
    server: ScriptedServer, make_wire: MakeWire, headers: dict[str, str], held: float
) -> None:
    """Nothing else is asked of a host that said when to come back, or should have."""
    server.on("GET /", Reply(status=429, headers=headers, body=b"We had to rate limit your IP."))
    wire = make_wire(server.url)
    with pytest.raises(SourceFailed):
        await wire.get("/")
    with pytest.raises(Throttled) as caught:
        await wire.get("/other")
    assert caught.value.wait == pytest.approx(held)


async def test_a_wire_works_again_after_it_was_closed(server: ScriptedServer, make_wire: MakeWire) -> None:
    """Closing drops connections and nothing else."""
    server.on("GET /", html("x"))
    wire = make_wire(server.url)
    await wire.close()
    await wire.get("/")
    await wire.close()
    assert (await wire.get("/")).text == "x"


RULES = "User-agent: *\nDisallow: /private\n\nUser-agent: venom-modeld\nDisallow: /search?q\nCrawl-delay: 10\n"


@pytest.mark.parametrize(
    ("reply", "path", "allowed"),
    [
        (Reply(status=404), "/search", True),
        (Reply(status=403), "/search", True),
        (html("<html>Log in</html>"), "/search", True),
        (Reply(body=RULES.encode()), "/private", True),
        (Reply(body=RULES.encode()), "/search?q=owl", False),
        (Reply(body=b"User-agent: *\nDisallow: /\n"), "/search", False),
    ],
    ids=["none", "forbidden", "hotspot", "other programs", "us", "everybody"],
)
async def test_robots_txt_is_obeyed(
    server: ScriptedServer, make_wire: MakeWire, clock: Clock, reply: Reply, path: str, *, allowed: bool
) -> None:
    """What it says of us counts before what it says of all; where there is none, all may be read."""
    server.on("GET /robots.txt", reply)
    robots = Robots(make_wire(server.url), agent="venom-modeld", clock=clock)
    assert robots.delay == 0
    if allowed:
        await robots.allow(path)
    else:
        with pytest.raises(SourceFailed, match=r"/robots\.txt asks programs not to read /search") as caught:
            await robots.allow(path)
        assert caught.value.reason is Reason.ACCESS_DENIED


async def test_robots_txt_is_read_once_a_day(server: ScriptedServer, make_wire: MakeWire, clock: Clock) -> None:
    """A second page costs no second look; a day later there is one."""
    server.on("GET /robots.txt", Reply(body=RULES.encode()))
    robots = Robots(make_wire(server.url), agent="venom-modeld", clock=clock)
    await robots.allow("/library")
    await robots.allow("/search")
    assert (server.count("GET /robots.txt"), robots.delay) == (1, 10.0)
    clock.now += DAY
    await robots.allow("/library")
    assert server.count("GET /robots.txt") == 2


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_robots_txt_that_cannot_be_had_allows_nothing(
    server: ScriptedServer, make_wire: MakeWire, clock: Clock, status: int
) -> None:
    """Nobody knows what it would say."""
    server.on("GET /robots.txt", Reply(status=status))
    with pytest.raises(SourceFailed):
        await Robots(make_wire(server.url), agent="venom-modeld", clock=clock).allow("/search")

"""A day in virtual time with servers that fail, dawdle and lie: few requests, and nothing that was read is lost."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx2
import pytest

from tests.trending.conftest import MemoryShelf
from tests.trending.pages import BIRDS, DESIGNS, later, listing, page
from venom_modeld.core.catalogue import Listing
from venom_modeld.core.names import Provider
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.assembly import HUB, SITE
from venom_modeld.trending.cache import Cache
from venom_modeld.trending.catalogue import Catalogue
from venom_modeld.trending.errors import ParseFailed, SourceFailed
from venom_modeld.trending.hub_process import Call, HubReply
from venom_modeld.trending.huggingface import HuggingFace
from venom_modeld.trending.limits import Host
from venom_modeld.trending.ollama_site import OllamaSite
from venom_modeld.trending.pace import Pace
from venom_modeld.trending.sizes import Sizes
from venom_modeld.trending.wire import Wire

MINUTES = 24 * 60
TTL = 1800.0
GOOD = frozenset(bird.name for bird in BIRDS) | {"Org/Good"}

LIES = (
    page([]),
    page([f'<li><a href="/library/{name}">{name}</a></li>' for name in ("spam", "eggs")]),
    "<html>Welcome to Hotel Wi-Fi</html>",
    "",
    "{}",
)


@dataclass
class Moody:
    """A server in a mood that changes by itself: well for half an hour, then mostly not, in one of many ways."""

    dice: random.Random
    requests: list[float] = field(default_factory=list)

    def mood(self, *moods: str) -> str:
        """Note a request, and return the mood in which it is answered."""
        now = asyncio.get_running_loop().time()
        self.requests.append(now)
        return "well" if now < TTL / 2 else self.dice.choice(moods)

    async def site(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as ollama.com in that mood."""
        mood = self.mood("well", "well", "5xx", "429", "slow", "lie", "moved", "gone", "cut")
        if request.url.path == "/robots.txt":
            return httpx2.Response(404)
        if mood == "slow":
            await asyncio.sleep(self.dice.uniform(10, 60))
        if mood == "cut":
            raise httpx2.ReadError("peer closed connection")
        status = {"5xx": 503, "429": 429, "moved": 302, "gone": 404}.get(mood, 200)
        headers = {"retry-after": str(self.dice.randrange(10 ** self.dice.randrange(5)))} if mood == "429" else {}
        return httpx2.Response(status, headers=headers, html=self._page(mood, request))

    def _page(self, mood: str, request: httpx2.Request) -> str:
        if mood == "lie":
            return self.dice.choice(LIES)
        more = later(2) if "page" not in request.url.params else ""
        return listing(self.dice.choice([*DESIGNS]), BIRDS, more=more)


@dataclass
class MoodyHub:
    """A Hub in such a mood, without its process."""

    moody: Moody
    host: Host
    url: str = "https://hub.test"

    async def ask(self, call: Call) -> HubReply:
        """Answer a listing."""
        self.host.spend()
        mood = self.moody.mood("well", "refused", "lie", "slow", "empty")
        if mood == "refused":
            error = SourceFailed("No.", reason=Reason.RATE_LIMITED, retry_after=self.moody.dice.uniform(0, 5e3))
            self.host.refused(error)
            raise error
        if mood == "lie":
            raise ParseFailed("It is no JSON.")
        if mood == "slow":
            await asyncio.sleep(30)
        facts = {
            "downloads": 1,
            "likes": 1,
            "gated": False,
            "updated_at": None,
            "task": "text-generation",
            "files": None,
        }
        good = {**facts, "id": "Org/Good", "tags": ["safetensors"], "parameters": {}, "gguf_parameters": None}
        return HubReply(value=[] if mood == "empty" else [good])

    async def ask_all(self, calls: Sequence[Call]) -> list[HubReply | SourceFailed]:
        """Sizes are not what this is about."""
        return []


@dataclass
class Day:
    """A catalogue with both servers, on the virtual clock of the loop."""

    seed: int

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        dice = random.Random(self.seed)  # noqa: S311 - moods need no secrecy
        self.site, self.hub = Moody(dice), Moody(dice)
        self.hosts = [Host("site", SITE, clock=loop.time), Host("hub", HUB, clock=loop.time)]
        self.shelf = MemoryShelf()
        pace = Pace(ttl=TTL, draw=dice.random)
        self.transport = httpx2.MockTransport(self.site.site)
        self.wire = Wire("http://site", self.hosts[0], user_agent="x", transport=self.transport, wall=self.wall)
        sources = (
            OllamaSite(self.wire, agent="venom-modeld", clock=loop.time),
            HuggingFace(MoodyHub(self.hub, self.hosts[1]), environ={}),
        )
        sizes = Sizes(self.shelf, manifests=None, hub=None, pace=pace, wall=self.wall, clock=loop.time)
        cache = Cache(self.shelf, pace=pace, wall=self.wall)
        self.catalogue = Catalogue(sources, cache=cache, sizes=sizes, wall=self.wall)

    def wall(self) -> float:
        """Return the time of the wall clock."""
        return 1_790_000_000 + asyncio.get_running_loop().time()

    def lists(self) -> dict[tuple[Provider, Listing], frozenset[str]]:
        """Return the models that are shown in every list."""
        return {
            (provider, kind): frozenset(one.model_name for one in self.catalogue.answer(kind, provider).entries)
            for provider in Provider
            for kind in (Listing.TRENDING, Listing.AVAILABLE)
        }


@pytest.mark.looptime
@pytest.mark.parametrize("seed", range(3))
async def test_a_day_of_bad_servers_costs_few_requests_and_no_data(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever they answer, each host is asked within its budget, and what was read once stays until it is better."""
    caplog.set_level(logging.CRITICAL, logger="venom_modeld.trending")
    day, seen = Day(seed), Counter[tuple[Provider, Listing]]()
    for minute in range(MINUTES):
        await day.catalogue.refresh_due()
        if minute % 10 == 0:
            words = day.site.dice.choice(["wren", "owl", "heron", "auk"])
            await day.catalogue.search(words, day.site.dice.choice([*Provider]))
        for key, names in day.lists().items():
            assert names <= GOOD
            assert names or not seen[key], key
            seen[key] += bool(names)
        await asyncio.sleep(60)
    assert len(seen) == 4
    assert all(seen.values())
    elapsed = asyncio.get_running_loop().time()
    for server, host, budget in ((day.site, day.hosts[0], SITE), (day.hub, day.hosts[1], HUB)):
        assert 10 < len(server.requests) < 400
        assert len(server.requests) <= host.stats.requests <= budget.burst + elapsed / budget.seconds
        assert most_within(server.requests, 300.0) <= budget.burst + 300 / budget.seconds
    await day.wire.close()


def most_within(moments: list[float], seconds: float) -> int:
    """Return how many moments there are at the most in any span of so many seconds."""
    return max(sum(start <= moment < start + seconds for moment in moments) for start in moments)


@pytest.mark.looptime
async def test_a_day_without_a_network_costs_a_dozen_tries() -> None:
    """Plugged in again, everything is fresh within one step, with one try for each list."""
    day = Day(0)
    online = False

    async def cable(request: httpx2.Request) -> httpx2.Response:
        day.site.requests.append(asyncio.get_running_loop().time())
        if not online:
            raise httpx2.ConnectError("network is unreachable")
        return httpx2.Response(404) if request.url.path == "/robots.txt" else httpx2.Response(200, html=listing())

    day.wire._transport = httpx2.MockTransport(cable)
    for _ in range(MINUTES):
        await day.catalogue.refresh_due()
        await asyncio.sleep(60)
    assert len(day.site.requests) <= 2 * 12
    assert day.catalogue.answer(Listing.TRENDING, Provider.OLLAMA).entries == ()
    online, asked, plugged = True, len(day.site.requests), asyncio.get_running_loop().time()
    while any(day.catalogue.answer(kind, Provider.OLLAMA).stale for kind in (Listing.TRENDING, Listing.AVAILABLE)):
        await asyncio.sleep(60)
        await day.catalogue.refresh_due()
    assert asyncio.get_running_loop().time() - plugged <= 4 * 3600 * 1.1 + 60
    assert len(day.site.requests) - asked <= 3
    await day.wire.close()

"""What the rest of the program is told of the catalogues: from memory, with age and reason, and never a burst."""

import asyncio
from collections.abc import Callable

import pytest

from tests.trending.conftest import GENEROUS, Clock, MemoryShelf, Oracle, entry, fails, gives
from venom_modeld.core.catalogue import HOW_TO, CatalogueAnswer, FeedStats, Listing, Question
from venom_modeld.core.names import Provider
from venom_modeld.trending.cache import Cache
from venom_modeld.trending.catalogue import Catalogue, InvalidQuery
from venom_modeld.trending.errors import Throttled
from venom_modeld.trending.limits import Host
from venom_modeld.trending.pace import FIRST, LONGEST, Pace
from venom_modeld.trending.sentences import span
from venom_modeld.trending.sizes import Sizes
from venom_modeld.trending.sources import Fetched

DAY = 86_400.0
TTL = 1800.0
OLLAMA, HUB = Provider.OLLAMA, Provider.HUGGINGFACE

Make = Callable[..., Catalogue]


@pytest.fixture
def make(shelf: MemoryShelf, clock: Clock) -> Make:
    """Make catalogues on one shelf and one clock, without jitter and without look-ups of sizes."""

    def build(*sources: Oracle, off: dict[Provider, str] | None = None) -> Catalogue:
        pace = Pace(ttl=TTL, draw=lambda: 0.5)
        sizes = Sizes(shelf, manifests=None, hub=None, pace=pace, wall=clock, clock=clock)
        hosts = [Host("b.test", GENEROUS, clock=clock), Host("a.test", GENEROUS, clock=clock)]
        cache = Cache(shelf, pace=pace, wall=clock)
        return Catalogue(sources, cache=cache, sizes=sizes, hosts=lambda: hosts, off=off, wall=clock)

    return build


def names(answer: CatalogueAnswer) -> list[str]:
    """Return the models of an answer."""
    return [one.model_name for one in answer.entries]


async def test_an_answer_is_what_was_read(make: Make, clock: Clock) -> None:
    """Fresh, with its time, cut to what was asked for; a question asks nothing of a source."""
    oracle = Oracle(gives("wren", "owl"))
    catalogue = make(oracle)
    await catalogue.refresh_due()
    asked = len(oracle.asked)
    answer = catalogue.answer(Listing.TRENDING, OLLAMA, 1)
    assert answer == CatalogueAnswer(entries=(entry("wren"),), fetched_at=clock.now)
    assert [len(catalogue.answer(Listing.AVAILABLE, OLLAMA).entries) for _ in range(100)] == [2] * 100
    assert len(oracle.asked) == asked == 2


async def test_without_the_internet_the_list_of_yesterday_stands(make: Make, clock: Clock) -> None:
    """Unplugged at start: yesterday's list, marked stale with its age, before and after the first try."""
    await make(Oracle(gives("wren"))).refresh_due()
    clock.now += DAY
    catalogue = make(Oracle(fails("ollama.com cannot be reached: name or service not known.")))
    await catalogue.load()
    first = catalogue.answer(Listing.TRENDING, OLLAMA)
    assert (names(first), first.stale, first.fetched_at) == (["wren"], True, clock.now - DAY)
    await catalogue.refresh_due()
    answer = catalogue.answer(Listing.TRENDING, OLLAMA)
    assert (names(answer), answer.stale, answer.fetched_at) == (["wren"], True, clock.now - DAY)
    assert answer.error == (
        "ollama.com cannot be reached: name or service not known. It is tried again in 5 minutes. Shown is what was"
        " read 24 hours ago."
    )


async def test_without_a_cache_and_the_internet_there_is_no_data_yet(make: Make) -> None:
    """Never an empty catalogue: the reason, when it is tried again, and where to read what to do."""
    catalogue = make(Oracle(fails()))
    unread = catalogue.answer(Listing.TRENDING, OLLAMA)
    assert unread == CatalogueAnswer(
        stale=True, error=f"No data yet. It has not been read so far. {HOW_TO} says what works without the internet."
    )
    await catalogue.refresh_due()
    assert catalogue.answer(Listing.TRENDING, OLLAMA).error == (
        "No data yet. ollama.com cannot be reached. It is tried again in 5 minutes. docs/how-to/catalogues-offline.md"
        " says what works without the internet."
    )


async def test_plugged_in_again_the_list_is_fresh_within_one_step(make: Make, clock: Clock) -> None:
    """After a long outage one try per list comes within the longest wait, and no more than that."""
    oracle = Oracle(gives("wren"))
    catalogue = make(oracle)
    await catalogue.refresh_due()
    oracle.says = fails()
    for _ in range(int(DAY / 60)):
        clock.now += 60
        await catalogue.refresh_due()
    oracle.says, plugged, asked = gives("owl"), clock.now, len(oracle.asked)
    while catalogue.answer(Listing.TRENDING, OLLAMA).stale:
        clock.now += 60
        await catalogue.refresh_due()
    assert clock.now - plugged <= LONGEST + 60
    assert len(oracle.asked) - asked <= 2
    assert names(catalogue.answer(Listing.TRENDING, OLLAMA)) == ["owl"]
    assert catalogue.answer(Listing.TRENDING, OLLAMA).error is None


async def test_a_short_outage_ends_with_the_first_step(make: Make, clock: Clock) -> None:
    """Five minutes after the first failure it is tried again."""
    oracle = Oracle(fails())
    catalogue = make(oracle)
    await catalogue.refresh_due()
    oracle.says = gives("wren")
    clock.now += FIRST
    await catalogue.refresh_due()
    assert names(catalogue.answer(Listing.TRENDING, OLLAMA)) == ["wren"]
    assert len(oracle.asked) == 4


async def test_recommendations_stand_in_for_a_site_that_was_never_read(make: Make, clock: Clock) -> None:
    """They are asked for only then, and what the site said comes before them as soon as it is there."""
    site = Oracle(fails())
    local = Oracle(gives("glider"), name="recommendations")
    catalogue = make(site, local)
    await catalogue.refresh_due()
    answer = catalogue.answer(Listing.TRENDING, OLLAMA)
    assert (names(answer), answer.stale) == (["glider"], False)
    assert answer.error == (
        "ollama.com cannot be reached. It is tried again in 5 minutes. Shown instead: the models that the local Ollama"
        " recommends."
    )
    site.says, asked = gives("wren"), len(local.asked)
    for _ in range(3):
        clock.now += TTL
        await catalogue.refresh_due()
        assert names(catalogue.answer(Listing.TRENDING, OLLAMA)) == ["wren"]
    assert len(local.asked) == asked


async def test_a_provider_without_sources_says_why(make: Make) -> None:
    """A setting turned it off."""
    catalogue = make(off={OLLAMA: "It is off."})
    await catalogue.refresh_due()
    assert catalogue.answer(Listing.TRENDING, OLLAMA) == CatalogueAnswer(error="It is off.")
    assert await catalogue.search("wren", OLLAMA) == CatalogueAnswer(error="It is off.")


async def test_a_source_that_is_off_shows_what_was_read_before(make: Make, clock: Clock) -> None:
    """The switch is named; the list keeps its age."""
    oracle = Oracle(gives("Org/Repo"), name="hub", provider=HUB)
    await make(oracle).refresh_due()
    oracle.off = "HF_HUB_OFFLINE is set."
    clock.now += DAY
    catalogue = make(oracle)
    await catalogue.load()
    await catalogue.refresh_due()
    answer = catalogue.answer(Listing.TRENDING, HUB)
    assert (names(answer), answer.stale) == (["Org/Repo"], True)
    assert answer.error == "HF_HUB_OFFLINE is set. Shown is what was read 24 hours ago."


async def test_a_kept_list_that_cannot_be_read_is_done_without(
    make: Make, shelf: MemoryShelf, caplog: pytest.LogCaptureFixture
) -> None:
    """The daemon starts all the same."""
    shelf.broken = True
    await make(Oracle(gives("wren"))).load()
    assert [record.message for record in caplog.records] == ["kept catalogues cannot be read"]


async def test_a_search_is_asked_once_and_kept(make: Make) -> None:
    """Case and spaces do not make another search."""
    oracle = Oracle(gives("wren"))
    catalogue = make(oracle)
    for text in ("Small  Wren", "small wren ", "SMALL WREN"):
        assert names(await catalogue.search(text, OLLAMA)) == ["wren"]
    assert [asked for asked, _ in oracle.asked] == [
        Question(provider=OLLAMA, listing=Listing.SEARCH, query="small wren")
    ]


@pytest.mark.parametrize("text", ["", "a", " a ", "x" * 97])
async def test_too_short_or_too_long_is_not_searched(make: Make, text: str) -> None:
    """The error says what to write."""
    with pytest.raises(InvalidQuery, match="write 2 to 96 characters"):
        await make().search(text, OLLAMA)


@pytest.mark.looptime
async def test_a_search_never_takes_longer_than_its_deadline(make: Make) -> None:
    """What comes later is kept for the next one; meanwhile the lists that are known are searched."""
    oracle = Oracle(gives("wren", "owl"))
    catalogue = make(oracle)
    await catalogue.refresh_due()
    oracle.gate = asyncio.Event()
    start = asyncio.get_running_loop().time()
    answer = await catalogue.search("wre", OLLAMA)
    assert asyncio.get_running_loop().time() - start == pytest.approx(8)
    assert (names(answer), answer.stale) == (["wren"], True)
    assert answer.error == (
        "There was no answer within 8 seconds. Shown instead: what fits in the lists that were read before."
    )
    oracle.gate.set()
    again = await catalogue.search("wre", OLLAMA)
    assert (names(again), again.error, len(oracle.asked)) == (["wren", "owl"], None, 3)


async def test_a_search_that_may_not_be_asked_says_when(make: Make) -> None:
    """The budget of the host is spent: no entries are known, and the sentence says so."""

    def busy(_: Question) -> Fetched:
        raise Throttled("ollama.com", 20)

    answer = await make(Oracle(busy)).search("wren", OLLAMA)
    assert (answer.entries, answer.stale) == ((), True)
    assert answer.error is not None
    assert answer.error.startswith("No data yet. ollama.com has been asked often enough for now; ask again in 20 s.")


async def test_a_list_that_may_not_be_asked_for_says_when(make: Make, clock: Clock) -> None:
    """Where one list of a host was refused for hours, the next is not said to be unread for no reason."""
    oracle = Oracle(gives("wren"))

    def busy(_: Question) -> Fetched:
        raise Throttled("ollama.com", 7200)

    catalogue = make(oracle)
    oracle.says = busy
    await catalogue.refresh_due()
    unread = catalogue.answer(Listing.TRENDING, OLLAMA)
    assert unread.error == (
        "No data yet. ollama.com has been asked often enough for now. It is tried again in 2 hours."
        f" {HOW_TO} says what works without the internet."
    )
    clock.now += 7200
    assert "It is tried again now." in (catalogue.answer(Listing.TRENDING, OLLAMA).error or "")
    oracle.says = gives("wren")
    await catalogue.refresh_due()
    assert catalogue.answer(Listing.TRENDING, OLLAMA).error is None
    oracle.says = busy
    clock.now += TTL
    await catalogue.refresh_due()
    assert catalogue.answer(Listing.TRENDING, OLLAMA).error is None
    clock.now += 2 * TTL
    old = catalogue.answer(Listing.TRENDING, OLLAMA)
    assert (names(old), old.stale) == (["wren"], True)
    assert old.error is not None
    assert old.error.startswith("ollama.com has been asked often enough for now. It is tried again in ")


async def test_a_search_that_fails_shows_what_it_found_before(make: Make, clock: Clock) -> None:
    """With its age and the reason."""
    oracle = Oracle(gives("wren"))
    catalogue = make(oracle)
    await catalogue.search("wren", OLLAMA)
    oracle.says = fails()
    clock.now += 2 * 3600
    answer = await catalogue.search("wren", OLLAMA)
    assert (names(answer), answer.stale) == (["wren"], True)
    assert answer.error == (
        "ollama.com cannot be reached. It is tried again in 30 seconds. Shown is what was read 2 hours ago."
    )


async def test_a_search_without_results_is_an_answer(make: Make, clock: Clock) -> None:
    """Nothing found is not no data."""
    answer = await make(Oracle(gives())).search("auk", OLLAMA)
    assert answer == CatalogueAnswer(fetched_at=clock.now)


async def test_the_tags_of_a_model_are_asked_for_by_its_bare_name(make: Make) -> None:
    """A tag that the name has already makes no difference."""
    oracle = Oracle(gives("heron:8b", "heron:70b"))
    catalogue = make(oracle)
    assert names(await catalogue.tags("heron:8b", OLLAMA)) == ["heron:8b", "heron:70b"]
    await catalogue.tags("heron", OLLAMA, 1)
    assert [asked.query for asked, _ in oracle.asked] == ["heron"]
    hub = Oracle(gives("hf.co/Org/Repo:Q8_0"), name="hub", provider=HUB)
    assert names(await make(oracle, hub).tags("hf.co/Org/Repo:Q4_K_M", OLLAMA)) == ["hf.co/Org/Repo:Q8_0"]
    assert [asked.query for asked, _ in hub.asked] == ["hf.co/Org/Repo"]
    with pytest.raises(InvalidQuery, match="no name of a model"):
        await catalogue.tags("x", OLLAMA)


async def test_the_numbers_tell_ages_and_failures(make: Make, clock: Clock) -> None:
    """A feed that was never read has no age."""
    site, hub = Oracle(gives("wren")), Oracle(fails(), name="hub", provider=HUB)
    catalogue = make(site, hub)
    await catalogue.refresh_due()
    clock.now += 90
    stats = catalogue.stats()
    trending, available = Listing.TRENDING, Listing.AVAILABLE
    assert stats.feeds == (
        FeedStats(source="website", provider=OLLAMA, listing=trending, age=90.0, entries=1, failing=False),
        FeedStats(source="website", provider=OLLAMA, listing=available, age=90.0, entries=1, failing=False),
        FeedStats(source="hub", provider=HUB, listing=trending, age=None, entries=0, failing=True),
        FeedStats(source="hub", provider=HUB, listing=available, age=None, entries=0, failing=True),
    )
    assert [host.host for host in stats.hosts] == ["a.test", "b.test"]


async def test_closing_gives_up_what_is_being_asked(make: Make) -> None:
    """Nothing is left behind."""
    oracle = Oracle(gives("wren"), gate=asyncio.Event())
    catalogue = make(oracle)
    task = asyncio.create_task(catalogue.refresh_due())
    await oracle.reached.wait()
    await catalogue.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.done()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1.2, "1 second"),
        (90, "90 seconds"),
        (299.9, "5 minutes"),
        (7199, "2 hours"),
        (26 * 3600, "26 hours"),
        (10 * DAY, "10 days"),
    ],
)
def test_spans_of_time_are_said_in_their_largest_unit(seconds: float, words: str) -> None:
    """Of which there are at least two."""
    assert span(seconds) == words

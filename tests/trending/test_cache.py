"""Answers are kept: asked for rarely, never twice at once, never lost to a failure, and told once when that changes."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trending.conftest import Clock, MemoryShelf, Oracle, entry, fails, gives
from venom_modeld.core.catalogue import KeptAnswer, Listing, Question
from venom_modeld.core.names import Provider
from venom_modeld.core.reasons import Reason
from venom_modeld.state.store import STATE_FILE, Store
from venom_modeld.trending import pace as pacing
from venom_modeld.trending.cache import MOST_QUERIES, Cache
from venom_modeld.trending.errors import ParseFailed, SourceFailed, Throttled
from venom_modeld.trending.limits import LONGEST_HOLD
from venom_modeld.trending.pace import FIRST, LONGEST, Pace
from venom_modeld.trending.sources import Fetched

TRENDING = Question(provider=Provider.OLLAMA, listing=Listing.TRENDING)
AVAILABLE = Question(provider=Provider.OLLAMA, listing=Listing.AVAILABLE)
TTL = 1800.0
EVEN = Pace(ttl=TTL, draw=lambda: 0.5)


def query(words: str) -> Question:
    """Ask for words."""
    return Question(provider=Provider.OLLAMA, listing=Listing.SEARCH, query=words)


@pytest.fixture
def cache(shelf: MemoryShelf, clock: Clock) -> Cache:
    """Give an empty cache without jitter."""
    return Cache(shelf, pace=EVEN, wall=clock)


def names(kept: KeptAnswer) -> list[str]:
    """Return the models that are kept."""
    return [one.model_name for one in kept.entries]


async def test_a_source_is_asked_once_in_its_time_to_live(cache: Cache, clock: Clock) -> None:
    """Whoever asks in between gets what is kept."""
    oracle = Oracle(gives("wren"))
    for _ in range(3):
        await cache.refresh(oracle, TRENDING)
        clock.now += TTL - 1
    assert len(oracle.asked) == 2
    assert names(cache.get(oracle, TRENDING)) == ["wren"]


async def test_a_question_under_way_is_not_asked_again(cache: Cache) -> None:
    """Many callers wait for one answer; one that leaves takes nothing with it."""
    oracle = Oracle(gives("wren"), gate=asyncio.Event())
    callers = [asyncio.create_task(cache.refresh(oracle, TRENDING)) for _ in range(5)]
    await oracle.reached.wait()
    callers[0].cancel()
    assert oracle.gate is not None
    oracle.gate.set()
    await asyncio.gather(*callers, return_exceptions=True)
    assert len(oracle.asked) == 1
    assert names(cache.get(oracle, TRENDING)) == ["wren"]


async def test_a_closed_cache_asks_nothing_any_more(cache: Cache, shelf: MemoryShelf) -> None:
    """What is under way is given up."""
    oracle = Oracle(gives("wren"), gate=asyncio.Event())
    caller = asyncio.create_task(cache.refresh(oracle, TRENDING))
    await oracle.reached.wait()
    await cache.close()
    assert (await asyncio.gather(caller, return_exceptions=True))[0] is not None
    assert shelf.answers == {}


def empty(_: Question) -> Fetched:
    """Answer with nothing."""
    return Fetched(entries=())


def unreadable(_: Question) -> Fetched:
    """Answer with a page that cannot be read."""
    raise ParseFailed("https://ollama.com/search cannot be read.")


def broken(_: Question) -> Fetched:
    """Fall over one's own feet."""
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (fails(), Reason.UNREACHABLE),
        (empty, Reason.INVALID_ANSWER),
        (unreadable, Reason.INVALID_ANSWER),
        (broken, Reason.FAILED),
    ],
    ids=["failure", "empty", "unreadable", "broken"],
)
async def test_no_bad_answer_replaces_a_good_one(
    cache: Cache, clock: Clock, shelf: MemoryShelf, bad: object, reason: Reason
) -> None:
    """The entries stay with their age, and the reason stands beside them, on disk too."""
    oracle = Oracle(gives("wren"))
    await cache.refresh(oracle, TRENDING)
    read_at = clock.now
    oracle.says = bad  # type: ignore[assignment]
    clock.now += TTL
    await cache.refresh(oracle, TRENDING)
    kept = cache.get(oracle, TRENDING)
    assert (names(kept), kept.fetched_at, kept.failures, kept.reason) == (["wren"], read_at, 1, reason)
    assert kept.error
    assert shelf.answers["website", TRENDING] == kept


async def test_a_search_may_find_nothing(cache: Cache) -> None:
    """That is an answer, unlike an empty list of what is trending."""
    oracle = Oracle(empty)
    await cache.refresh(oracle, query("auk"))
    kept = cache.get(oracle, query("auk"))
    assert (kept.entries, kept.failures, kept.fetched_at is None) == ((), 0, False)


async def test_waits_grow_while_a_source_fails(cache: Cache, clock: Clock) -> None:
    """Five minutes, then twice as long each time, up to four hours; one answer ends it."""
    oracle = Oracle(fails())
    waits = []
    for _ in range(9):
        await cache.refresh(oracle, TRENDING)
        waits.append(cache.get(oracle, TRENDING).wait)
        clock.now += waits[-1]
    assert waits == [300, 600, 1200, 2400, 4800, 9600, LONGEST, LONGEST, LONGEST]
    oracle.says = gives("wren")
    await cache.refresh(oracle, TRENDING)
    assert (cache.get(oracle, TRENDING).failures, cache.get(oracle, TRENDING).wait) == (0, TTL)


@pytest.mark.parametrize(("asked", "wait"), [(7000.0, 7000.0), (1.0, FIRST), (1e9, LONGEST_HOLD), (None, FIRST)])
async def test_a_source_that_asks_for_time_gets_it(cache: Cache, asked: float | None, wait: float) -> None:
    """Never less than the usual wait, and never more than a day."""
    oracle = Oracle(fails(retry_after=asked))
    await cache.refresh(oracle, TRENDING)
    assert cache.get(oracle, TRENDING).wait == wait


@pytest.mark.parametrize(("asked", "wait"), [(None, 30.0), (90.0, 90.0)])
async def test_a_search_that_failed_may_be_repeated_soon(cache: Cache, asked: float | None, wait: float) -> None:
    """Only a person repeats it, and the host has its budget."""
    oracle = Oracle(fails(retry_after=asked))
    for _ in range(2):
        await cache.refresh(oracle, query("wren"))
    assert (len(oracle.asked), cache.get(oracle, query("wren")).wait) == (1, wait)


async def test_a_source_that_may_not_be_asked_now_has_not_failed(cache: Cache) -> None:
    """The caller is told, and nothing is kept."""

    def busy(_: Question) -> Fetched:
        raise Throttled("ollama.com", 20)

    oracle = Oracle(busy)
    assert "ask again in 20 s" in str(await cache.refresh(oracle, TRENDING))
    assert cache.get(oracle, TRENDING) == pacing.nothing("website", TRENDING)
    assert cache.is_due(oracle, TRENDING)


async def test_a_source_that_is_off_is_not_asked(cache: Cache) -> None:
    """A setting says so."""
    oracle = Oracle(gives("wren"), off="HF_HUB_OFFLINE is set.")
    await cache.refresh(oracle, TRENDING)
    assert oracle.asked == []


async def test_an_unchanged_answer_is_as_good_as_a_new_one(cache: Cache, clock: Clock) -> None:
    """The source is told which version is known, unless there is none to fall back on."""
    oracle = Oracle(gives("wren", validator='"1"'))
    await cache.refresh(oracle, TRENDING)
    clock.now += TTL
    oracle.says = lambda _: None
    await cache.refresh(oracle, TRENDING)
    kept = cache.get(oracle, TRENDING)
    assert (names(kept), kept.fetched_at, kept.validator) == (["wren"], clock.now, '"1"')
    assert [validator for _, validator in oracle.asked] == [None, '"1"']


async def test_a_clock_that_goes_back_costs_one_request(cache: Cache, clock: Clock) -> None:
    """An attempt in the future is no reason to wait for it; one that goes far ahead costs one too."""
    oracle = Oracle(gives("wren"))
    await cache.refresh(oracle, TRENDING)
    for jump in (-86_400.0, 1.0, 1e9, 1.0, -1e9):
        clock.now += jump
        await cache.refresh(oracle, TRENDING)
    assert len(oracle.asked) == 4


async def test_queries_are_bounded(cache: Cache) -> None:
    """The one that was needed least lately goes first; lists stay."""
    oracle = Oracle(gives("wren"))
    await cache.refresh(oracle, TRENDING)
    for number in range(MOST_QUERIES + 1):
        await cache.refresh(oracle, query(f"wren {number}"))
    assert cache.get(oracle, query("wren 0")).fetched_at is None
    assert cache.get(oracle, query("wren 1")).fetched_at is not None
    assert cache.get(oracle, TRENDING).fetched_at is not None


async def test_a_list_of_any_length_is_kept_in_part(cache: Cache) -> None:
    """A source that lies about a million models fills no memory."""
    oracle = Oracle(gives(*map(str, range(5000))))
    await cache.refresh(oracle, TRENDING)
    assert len(cache.get(oracle, TRENDING).entries) == pacing.MOST_ENTRIES


async def test_what_was_kept_survives_the_process(tmp_path: Path, clock: Clock) -> None:
    """Entries, age and waits are those of before: a restart asks nothing that is not due."""
    good, bad = Oracle(gives("wren", validator='"1"')), Oracle(fails(), name="hub")
    async with await Store.open(tmp_path / STATE_FILE) as store:
        cache = Cache(store, pace=EVEN, wall=clock)
        for oracle in (good, bad):
            await cache.refresh(oracle, TRENDING)
        before = [cache.get(oracle, TRENDING) for oracle in (good, bad)]
    clock.now += 60
    async with await Store.open(tmp_path / STATE_FILE) as store:
        cache = Cache(store, pace=EVEN, wall=clock)
        await cache.load()
        assert [cache.get(oracle, TRENDING) for oracle in (good, bad)] == before
        for oracle in (good, bad):
            await cache.refresh(oracle, TRENDING)
    assert len(good.asked) == len(bad.asked) == 1


async def test_a_full_disk_loses_nothing_but_the_next_start(
    cache: Cache, clock: Clock, shelf: MemoryShelf, caplog: pytest.LogCaptureFixture
) -> None:
    """What was read is shown from memory; that it cannot be kept is told once for each time it begins."""
    oracle = Oracle(gives("wren"))
    with caplog.at_level(logging.INFO):
        for shelf.broken in (True, True, False, True):
            await cache.refresh(oracle, TRENDING)
            clock.now += TTL
    assert names(cache.get(oracle, TRENDING)) == ["wren"]
    assert [record.message for record in caplog.records] == ["catalogue cannot be kept on disk"] * 2


async def test_each_change_is_logged_once(cache: Cache, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A failure that goes on is silent, another reason is not; searches are told to who asked."""
    oracle = Oracle(gives("wren"))
    with caplog.at_level(logging.INFO):
        for says in (gives("wren"), fails(), fails(), unreadable, gives("wren"), gives("wren")):
            oracle.says = says
            await cache.refresh(oracle, TRENDING)
            clock.now += LONGEST
        oracle.says = fails()
        await cache.refresh(oracle, query("wren"))
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "catalogue cannot be read"),
        ("WARNING", "catalogue cannot be read"),
        ("INFO", "catalogue can be read again"),
    ]
    fields = vars(caplog.records[0])
    assert (fields["source"], fields["listing"], fields["reason"]) == ("website", "trending", "Unreachable")


async def test_a_source_is_left_alone_over_a_restart(shelf: MemoryShelf, clock: Clock) -> None:
    """For as long as it said; a wait that no clock can have meant is void."""
    limited = Cache(shelf, pace=EVEN, wall=clock)

    def refuses(_: Question) -> Fetched | None:
        raise SourceFailed("Too often.", reason=Reason.RATE_LIMITED, retry_after=7200)

    await limited.refresh(Oracle(refuses), TRENDING)
    await limited.refresh(Oracle(fails(), name="hub"), TRENDING)
    clock.now += 200
    cache = Cache(shelf, pace=EVEN, wall=clock)
    await cache.load()
    site, hub, other = Oracle(refuses), Oracle(fails(), name="hub"), Oracle(refuses, name="other")
    assert (cache.left_alone(site), cache.left_alone(hub), cache.left_alone(other)) == (7000, 0, 0)
    clock.now -= 10 * LONGEST_HOLD
    assert cache.left_alone(site) == 0


async def test_what_another_server_said_is_nothing_to_a_source(shelf: MemoryShelf, clock: Clock) -> None:
    """A mirror that takes its place is asked at once, and by no version that the other gave its answer."""
    cache = Cache(shelf, pace=EVEN, wall=clock)
    await cache.refresh(Oracle(gives("wren", validator="v1"), origin="https://a.test"), TRENDING)
    mirror = Oracle(gives("owl"), origin="https://b.test")
    cache = Cache(shelf, pace=EVEN, wall=clock)
    await cache.load()
    assert names(cache.get(mirror, TRENDING)) == []
    await cache.refresh(mirror, TRENDING)
    assert (names(cache.get(mirror, TRENDING)), mirror.asked) == (["owl"], [(TRENDING, None)])


async def test_an_outage_is_one_line_for_all_listings_of_a_source(
    cache: Cache, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is over when all of them are read again."""
    oracle, other = Oracle(fails()), Oracle(fails(), name="hub", provider=Provider.HUGGINGFACE)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            for question in (TRENDING, AVAILABLE):
                await cache.refresh(oracle, question)
            await cache.refresh(other, replace(TRENDING, provider=Provider.HUGGINGFACE))
            clock.now += LONGEST
        oracle.says = gives("wren")
        await cache.refresh(oracle, TRENDING)
        assert len(caplog.records) == 2
        await cache.refresh(oracle, AVAILABLE)
    assert [(record.message, vars(record)["source"]) for record in caplog.records] == [
        ("catalogue cannot be read", "website"),
        ("catalogue cannot be read", "hub"),
        ("catalogue can be read again", "website"),
    ]


@given(
    draw=st.floats(0, 1),
    failures=st.integers(1, 10_000),
    retry_after=st.none() | st.floats(0, 1e12),
)
def test_no_wait_is_shorter_or_longer_than_promised(draw: float, failures: int, retry_after: float | None) -> None:
    """Whatever fails and whatever is asked for, a source is asked again between 4.5 minutes and a day later."""
    pace = Pace(ttl=TTL, draw=lambda: draw)
    error = SourceFailed("No.", reason=Reason.FAILED, retry_after=retry_after)
    before = KeptAnswer(source="hub", question=TRENDING, entries=(entry("wren"),), failures=failures - 1)
    after = pacing.failed(before, error, now=5.0, pace=pace)
    assert FIRST * 0.9 <= after.wait <= LONGEST_HOLD
    assert after.entries == before.entries
    assert pacing.is_due(after, now=5.0 + after.wait)
    assert not pacing.is_due(after, now=5.0 + after.wait * 0.99)


@pytest.mark.parametrize(
    ("age", "stale"), [(0.0, False), (2 * TTL, False), (2 * TTL + 1, True), (-60.0, False), (-TTL - 1, True)]
)
def test_what_is_too_old_or_of_no_known_age_is_stale(age: float, *, stale: bool) -> None:
    """Twice the time to live is too old; a reading from the future was dated by another clock."""
    kept = KeptAnswer(source="hub", question=TRENDING, fetched_at=1e6 - age)
    assert pacing.is_stale(kept, now=1e6, ttl=TTL) is stale
    assert pacing.is_stale(pacing.nothing("hub", TRENDING), now=1e6, ttl=TTL)

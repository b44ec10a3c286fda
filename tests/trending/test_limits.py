"""Budgets of hosts, and what hosts say of their own limits."""

from contextlib import suppress
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trending.conftest import Clock
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.errors import SourceFailed, Throttled
from venom_modeld.trending.limits import HOLD, LONGEST_HOLD, Budget, Host, RateLimit, read_rate_limit, read_retry_after

NOW = 1_790_000_000.0


def host(clock: Clock, *, burst: int = 3, seconds: float = 10.0) -> Host:
    """Return a host with a small budget."""
    return Host("hub.test", Budget(burst=burst, seconds=seconds), clock=clock)


def test_a_burst_is_bounded_and_comes_back_slowly(clock: Clock) -> None:
    """Three at once, then one every ten seconds; who comes too early is told how long to wait."""
    one = host(clock)
    for _ in range(3):
        one.spend()
    with pytest.raises(Throttled, match=r"hub\.test has been asked often enough for now; ask again in 10 s"):
        one.spend()
    clock.now += 10
    one.spend()
    assert one.stats.requests == 4


@given(st.lists(st.floats(0, 500), max_size=200))
def test_no_pattern_of_asking_gets_past_the_budget(waits: list[float]) -> None:
    """In any span of time there are at most the burst and one for each interval."""
    clock = Clock()
    one, start = host(clock), clock.now
    for wait in waits:
        clock.now += wait
        with suppress(Throttled):
            one.spend()
    assert one.stats.requests <= 3 + (clock.now - start) / 10 + 1e-6


def test_requests_that_were_made_already_are_paid_for_later(clock: Clock) -> None:
    """A listing of several pages costs as much as it was."""
    one = host(clock)
    one.spend()
    one.charge(4)
    clock.now += 25
    with pytest.raises(Throttled):
        one.spend()
    clock.now += 10
    one.spend()


def test_a_host_that_wants_to_be_left_alone_is(clock: Clock) -> None:
    """The longest of its wishes counts, and none for more than a day."""
    one = host(clock)
    one.hold(60)
    one.hold(30)
    with pytest.raises(Throttled) as caught:
        one.spend()
    assert caught.value.wait == pytest.approx(60)
    one.hold(1e12)
    clock.now += LONGEST_HOLD
    one.spend()


@pytest.mark.parametrize(
    ("reason", "retry_after", "held"),
    [(Reason.RATE_LIMITED, 7.0, 7.0), (Reason.RATE_LIMITED, None, HOLD), (Reason.FAILED, 9.0, 9.0)],
)
def test_a_refusal_is_obeyed(clock: Clock, reason: Reason, retry_after: float | None, held: float) -> None:
    """A limit without a time holds for the Hub's own window of five minutes."""
    one = host(clock)
    one.refused(SourceFailed("No.", reason=reason, retry_after=retry_after))
    with pytest.raises(Throttled) as caught:
        one.spend()
    assert caught.value.wait == pytest.approx(held)


def test_a_failure_without_a_wish_holds_nothing(clock: Clock) -> None:
    """The source backs off by itself then."""
    one = host(clock)
    one.refused(SourceFailed("No.", reason=Reason.FAILED))
    one.spend()


def test_the_reset_counts_only_where_nothing_remains(clock: Clock) -> None:
    """The headers come with every answer; `t` is no reason to wait while `r` is above 0."""
    one = host(clock)
    one.heard(read_rate_limit({"ratelimit": '"api";r=495;t=23'}))
    one.heard(None)
    one.spend()
    assert one.stats.remaining == 495
    one.heard(read_rate_limit({"ratelimit": '"api";r=0;t=55'}))
    with pytest.raises(Throttled) as caught:
        one.spend()
    assert caught.value.wait == pytest.approx(56)


def test_the_headers_of_the_hub_are_read() -> None:
    """Both of them; the second is only for people."""
    headers = {"ratelimit": '"pages";r=94;t=53', "ratelimit-policy": '"fixed window";"pages";q=100;w=300'}
    assert read_rate_limit(headers) == RateLimit(
        bucket="pages", remaining=94, reset_seconds=53, quota=100, window_seconds=300
    )


@pytest.mark.parametrize("text", ["", "api;r=1", '"api";r=-1;t=2', '"api";r=x;t=2', '"api";t=2', '"api";r=1e9;t=2'])
def test_anything_else_is_no_limit(text: str) -> None:
    """A header that cannot be read is as good as none."""
    assert read_rate_limit({"ratelimit": text}) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("99999999999", LONGEST_HOLD),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW + 90, localtime=False).replace("-0000", ""), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    """One in the past means now; one that is beyond a day means a day."""
    assert read_retry_after({"retry-after": text}, now=NOW) == seconds


def test_without_the_header_nothing_is_asked() -> None:
    """No wish is no wait."""
    assert read_retry_after({}, now=NOW) is None

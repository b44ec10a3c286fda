"""How often a host may be asked: a bucket of tokens for each, and whatever the host itself says about its limits.

The Hub sends `RateLimit: "api";r=REMAINING;t=SECONDS` with every answer; `t` is when its window ends, which matters
only where nothing remains. A 429 may come without it, in plain text, for a whole address.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from venom_modeld.core.catalogue import HostStats
from venom_modeld.core.errors import LONGEST_WAIT
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.errors import SourceFailed, Throttled

LONGEST_HOLD = LONGEST_WAIT
"""Seconds for which a host is believed at the most when it wants to be left alone; a day."""

HOLD = 300.0
"""Seconds for which a host is left alone that limits us and does not say for how long: the Hub's own window."""

_RATE_LIMIT = re.compile(r'"(?P<bucket>[^"]*)"\s*;\s*r\s*=\s*(?P<r>[0-9]{1,9})\s*;\s*t\s*=\s*(?P<t>[0-9]{1,9})')
_POLICY = re.compile(r"\bq\s*=\s*(?P<q>[0-9]{1,9})\s*;\s*w\s*=\s*(?P<w>[0-9]{1,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What a host says about its limits."""

    bucket: str
    remaining: int
    reset_seconds: int
    quota: int | None = None
    window_seconds: int | None = None

    @property
    def wait(self) -> float | None:
        """How many seconds to leave the host alone; None while it still grants requests."""
        return self.reset_seconds + 1.0 if self.remaining == 0 else None


def read_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """Read `RateLimit` and `RateLimit-Policy`, whose names are lower case here; None where there are none."""
    found = _RATE_LIMIT.search(headers.get("ratelimit", ""))
    if found is None:
        return None
    policy = _POLICY.search(headers.get("ratelimit-policy", ""))
    return RateLimit(
        bucket=found["bucket"],
        remaining=int(found["r"]),
        reset_seconds=int(found["t"]),
        quota=int(policy["q"]) if policy else None,
        window_seconds=int(policy["w"]) if policy else None,
    )


def read_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Read `Retry-After`, seconds or a date (`now` is seconds since the epoch); None where it is not there."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_HOLD)
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.fromtimestamp(now, UTC)
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, seconds.total_seconds()), LONGEST_HOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Up to `burst` requests at once, and one more every `seconds`."""

    burst: int
    seconds: float


class Host:
    """One host: what it was asked, what it may be asked now.

    `clock` gives steady seconds. Nothing here waits: who may not ask is told so and comes back later.
    """

    def __init__(self, name: str, budget: Budget, *, clock: Callable[[], float]) -> None:
        self.name = name
        self._budget = budget
        self._clock = clock
        self._tokens = float(budget.burst)
        self._filled_at = clock()
        self._held_until = float("-inf")
        self._requests = 0
        self._failures = 0
        self._remaining: int | None = None

    def spend(self) -> None:
        """Take the right to one request, or raise Throttled."""
        self._fill()
        wait = max(self._held_until - self._clock(), (1 - self._tokens) * self._budget.seconds)
        if wait > 0:
            raise Throttled(self.name, wait)
        self.charge(1)

    def charge(self, requests: int) -> None:
        """Count requests that were made on the right of an earlier one; they are paid for later."""
        self._requests += requests
        self._tokens -= requests

    def hold(self, seconds: float) -> None:
        """Leave the host alone for so long, a day at the most."""
        self._held_until = max(self._held_until, self._clock() + min(seconds, LONGEST_HOLD))

    def heard(self, limit: RateLimit | None) -> None:
        """Take note of what an answer said about limits."""
        if limit is not None:
            self._remaining = limit.remaining
            if limit.wait is not None:
                self.hold(limit.wait)

    def failed(self) -> None:
        """Count a request that gave nothing."""
        self._failures += 1

    def refused(self, error: SourceFailed) -> None:
        """Leave the host alone for as long as its refusal says; a while where a limit was reached and it does not."""
        if error.retry_after is not None:
            self.hold(error.retry_after)
        elif error.reason is Reason.RATE_LIMITED:
            self.hold(HOLD)

    @property
    def stats(self) -> HostStats:
        """Return the counts."""
        return HostStats(host=self.name, requests=self._requests, failures=self._failures, remaining=self._remaining)

    def _fill(self) -> None:
        now = self._clock()
        gained = (now - self._filled_at) / self._budget.seconds
        self._tokens = min(float(self._budget.burst), self._tokens + gained)
        self._filled_at = now

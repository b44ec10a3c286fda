"""When a source is asked again, as pure functions over what is kept of it.

After an answer a source is left alone for the time to live; after failures for 5 minutes, then twice as long each time
up to 4 hours, or for as long as it asked. Both waits have jitter, so that many hosts do not come at once. All of it is
kept on disk with the answer: a daemon that is restarted every few seconds asks no more often than one that runs.

The wall clock may jump. An attempt that lies in the future was made before the clock went back: the wait is then void,
which costs one request more.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from venom_modeld.core.catalogue import KeptAnswer, Question
from venom_modeld.trending.errors import SourceFailed
from venom_modeld.trending.limits import LONGEST_HOLD
from venom_modeld.trending.sources import Fetched

FIRST = 300.0
LONGEST = 4 * 3600.0
QUERY_WAIT = 30.0
"""Seconds after which a search or a look-up that failed may be repeated."""

JITTER = 0.1
MOST_ENTRIES = 1000
"""How many entries of an answer are kept; the longest list so far has 250."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`ttl` is in seconds; `draw` returns a number from 0 to 1, evenly distributed."""

    ttl: float
    draw: Callable[[], float]

    def jittered(self, seconds: float) -> float:
        """Return a wait that is a tenth longer or shorter."""
        return seconds * (1 + JITTER * (2 * self.draw() - 1))

    def backoff(self, failures: int, *, at_least: float | None = None) -> float:
        """Return the wait after so many failures in a row (1 and up)."""
        plain = self.jittered(min(LONGEST, FIRST * 2.0 ** min(failures - 1, 10)))
        return max(plain, min(at_least or 0.0, LONGEST_HOLD))


def is_due(kept: KeptAnswer | None, *, now: float) -> bool:
    """Tell whether a source may be asked again."""
    if kept is None or kept.attempted_at is None or kept.attempted_at > now:
        return True
    return now >= kept.attempted_at + kept.wait


def is_stale(kept: KeptAnswer, *, now: float, ttl: float) -> bool:
    """Tell whether what is kept is older than it would be if all went well, or of an age that cannot be known."""
    return kept.fetched_at is None or not -ttl <= now - kept.fetched_at <= 2 * ttl


def answered(kept: KeptAnswer, fetched: Fetched | None, *, now: float, pace: Pace) -> KeptAnswer:
    """Return what to keep after an answer; None for one that says that nothing changed."""
    kept = replace(
        kept,
        fetched_at=now,
        attempted_at=now,
        wait=pace.jittered(pace.ttl),
        failures=0,
        reason=None,
        error=None,
    )
    if fetched is None:
        return kept
    return replace(kept, entries=fetched.entries[:MOST_ENTRIES], validator=fetched.validator)


def failed(kept: KeptAnswer, error: SourceFailed, *, now: float, pace: Pace) -> KeptAnswer:
    """Return what to keep after a failure: the last good entries, and why there are no newer ones."""
    failures = kept.failures + 1
    return replace(
        kept,
        attempted_at=now,
        wait=_wait(kept.question, failures, error, pace),
        failures=failures,
        reason=error.reason,
        error=error.message,
    )


def _wait(question: Question, failures: int, error: SourceFailed, pace: Pace) -> float:
    """Return the wait after a failure; short for a person's own question, which only that person repeats."""
    if not question.query:
        return pace.backoff(failures, at_least=error.retry_after)
    return max(QUERY_WAIT, min(error.retry_after or 0.0, LONGEST_HOLD))


def nothing(source: str, question: Question) -> KeptAnswer:
    """Return what is kept before a source was asked."""
    return KeptAnswer(source=source, question=question)

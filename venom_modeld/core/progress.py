"""Progress of a download in bytes: summed over its parts, never backwards on show, with speed and time left.

A runtime reports parts one after another, leaves numbers out, and goes back when it fetches a piece again. What people
see must not: the shown number is the largest sum so far, and it reaches the total only with success.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Phase(StrEnum):
    """What an operation is doing now."""

    WAITING = "waiting"
    RESOLVING = "resolving"
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    CREATING = "creating"
    LOADING = "loading"
    REMOVING = "removing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file or layer of a download."""

    completed: int = 0
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where an operation is: its phase and, for a download, its parts by their ids."""

    phase: Phase
    parts: Mapping[str, Part] = field(default_factory=dict)
    expected_bytes: int | None = None
    """The size of the whole download where it is known beforehand."""

    @property
    def completed_bytes(self) -> int:
        """Sum of what has arrived; no part counts for more than its size."""
        return sum(min(part.completed, part.total or part.completed) for part in self.parts.values())

    @property
    def total_bytes(self) -> int | None:
        """Size of the whole, as well as it is known: never less than the sum of the parts seen."""
        seen = sum(part.total or part.completed for part in self.parts.values())
        return max(seen, self.expected_bytes or 0) or None


SMOOTHING_SECONDS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """What is shown of a download; made anew by `advance` for every report."""

    phase: Phase
    completed_bytes: int = 0
    total_bytes: int | None = None
    bytes_per_second: float | None = None
    moved_at: float = 0.0
    """When the last new byte arrived, on the clock of the caller."""
    seen_at: float = 0.0

    @property
    def percent(self) -> float | None:
        """Return 0 to 99.9, or None while the size is unknown; 100 is for success alone."""
        if not self.total_bytes:
            return None
        return min(99.9, round(100 * self.completed_bytes / self.total_bytes, 1))

    @property
    def seconds_left(self) -> float | None:
        """Estimate the time left from the present speed; None while either is unknown."""
        if not self.total_bytes or not self.bytes_per_second:
            return None
        return (self.total_bytes - self.completed_bytes) / self.bytes_per_second


def start(phase: Phase, *, now: float) -> Transfer:
    """Return the transfer before the first report."""
    return Transfer(phase=phase, moved_at=now, seen_at=now)


def advance(shown: Transfer, progress: Progress, *, now: float) -> Transfer:
    """Return what to show after a report at `now` (seconds on any steady clock).

    The speed is a mean that forgets with a time constant of 8 seconds. Bytes that were there before the first report
    (a resumed download) are no speed.
    """
    completed = max(shown.completed_bytes, progress.completed_bytes)
    total = progress.total_bytes or shown.total_bytes
    gained = completed - shown.completed_bytes
    elapsed = now - shown.seen_at
    after = replace(
        shown,
        phase=progress.phase,
        completed_bytes=completed,
        total_bytes=None if total is None else max(total, completed),
        moved_at=now if gained or progress.phase is not shown.phase else shown.moved_at,
    )
    if shown.completed_bytes == 0 or elapsed <= 0:
        return replace(after, seen_at=now)
    if not gained and elapsed < 1.0:
        return after
    return replace(after, bytes_per_second=_blend(shown.bytes_per_second, gained / elapsed, elapsed), seen_at=now)


def _blend(before: float | None, sample: float, elapsed: float) -> float:
    if before is None:
        return sample
    weight = min(1.0, elapsed / SMOOTHING_SECONDS)
    return before + weight * (sample - before)

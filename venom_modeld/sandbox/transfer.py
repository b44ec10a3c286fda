"""The download of one blob as arithmetic: how far each part is after some seconds, without a byte being moved.

Ollama cuts a blob into parts and downloads them side by side. A part that stalls is started again from where the try
began, which makes `completed` go backwards; a part whose connection is cut goes on from where it was, after a wait that
doubles. What had arrived is kept on disk when the pull is left, and lost when the server crashes.
"""

from dataclasses import dataclass, field

MAX_TRIES = 6


class TransferError(Exception):
    """The transfer cannot go on; the text is Ollama's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a transfer goes, and what stands in its way. Positions are bytes, times seconds."""

    rate: float
    stall_timeout: float = 30.0
    retry_delay: float = 1.0
    stall_at: int | None = None
    stall_part_at: int | None = None
    cut_part_at: int | None = None
    ceiling: int | None = None
    room: int | None = None
    """Free bytes on the disk; None is without an end."""


@dataclass(slots=True, kw_only=True)
class Part:
    """One part of a blob. `start` is where the current try began, `saved` what is known to be on disk."""

    size: int
    completed: int = 0
    saved: int = 0
    start: int = 0
    stalled: float = 0.0
    wait: float = 0.0
    tries: int = 0

    @property
    def done(self) -> bool:
        """Whether all bytes have arrived."""
        return self.completed >= self.size

    def limit(self, pace: Pace) -> int:
        """Return the byte that this part cannot pass for now."""
        limits = [self.size]
        if pace.stall_part_at is not None:
            limits.append(pace.stall_part_at)
        if pace.cut_part_at is not None:
            limits.append(self.start + pace.cut_part_at)
        return max(self.completed, min(limits))


@dataclass(slots=True, kw_only=True)
class Transfer:
    """One blob on its way to the disk."""

    digest: str
    size: int
    parts: list[Part]
    touched: float = 0.0
    """When it was last left, in seconds since the epoch."""
    retries: int = 0
    """How often a stalled part was started again."""
    moved: bool = True
    """Whether anything arrived in the last step."""
    carry: float = field(default=0.0, repr=False)

    @classmethod
    def of(cls, digest: str, size: int, part_size: int) -> "Transfer":
        """Start a transfer of a blob, with nothing on disk."""
        sizes = [min(part_size, size - offset) for offset in range(0, size, part_size)]
        return cls(digest=digest, size=size, parts=[Part(size=part) for part in sizes])

    @property
    def completed(self) -> int:
        """Bytes that have arrived."""
        return sum(part.completed for part in self.parts)

    @property
    def done(self) -> bool:
        """Whether all bytes have arrived."""
        return all(part.done for part in self.parts)

    def begin(self) -> None:
        """Go on from what is on disk, with new tries."""
        for part in self.parts:
            part.start, part.stalled, part.wait, part.tries = part.completed, 0.0, 0.0, 0
        self.moved = True

    def save(self, now: float) -> None:
        """Keep what has arrived, as Ollama does when the client leaves or the server stops in order."""
        self.touched = now
        for part in self.parts:
            part.saved = part.completed

    def lose(self) -> None:
        """Fall back to what was kept earlier, as after a crash."""
        for part in self.parts:
            part.completed = part.saved

    def advance(self, seconds: float, pace: Pace) -> None:
        """Let some time pass. Raises `TransferError` when the disk is full or a part has used up its tries."""
        for part in self.parts:
            part.wait = max(0.0, part.wait - seconds)
        before = self.completed
        self._receive(seconds, pace)
        self.moved = self.completed > before
        for part in [part for part in self.parts if self._stalls(part, pace)]:
            self._stall(part, seconds, pace)
        for part in self.parts:
            self._cut(part, pace)
        if pace.room is not None and pace.room <= 0 and not self.done:
            raise TransferError("no space left on device")

    def pause(self, pace: Pace, interval: float) -> float:
        """Seconds after which something may have changed, at most `interval`."""
        left = (self.size - self.completed) / pace.rate
        return min(interval, max(left, 0.0005)) if self.moved else interval

    def _receive(self, seconds: float, pace: Pace) -> None:
        whole = seconds * pace.rate + self.carry
        budget = min([int(whole), *self._ceilings(pace)])
        self.carry = min(whole - int(whole), 1.0)
        while budget > 0:
            open_parts = [part for part in self.parts if part.wait == 0 and part.completed < part.limit(pace)]
            if not open_parts:
                return
            share = max(1, budget // len(open_parts))
            for part in open_parts:
                step = min(share, budget, part.limit(pace) - part.completed)
                part.completed += step
                budget -= step

    def _ceilings(self, pace: Pace) -> list[int]:
        ends = [end for end in (pace.stall_at, pace.ceiling) if end is not None and end > 0]
        ceilings = [max(0, end - self.completed) for end in ends]
        return ceilings if pace.room is None else [*ceilings, max(0, pace.room)]

    def _stalls(self, part: Part, pace: Pace) -> bool:
        if part.done:
            return False
        whole = pace.stall_at is not None and self.completed >= pace.stall_at
        return whole or (pace.stall_part_at is not None and part.completed >= pace.stall_part_at)

    def _stall(self, part: Part, seconds: float, pace: Pace) -> None:
        part.stalled += seconds
        if part.stalled >= pace.stall_timeout:
            part.completed, part.stalled = part.start, 0.0
            self.retries += 1

    def _cut(self, part: Part, pace: Pace) -> None:
        if pace.cut_part_at is None or part.done or part.completed < part.start + pace.cut_part_at:
            return
        part.tries += 1
        if part.tries > MAX_TRIES:
            raise TransferError("max retries exceeded: unexpected EOF")
        part.wait = pace.retry_delay * 2 ** (part.tries - 1)
        part.start = part.completed

"""How long to wait after a failure: doubling from a first wait to a longest one, with jitter.

The jitter keeps many models, or many hosts, that failed together from coming back together.
"""

from collections.abc import Callable
from dataclasses import dataclass

from venom_modeld.core.errors import ModeldError, TemporaryError
from venom_modeld.core.plan import Block, BlockKind

JITTER = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """`first` and `longest` are seconds; `draw` returns a number from 0 to 1, evenly distributed."""

    first: float
    longest: float
    draw: Callable[[], float]

    def seconds(self, failures: int, *, at_least: float = 0.0) -> float:
        """Return the wait after so many failures in a row (1 and up)."""
        plain = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        return max(at_least, plain * (1 + JITTER * (2 * self.draw() - 1)))

    def block(self, error: ModeldError, *, failures: int, now: float) -> Block:
        """Return what an error means for the operation: a wait until a time, or a stall until something changes."""
        if not isinstance(error, TemporaryError):
            return Block(kind=BlockKind.STALLED, reason=error.reason, message=error.message, attempts=failures)
        until = now + self.seconds(failures, at_least=error.retry_after or 0.0)
        return Block(kind=BlockKind.BACKOFF, reason=error.reason, message=error.message, until=until, attempts=failures)

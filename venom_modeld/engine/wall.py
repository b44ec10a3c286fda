"""Tells when the wall clock was set back, which a host does that finds out late how late it is.

A wait that was to end at a time of day would then last longer by as much: years, where a host starts without a battery
for its clock. What counts seconds on the steady clock is not concerned.
"""

from collections.abc import Callable

SLACK_SECONDS = 5.0
"""Less than that is how clocks are kept right."""


class SetBack:
    """Compares the wall clock with a steady one, from look to look."""

    def __init__(self, wall: Callable[[], float], steady: Callable[[], float]) -> None:
        self._wall = wall
        self._steady = steady
        self._ahead = wall() - steady()

    def look(self) -> bool:
        """Tell whether the wall clock was set back since the last look, or since this was made."""
        before, self._ahead = self._ahead, self._wall() - self._steady()
        return self._ahead < before - SLACK_SECONDS

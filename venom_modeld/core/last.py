"""The last result of a pure function, kept for as long as what it follows from stays the same.

A cycle compares the whole file with the whole runtime, and mostly finds both as they were.
"""

from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Last(Generic[P, T]):
    """A pure function that remembers what it was last asked, and what it said; its arguments are compared by value."""

    def __init__(self, function: Callable[P, T]) -> None:
        self._function = function
        self._known: tuple[object, T] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the function says of these arguments."""
        asked = (args, kwargs)
        if self._known is None or self._known[0] != asked:
            self._known = (asked, self._function(*args, **kwargs))
        return self._known[1]

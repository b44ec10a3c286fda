"""The repository that the desired-state file comes from, as it is told to people: what was fetched, and what failed."""

from dataclasses import dataclass

from venom_modeld.core.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit, as people name it. What others wrote in it fits one line and holds nothing that a terminal obeys."""

    id: str
    """In hexadecimal, whole."""
    author: str
    """`Name <address>`."""
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the file comes from, and how the last fetch went. Times are seconds since the epoch."""

    url: str
    ref: str
    path: str
    commit: Commit | None = None
    """The newest commit that was fetched; None before the first."""
    fetched_at: float | None = None
    """When the repository was last reached."""
    reason: Reason | None = None
    """Why the last fetch failed; None where it did not."""
    message: str = ""
    failing_since: float | None = None

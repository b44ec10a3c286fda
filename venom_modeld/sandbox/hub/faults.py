"""The fault dial of the stand-in Hub. Everything is off at the start.

Its fields are set directly in a test, or as JSON. Files are named as `OWNER/NAME/PATH`; in every pattern `*` stands for
anything, slashes too.
"""

from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import Field

from venom_modeld.sandbox.faults import Answer, Count, Position, Seconds

Status = Annotated[int, Field(ge=300, le=599)]


@dataclass(slots=True, kw_only=True)
class HubFailure:
    """Answer the next requests to some paths with a status."""

    path: str = "*"
    """Paths that it applies to."""
    method: str = "*"
    """`GET` or `HEAD`."""
    status: Status = 500
    """The HTTP status to answer with."""
    times: Count = 1
    """How many requests it applies to."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers of the answer, such as `Retry-After` or `X-Error-Code`."""
    body: str | None = None
    """A plain text instead of the Hub's JSON."""


@dataclass(slots=True, kw_only=True)
class HubFaults:
    """The positions of the dial."""

    rate: Annotated[float, Field(gt=0)] | None = None
    """Bytes per second of every file that is sent; None is as fast as it goes."""
    latency: Seconds = 0.0
    """Seconds that every answer is held back."""
    failures: list[HubFailure] = field(default_factory=list)
    """Statuses for the next requests to some paths."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """Wrong answers by path, such as `{"/api/models": "truncated"}`."""
    portal: bool = False
    """Every request is answered with a sign-in page and status 200, as in a hotel."""
    cut_at: Position | None = None
    """Bytes of an answer after which the connection is closed."""
    cut_times: Count = 0
    """How many answers are cut off so."""
    stall_at: Position | None = None
    """Bytes of an answer after which no more arrives, on a connection that stays open."""
    corrupt: list[str] = field(default_factory=list)
    """Files that arrive with wrong bytes of the right size."""
    short: list[str] = field(default_factory=list)
    """Files that arrive ten bytes short, and are said to be that size."""
    no_ranges: bool = False
    """Parts of files are not served: a request for one is answered with all of it."""
    xet_status: Status | None = None
    """How the storage behind the Hub's own protocol (xet) answers; None is as it should."""

    def failure(self, method: str, path: str) -> HubFailure | None:
        """Return the failure that a request meets, and count it."""
        return first_failure(self.failures, method, path)

    def cuts(self) -> int | None:
        """Return the byte at which an answer that begins now is cut off, and count it."""
        if self.cut_at is None or self.cut_times == 0:
            return None
        self.cut_times -= 1
        return self.cut_at

    def reset(self) -> None:
        """Turn everything off."""
        self.take(HubFaults())

    def take(self, other: "HubFaults") -> None:
        """Take over every position of another dial."""
        for position in fields(self):
            setattr(self, position.name, getattr(other, position.name))

    def as_json(self) -> dict[str, Any]:
        """Return the positions."""
        return asdict(self)


def first_failure(failures: list[HubFailure], method: str, path: str) -> HubFailure | None:
    """Return the first of some failures that a request meets, and count it."""
    for failure in failures:
        if failure.times > 0 and fnmatchcase(path, failure.path) and fnmatchcase(method, failure.method):
            failure.times -= 1
            return failure
    return None


def any_matches(patterns: list[str], name: str) -> bool:
    """Tell whether one of some patterns matches a name."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)

"""The fault dial of the stand-in ollama.com. Everything is off at the start.

Its fields are set directly in a test, or as JSON.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from venom_modeld.sandbox.faults import Answer, Seconds
from venom_modeld.sandbox.hub.faults import HubFailure, first_failure

Design = Literal["attributes", "plain", "icons", "chips"]
"""The designs of the real site: until July 2026, from then on, and the two that took turns in October 2026."""

Lists = Literal["empty", "bare"]
"""Ways in which a new layout would spoil a list: no model on it, or names and nothing else."""


@dataclass(slots=True, kw_only=True)
class SiteFaults:
    """The positions of the dial."""

    design: Design = "plain"
    """How lists are written. `/library` stays plain in the last two, as the real one did."""
    lists: Lists | None = None
    """How lists are spoilt; None is not at all."""
    latency: Seconds = 0.0
    """Seconds that every answer is held back."""
    failures: list[HubFailure] = field(default_factory=list)
    """Statuses for the next requests to some paths."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """Wrong answers by path, such as `{"/search": "truncated"}`."""
    portal: bool = False
    """Every request is answered with a sign-in page and status 200, as in a hotel."""
    disallow: list[str] = field(default_factory=list)
    """Paths that robots.txt asks programs not to read."""

    def failure(self, method: str, path: str) -> HubFailure | None:
        """Return the failure that a request meets, and count it."""
        return first_failure(self.failures, method, path)

    def reset(self) -> None:
        """Turn everything off."""
        self.take(SiteFaults())

    def take(self, other: "SiteFaults") -> None:
        """Take over every position of another dial."""
        for position in fields(self):
            setattr(self, position.name, getattr(other, position.name))

    def as_json(self) -> dict[str, Any]:
        """Return the positions."""
        return asdict(self)

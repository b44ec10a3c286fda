"""The fault dial: what goes wrong, and when. Everything is off at the start.

The fields may be set directly in a test, or over the control port as JSON. A position such as `crash_at` counts bytes
of one blob, so it only bites blobs that are larger.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Any, Literal

from pydantic import Field

Seconds = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Position = Annotated[int, Field(gt=0)]
Status = Annotated[int, Field(ge=400, le=599)]

Answer = Literal["garbage", "wrong", "null", "truncated", "cut"]
"""Ways to answer a list wrongly: no JSON, another shape, `null`, half the JSON, a connection closed half-way."""

Network = Literal["unknown_host", "refused", "black_hole"]
"""Ways not to reach a registry."""

Registry = Status | Literal["garbage", "hang"] | None
"""How the registry answers a kind of request: an HTTP status, nonsense, never; None is as it should."""


@dataclass(slots=True, kw_only=True)
class Failure:
    """Answer the next requests to some paths with a status."""

    path: str
    """Paths it applies to, on Ollama and the registry; `*` stands for anything."""
    status: Status = 500
    """The HTTP status to answer with."""
    times: Count = 1
    """How many requests it applies to."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """The positions of the dial."""

    rate: Annotated[float, Field(gt=0)] | None = None
    """Bytes per second of a download, in place of the rate of the settings."""
    latency: Seconds = 0.0
    """Seconds that every answer of Ollama is held back."""
    registry_latency: Seconds = 0.0
    """Seconds that every answer of the registry is held back."""
    failures: list[Failure] = field(default_factory=list)
    """Statuses for the next requests to some paths."""
    hang: list[str] = field(default_factory=list)
    """Paths that are accepted and never answered, on Ollama and the registry; `*` stands for anything."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """Wrong answers by path, such as `{"/api/tags": "truncated"}`."""
    stall_at: Position | None = None
    """Byte of a blob after which no more arrives; Ollama tries again after its stall time, from further back."""
    stall_part_at: Position | None = None
    """The same for each part of a blob."""
    stall_times: Position | None = None
    """How many tries a stall spoils before it is over; None is all of them."""
    registry_cut_at: Position | None = None
    """Bytes after which the registry closes a connection; Ollama goes on after a wait that doubles."""
    cut_at: Position | None = None
    """Byte of a blob at which the stream of the pull breaks off; fires once."""
    cut_clean: bool = False
    """Whether that stream ends as if it were complete, in place of a broken connection."""
    crash_at: Position | None = None
    """Byte of a blob at which Ollama crashes; fires once."""
    restart_after: Seconds | None = None
    """Seconds after which a crashed Ollama is back by itself; None leaves it down."""
    disk_capacity: Count | None = None
    """Size of Ollama's disk in bytes; None is without an end."""
    corrupt_blobs: Count = 0
    """How many of the next downloaded blobs arrive with wrong bytes."""
    lie_pulls: Count = 0
    """How many of the next pulls say success and leave a model that cannot be read."""
    registry_network: Network | None = None
    """Why Ollama cannot reach any registry."""
    manifest: Registry = None
    """How the registry answers for manifests."""
    blob_head: Registry = None
    """How the registry answers when it is asked for the size of a blob."""
    blob: Registry = None
    """How the registry answers when it is asked for a blob."""
    load_delay: Seconds = 0.0
    """Seconds that a load takes longer than the size of the weights asks for."""
    load_errors: dict[str, str] = field(default_factory=dict)
    """Models that fail to load, with the reason; `*` stands for every model."""
    load_silent: list[str] = field(default_factory=list)
    """Models that load and then generate nothing; `*` stands for every model."""

    def reset(self) -> None:
        """Turn everything off."""
        self.take(Faults())

    def take(self, other: "Faults") -> None:
        """Take over every position of another dial."""
        for position in fields(self):
            setattr(self, position.name, getattr(other, position.name))

    def as_json(self) -> dict[str, Any]:
        """Return the positions as the control port shows them."""
        return asdict(self)

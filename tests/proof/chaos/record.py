"""What is written down while a run goes on, by whoever makes it happen; the invariants are judged from it."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.proof.processes import Json
from venom_modeld.config.desired_file import DesiredFile, parse_models
from venom_modeld.config.problems import SourceError
from venom_modeld.runtimes import registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A content that the file had from a moment on; `desired` is None for one that is not valid."""

    at: float
    content: bytes | None
    desired: DesiredFile | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the daemon's log; `life` tells which of the processes wrote it."""

    at: float
    life: int
    content: Json

    @property
    def message(self) -> str:
        """Return what it says."""
        return str(self.content.get("message", ""))


@dataclass(slots=True, kw_only=True)
class Life:
    """One process of the daemon."""

    began: float
    ended: float | None = None
    code: int | None = None
    wanted: bool = False
    """Whether it ended because the run made it end."""
    last: list[str] = field(default_factory=list)
    """The last lines of its log."""


@dataclass(slots=True)
class Record:
    """All of it, on the monotonic clock."""

    files: list[Written] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    approved: list[tuple[float, str, frozenset[str]]] = field(default_factory=list)
    """When a person approved removals, on which runtime, and of which models."""
    lost: list[float] = field(default_factory=list)
    """When the state was lost or rebuilt: what was known to be installed by the daemon is not known any more."""
    doubtful: list[tuple[float, float]] = field(default_factory=list)
    """When the state could not be written, or was no longer what the daemon wrote."""
    history: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """The operations that were remembered at any time: runtime, kind and model by id."""
    faults: list[str] = field(default_factory=list)
    """The kinds of what was done, one by one."""
    skipped: list[str] = field(default_factory=list)
    """What could not be done here."""
    world: list[Json] = field(default_factory=list)
    """The log of the stage."""

    def wrote(self, content: bytes | None) -> None:
        """Note what is about to be in the file."""
        self.files.append(Written(at=time.monotonic(), content=content, desired=judged(content)))

    def remember(self, operations: Iterable[tuple[str, str, str, str]]) -> None:
        """Note operations of the history: id, runtime, kind and model."""
        self.history.update({id_: (runtime, kind, model) for id_, runtime, kind, model in operations})


def judged(content: bytes | None) -> DesiredFile | None:
    """Return what a content asks for, or None where it is not valid."""
    if content is None:
        return None
    try:
        return parse_models(content, path="models.yaml", kinds=registry.kinds())
    except SourceError:
        return None

"""The steps of a plan: an operation, what must be done before it, and what keeps it from being taken now."""

from dataclasses import dataclass
from enum import StrEnum

from venom_modeld.core.operations import Operation
from venom_modeld.core.reasons import Reason


class BlockKind(StrEnum):
    """Why a step is not taken now."""

    STALLED = "stalled"
    """It failed for good; a person, the entry or the model must change."""
    BACKOFF = "backoff"
    """It failed and is tried again at a time."""
    HELD = "held"
    """A person cancelled it."""
    UNSAFE = "unsafe"
    """The brakes hold it until its digest is approved."""
    SUSPENDED = "suspended"
    """The runtime or the file is suspended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What keeps a step from being taken; `until` is seconds since the epoch for a backoff."""

    kind: BlockKind
    reason: Reason
    message: str
    until: float | None = None
    attempts: int = 0

    @property
    def needs_a_person(self) -> bool:
        """Tell whether time alone will not lift it."""
        return self.kind is not BlockKind.BACKOFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation of a plan, the steps (by operation key) that must be done before it, and what blocks it, if so."""

    operation: Operation
    after: tuple[str, ...] = ()
    block: Block | None = None

    @property
    def key(self) -> str:
        """Return the key of the operation."""
        return self.operation.key

    @property
    def coming(self) -> bool:
        """Tell whether it will be taken by itself, now or later."""
        return self.block is None or not self.block.needs_a_person

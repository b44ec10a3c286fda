"""The plan: every operation that one observation asks for, in order, with its brakes and a digest."""

from dataclasses import dataclass
from enum import StrEnum

from venom_modeld.core.desired import digest_of
from venom_modeld.core.operations import Operation, RemoveModel
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation of a plan, the steps (by operation key) that must be done before it, and what blocks it, if so."""

    operation: Operation
    after: tuple[str, ...] = ()
    block: Block | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsafe:
    """Why the removals of a plan are held, with the digest that a person approves."""

    digest: str
    reasons: tuple[str, ...]
    models: tuple[str, ...]
    freed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done on one runtime, in order."""

    runtime: str
    steps: tuple[Step, ...] = ()
    unsafe: Unsafe | None = None

    @property
    def digest(self) -> str:
        """Return the digest of the work: the same operations in the same order have the same digest."""
        return digest_of([list(step.operation.identity) for step in self.steps])

    @property
    def install_bytes(self) -> int:
        """Return how many bytes the plan downloads, as far as that is known."""
        return sum(
            step.operation.size_bytes or 0 for step in self.steps if step.operation.type in ("install", "update")
        )

    @property
    def freed_bytes(self) -> int:
        """Return how many bytes the plan frees at the most."""
        return sum(step.operation.size_bytes or 0 for step in self.steps if isinstance(step.operation, RemoveModel))

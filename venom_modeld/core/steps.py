"""The steps of a plan: an operation, what must be done before it, and what keeps it from being taken now."""

from collections.abc import Iterable
from dataclasses import dataclass, field
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
    key: str = field(init=False, repr=False, compare=False)
    """The key of the operation, made once: everything that orders or starts steps asks for it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.operation.key)

    @property
    def coming(self) -> bool:
        """Tell whether no person is needed for this step; `coming_steps` also looks at those that it waits for."""
        return self.block is None or not self.block.needs_a_person


def coming_steps(steps: Iterable[Step]) -> list[Step]:
    """Return the steps that will be taken by themselves, now or later, in their order.

    A step that waits for one that needs a person will not, however long the chain between them is.
    """
    keyed = {step.key: step for step in steps}
    stopped = {key for key, step in keyed.items() if not step.coming}
    while stopped:
        coming = {key: step for key, step in keyed.items() if key not in stopped}
        following = {key for key, step in coming.items() if not stopped.isdisjoint(step.after)}
        if not following:
            return list(coming.values())
        stopped |= following
    return list(keyed.values())

"""The records that only the state store keeps; everything else in it is a value of the core."""

from dataclasses import dataclass

from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import ObservedState
from venom_modeld.core.plan import Block
from venom_modeld.core.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An operation that failed or is held, with what keeps it from being tried now."""

    key: str
    """The operation's key, which names the same work in every cycle."""
    runtime: str
    model: ModelName
    block: Block
    attempts: int = 0
    fingerprint: str | None = None
    """What the entry asked for when it failed; another fingerprint makes the failure void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's consent to the removals of one unsafe plan, and to no others."""

    runtime: str
    digest: str
    items: frozenset[tuple[str, str]]
    """The key and the digest of each model whose removal was approved."""
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """All cycles of a runtime that had one result on one revision, told as one line."""

    runtime: str
    revision: str
    reason: Reason
    first_at: float
    last_at: float
    count: int
    seconds: float
    """How long the last of them took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedFile:
    """The last desired-state file that was valid, byte for byte."""

    revision: str
    generation: int
    content: bytes
    accepted_at: float
    author: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastObservation:
    """What a runtime said of itself, and when."""

    runtime: str
    observed: ObservedState
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many of the records that pile up are kept; the oldest go first."""

    operations: int = 500
    """For each runtime."""
    operation_days: float | None = None
    """How long ago an operation may have ended, counted from the latest end; None for any time."""
    operations_of_any_age: int = 200
    """The newest in all, which are kept however old they are: a clock that jumps ahead must not take the history."""
    reconciliations: int = 200
    """For each runtime."""
    events: int = 1000
    """In all."""
    queries: int = 100
    """Answers of catalogues to searches, in all."""
    sizes: int = 5000
    """Sizes that were looked up, in all."""

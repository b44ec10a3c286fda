"""What happened, as frozen records in the past tense, and the record of an operation that history keeps.

`at` is seconds since the epoch, given by whoever tells of the event; the core has no clock.
"""

from dataclasses import dataclass
from enum import StrEnum

from venom_modeld.core.operations import OperationType
from venom_modeld.core.progress import Transfer
from venom_modeld.core.reasons import Reason


class OperationStatus(StrEnum):
    """The states of an operation, in the words of the API."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRecord:
    """One operation from its plan to its end, as history keeps it."""

    id: str
    """Unique: the operation's key and the time it was started."""
    key: str
    runtime: str
    type: OperationType
    model: str
    status: OperationStatus
    reason: Reason
    message: str
    """A sentence for people: why it is done, how far it is, or why it failed and what to do."""
    revision: str
    """The revision of the file that led to it."""
    generation: int
    author: str = ""
    """Who made that revision, where it is a commit."""
    attempt: int = 1
    started_at: float | None = None
    completed_at: float | None = None
    retry_at: float | None = None
    """When a failed one is tried again; None where it is not."""
    size_bytes: int | None = None
    transfer: Transfer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened on a runtime or to the file. `runtime` is empty for the file."""

    at: float
    type: str
    """One of the constants of this module."""
    runtime: str = ""
    model: str = ""
    reason: Reason = Reason.SUCCEEDED
    message: str = ""
    operation_id: str = ""
    operation_type: OperationType | None = None
    """What was done, where it is about an operation: one that was short may be told of by its events alone."""
    revision: str = ""


FILE_ACCEPTED = "FileAccepted"
FILE_REFUSED = "FileRefused"
RUNTIME_LOST = "RuntimeLost"
RUNTIME_RETURNED = "RuntimeReturned"
PLAN_UNSAFE = "PlanUnsafe"
PLAN_APPROVED = "PlanApproved"
OPERATION_STARTED = "OperationStarted"
OPERATION_COMPLETED = "OperationCompleted"
OPERATION_FAILED = "OperationFailed"
OPERATION_CANCELLED = "OperationCancelled"
MODEL_STALLED = "ModelStalled"
RUNTIME_CONVERGED = "RuntimeConverged"

EVENT_TYPES = (
    FILE_ACCEPTED,
    FILE_REFUSED,
    RUNTIME_LOST,
    RUNTIME_RETURNED,
    PLAN_UNSAFE,
    PLAN_APPROVED,
    OPERATION_STARTED,
    OPERATION_COMPLETED,
    OPERATION_FAILED,
    OPERATION_CANCELLED,
    MODEL_STALLED,
    RUNTIME_CONVERGED,
)

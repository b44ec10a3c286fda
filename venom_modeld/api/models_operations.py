"""The answers about operations and events."""

from typing import Literal

from pydantic import Field

from venom_modeld.api.values import Answer, Timestamp
from venom_modeld.core.events import OperationStatus
from venom_modeld.core.operations import OperationType
from venom_modeld.core.progress import Phase
from venom_modeld.core.reasons import Reason


class OperationInfo(Answer):
    """One operation, from its plan to its end."""

    operation_id: str = Field(description="Names this one attempt.")
    model_name: str = Field(description="The model that it is about.")
    operation_type: OperationType = Field(description="What is done.")
    status: OperationStatus = Field(description="How far it is.")
    progress: float | None = Field(description="0 to 100; null where it cannot be told. 100 is success alone.")
    message: str = Field(description="How far it is, or why it failed and what to do, in words.")
    started_at: Timestamp | None = Field(description="When it was started.")
    completed_at: Timestamp | None = Field(description="When it ended.")
    error: str | None = Field(description="Why it failed, in words.")
    runtime: str = Field(description="The runtime that it is done on.")
    reason: Reason = Field(description="How it goes or why it failed, in one word for programs.")
    phase: Phase | None = Field(description="What it is doing; null for one that moves no bytes.")
    attempt: int = Field(description="Which attempt it is, from 1.")
    retry_at: Timestamp | None = Field(description="When a failed one is tried again; null where it is not.")
    bytes_completed: int | None = Field(description="Bytes that have arrived.")
    bytes_total: int | None = Field(description="Bytes in all.")
    bytes_per_second: int | None = Field(description="The present speed.")
    seconds_left: int | None = Field(description="The time left at that speed.")
    revision: str = Field(description="The revision of the file that led to it: a digest, or a commit.")
    author: str | None = Field(description="Who made that revision; null where it is no commit.")
    generation: int = Field(description="The generation of that file.")


class OperationsAnswer(Answer):
    """Operations that are in progress or pending, then those that ended, the latest first."""

    success: Literal[True] = Field(default=True, description="Always true.")
    count: int = Field(description="How many are listed.")
    operations: list[OperationInfo] = Field(description="The operations.")


class OperationAnswer(Answer):
    """One operation."""

    success: Literal[True] = Field(default=True, description="Always true.")
    operation: OperationInfo = Field(description="The operation.")


class HistoryAnswer(Answer):
    """Operations that ended, the latest first."""

    count: int = Field(description="How many are listed.")
    operations: list[OperationInfo] = Field(description="The operations.")
    next: str | None = Field(description="What to send as `before` for those that ended earlier; null at the end.")


class CommandAnswer(Answer):
    """A command was taken."""

    success: Literal[True] = Field(default=True, description="Always true.")
    operation_id: str = Field(description="The operation that it is about.")
    message: str = Field(description="What happens now, in words.")


class EventInfo(Answer):
    """Something that happened."""

    at: Timestamp | None = Field(description="When it happened.")
    type: str = Field(description="What happened, in one word in the past tense.")
    runtime: str | None = Field(description="The runtime; null for the file.")
    model: str | None = Field(description="The model, if it is about one.")
    reason: Reason = Field(description="Why, in one word for programs.")
    message: str = Field(description="What happened, in words.")
    operation_id: str | None = Field(description="The operation, if it is about one.")
    operation_type: OperationType | None = Field(description="What that operation does.")
    revision: str | None = Field(description="Digest of the file that led to it.")

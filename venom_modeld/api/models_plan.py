"""The answers about what is to be done."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from venom_modeld.api.models_common import Reachability
from venom_modeld.api.values import Answer, Timestamp
from venom_modeld.core.drift import DriftKind
from venom_modeld.core.names import Provider
from venom_modeld.core.operations import OperationType
from venom_modeld.core.plan import BlockKind
from venom_modeld.core.reasons import Reason


class DriftInfo(Answer):
    """One difference between the file and a runtime."""

    kind: DriftKind = Field(description="How it differs.")
    model: str = Field(description="The model.")
    provider: Provider = Field(description="Where its weights come from.")
    message: str = Field(description="The difference in words.")
    in_memory: bool = Field(description="Whether it is about what is loaded, not about what is on disk.")
    size_bytes: int | None = Field(description="The bytes that it is about.")
    size_gb: float | None = Field(description="The same in decimal GB.")


class BlockInfo(Answer):
    """What keeps a step from being taken."""

    kind: BlockKind = Field(description="What keeps it.")
    reason: Reason = Field(description="Why, in one word for programs.")
    message: str = Field(description="Why, and what to do, in words.")
    until: Timestamp | None = Field(description="When it is tried again by itself; null where it is not.")
    attempts: int = Field(description="How often it failed in a row.")


class StepInfo(Answer):
    """One operation of a plan."""

    key: str = Field(description="Names the same work in every cycle.")
    operation: OperationType = Field(description="What is to be done.")
    model: str = Field(description="The model that it is done to.")
    provider: Provider = Field(description="Where its weights come from.")
    reason: str = Field(description="Why it is to be done, in words.")
    size_bytes: int | None = Field(description="The bytes that it moves or frees.")
    size_gb: float | None = Field(description="The same in decimal GB.")
    after: list[str] = Field(description="Keys of the steps that must be done before it.")
    block: BlockInfo | None = Field(description="What keeps it from being taken; null where it is free to go.")


class UnsafeInfo(Answer):
    """Removals that wait for an approval."""

    digest: str = Field(description="What to approve: exactly these removals.")
    reasons: list[str] = Field(description="Which limits they break.")
    models: list[str] = Field(description="The models that would go.")
    freed_bytes: int = Field(description="The bytes that they would free at the most.")
    freed_gb: float | None = Field(description="The same in decimal GB.")


class RuntimePlan(Reachability):
    """What differs on one runtime and what is to be done about it."""

    digest: str | None = Field(description="Digest of the work; the same work has the same. Null without a plan.")
    drift: list[DriftInfo] = Field(description="What differs.")
    steps: list[StepInfo] = Field(description="What is to be done, in order.")
    unsafe: UnsafeInfo | None = Field(description="The removals that wait for an approval, if any do.")
    install_bytes: int | None = Field(description="Bytes to download, as far as known; null where nothing is known.")
    install_gb: float | None = Field(description="The same in decimal GB.")
    freed_bytes: int | None = Field(description="Bytes to be freed at the most; null where nothing is known.")
    freed_gb: float | None = Field(description="The same in decimal GB.")


class PlanAnswer(Answer):
    """What is to be done everywhere."""

    revision: str | None = Field(description="Digest of the file that is in force.")
    empty: bool = Field(description="Whether every runtime answers and has nothing to be done.")
    runtimes: list[RuntimePlan] = Field(description="The runtimes, in the order of the file.")


class ApproveRequest(BaseModel):
    """An approval of an unsafe plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str = Field(description="`unsafe.digest` of the plan.", min_length=1, max_length=200)


class ApproveAnswer(Answer):
    """The approval is in force."""

    success: Literal[True] = Field(default=True, description="Always true.")
    runtime: str = Field(description="The runtime whose removals were approved.")
    digest: str = Field(description="The digest that was approved.")
    models: list[str] = Field(description="The models that will go.")
    message: str = Field(description="What happens now, in words.")

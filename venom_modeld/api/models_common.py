"""The parts that several answers share."""

from pydantic import ConfigDict, Field

from venom_modeld.api.values import Answer, Timestamp
from venom_modeld.core.conditions import ConditionType, Truth
from venom_modeld.core.reasons import Reason


class ConditionInfo(Answer):
    """What is true of a runtime or of the whole."""

    type: ConditionType = Field(description="What it speaks of.")
    status: Truth = Field(description="`Unknown` is an answer of its own: neither true nor false.")
    reason: Reason = Field(description="Why, in one word for programs.")
    message: str = Field(description="Why, in a sentence for people.")
    last_transition_time: Timestamp | None = Field(description="When the status last changed.")
    observed_generation: int = Field(description="The generation of the file that it was judged by.")


class Counts(Answer):
    """How many there are."""

    declared: int = Field(description="Models that the file names.")
    installed: int = Field(description="Names on the runtime, aliases and holds among them.")
    loaded: int = Field(description="Models in memory.")
    unmanaged: int = Field(description="Installed models that are neither declared nor put there by this daemon.")
    drift: int = Field(description="Differences between the file and the runtime.")
    in_progress: int = Field(description="Operations that are being done.")
    pending: int = Field(description="Steps of the plan that follow by themselves, now or later.")
    waiting: int = Field(description="Steps of the plan that wait for a person: stalled, held, unsafe or suspended.")


class Reachability(Answer):
    """Whether a runtime answers, and how old what is known of it is."""

    name: str = Field(description="The runtime's name in the file.")
    kind: str = Field(description="What kind of server it is, such as `ollama`.")
    reachable: bool | None = Field(description="Whether it answered last; null before it was first asked.")
    error: str | None = Field(description="Why nothing is known of it now, in a sentence; null while it answers.")
    reason: str | None = Field(description="The same in one word for programs.")
    unknown_since: Timestamp | None = Field(description="Since when it does not answer; null while it does.")
    observed_at: Timestamp | None = Field(description="When it last answered; what is shown of it is of then.")
    age_seconds: float | None = Field(description="How old that was when this snapshot was made.")


class FieldProblem(Answer):
    """One thing that is wrong with a request."""

    where: str = Field(description="The place in the request, such as `query.limit` or `body.digest`.")
    message: str = Field(description="What is wrong with it.")


class Problem(Answer):
    """An error of ours as RFC 9457 describes it. What does not belong to its kind is left out."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    type: str = Field(default="about:blank", description="Always `about:blank`: the status says the kind of error.")
    title: str = Field(description="The name of the status.")
    status: int = Field(description="The HTTP status again.")
    detail: str = Field(description="What happened and what to do, in plain sentences.")
    errors: list[FieldProblem] | None = Field(default=None, description="For 422: everything that is wrong.")
    reasons: list[str] | None = Field(default=None, description="For `/readyz`: everything that is not ready.")
    diff: str | None = Field(default=None, description="For an edit that was not written: the change to be made.")

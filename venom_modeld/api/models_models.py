"""The answers about models, among them those that Venom's page reads; its names and nesting are fixed."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from venom_modeld.api.values import Answer, Timestamp
from venom_modeld.core.drift import DriftKind
from venom_modeld.core.inventory import Role
from venom_modeld.core.names import Provider


class ModelState(StrEnum):
    """The one word that says most about a model now."""

    ACTIVE = "active"
    INSTALLED = "installed"
    LOADED = "loaded"
    DOWNLOADING = "downloading"
    UPDATING = "updating"
    REMOVING = "removing"
    MISSING = "missing"
    OUTDATED = "outdated"
    CHANGED = "changed"
    UNMANAGED = "unmanaged"
    STALLED = "stalled"
    KEPT = "kept"


class Service(StrEnum):
    """Whether something answers."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class ModelInfo(Answer):
    """One model on one runtime."""

    name: str = Field(description="Its name as the runtime shows it.")
    provider: Provider = Field(description="Where its weights come from.")
    runtime: str = Field(description="The runtime's name in the file.")
    size_gb: float | None = Field(description="Its size in decimal GB.")
    active: bool = Field(description="Whether the file makes it the active model of its runtime.")
    size_bytes: int | None = Field(description="Its size in bytes.")
    digest: str | None = Field(description="Digest of what is installed.")
    role: Role = Field(description="Why the name is there: a model, or the daemon's own alias or hold.")
    state: ModelState = Field(description="The one word that says most about it now.")
    message: str | None = Field(description="What is being done about it or keeps it from being done, in words.")
    drift: DriftKind | None = Field(description="How it differs from what the file says.")
    loaded: bool = Field(description="Whether its installed version is in memory.")
    pinned: bool = Field(description="Whether it stays there until somebody unloads it.")
    declared: bool = Field(description="Whether the file names it.")
    managed: bool = Field(description="Whether this daemon put it there, or is to.")
    keep: bool = Field(description="Whether the file protects it, or did when it last named it.")
    operation_id: str | None = Field(description="The operation that is pending or in progress for it.")
    capabilities: list[str] = Field(description="What the runtime says it can do; empty where it says nothing.")
    family: str | None = Field(description="Its architecture.")
    parameter_size: str | None = Field(description="How many parameters it has, as the runtime writes it.")
    quantization: str | None = Field(description="How its weights are stored.")
    modified_at: Timestamp | None = Field(description="When it was last changed on the runtime.")
    stale: bool = Field(description="Whether its runtime does not answer, so that this is of an earlier time.")


class ActiveModel(Answer):
    """The active model of the first runtime that has one."""

    provider: Provider | None = Field(description="Where its weights come from.")
    model: str | None = Field(description="Its name; null where the file makes none active.")
    runtime: str | None = Field(description="The runtime that serves it.")
    status: Service = Field(description="`unknown` while the runtime does not answer, `offline` while not in memory.")


class ModelsAnswer(Answer):
    """The installed models of all runtimes."""

    success: Literal[True] = Field(default=True, description="Always true.")
    count: int = Field(description="How many models are installed.")
    models: list[ModelInfo] = Field(description="By runtime in the order of the file, then by name.")
    providers: dict[Provider, list[ModelInfo]] = Field(description="The same models by their providers.")
    missing: list[ModelInfo] = Field(description="Models that must be there and are not, in the order of the file.")
    active: ActiveModel = Field(description="Which model is active, and whether it is served.")
    stale: bool = Field(description="Whether some runtime does not answer; its last known models are listed.")
    error: str | None = Field(description="Which runtimes do not answer and why, in words.")
    fetched_at: Timestamp | None = Field(description="When the oldest of the observations shown here was made.")


class OptionModel(Answer):
    """A model that a runtime can serve."""

    name: str = Field(description="Its name.")
    provider: Provider = Field(description="Where its weights come from.")
    source_type: Literal["local-runtime"] = Field(default="local-runtime", description="Always `local-runtime`.")
    chat_compatible: bool = Field(description="Whether it can hold a conversation; true where nothing is known.")
    active: bool = Field(description="Whether the file makes it the active model.")


class RuntimeOption(Answer):
    """A runtime that models can be served on."""

    runtime_id: str = Field(description="The runtime's name in the file.")
    kind: str = Field(description="What kind of server it is.")
    status: Service = Field(description="Whether it answers; `unknown` before it was first asked.")
    error: str | None = Field(description="Why it does not answer, in words.")
    models: list[OptionModel] = Field(description="Its installed models, sorted by name.")


class ModelCatalog(Answer):
    """What could be trained."""

    trainable_models: list[str] = Field(description="Always empty: nothing is trained here.")


class RuntimeOptionsAnswer(Answer):
    """Which runtimes there are and what they can serve."""

    runtimes: list[RuntimeOption] = Field(description="The runtimes, in the order of the file.")
    model_catalog: ModelCatalog = Field(description="Here for pages that ask what could be trained.")


class ActiveServerAnswer(Answer):
    """Which runtime serves which model."""

    active_server: str | None = Field(description="The first runtime of the file that has an active model.")
    active_model: str | None = Field(description="That model.")
    provider: Provider | None = Field(description="Where its weights come from.")
    status: Service = Field(description="Whether it is being served.")

"""The answers about the whole and about runtimes."""

from pydantic import Field

from venom_modeld.api.models_common import ConditionInfo, Counts, Reachability
from venom_modeld.api.models_source import SourceInfo
from venom_modeld.api.values import Answer, Timestamp
from venom_modeld.core.desired import Prune


class FileInfo(Answer):
    """The desired-state file."""

    path: str = Field(description="Where it is.")
    valid: bool = Field(description="Whether it is valid as it is now; an invalid one leaves the last good in force.")
    revision: str | None = Field(description="Digest of the content that is in force; out of git, the commit.")
    accepted_at: Timestamp | None = Field(description="When that content was accepted.")
    attempted_revision: str | None = Field(description="The revision of the content last read, good or not.")
    applied_revision: str | None = Field(description="The revision that every runtime was last seen to satisfy.")
    problems: list[str] = Field(description="What is wrong with it, each as `file:line:column: what to write instead`.")
    problems_since: Timestamp | None = Field(description="Since when it is invalid.")
    author: str | None = Field(description="Who made the commit that is in force; null for a file on this host.")
    source: SourceInfo | None = Field(description="The repository that it comes from; null for a file on this host.")


class RuntimeStatus(Reachability):
    """One runtime in short."""

    suspended: bool = Field(description="Whether the file says to change nothing there.")
    observed_generation: int = Field(description="The generation that its last cycle worked on.")
    applied_revision: str | None = Field(description="The last revision that it was seen to satisfy.")
    unsafe_digest: str | None = Field(description="Digest of the removals that wait for an approval, if any do.")
    conditions: list[ConditionInfo] = Field(description="What is true of it.")
    counts: Counts = Field(description="How much there is of what.")


class StatusAnswer(Answer):
    """Everything at a glance."""

    host: str = Field(description="The host that the daemon runs on.")
    version: str = Field(description="The version of the daemon.")
    summary: str = Field(description="One state in words, such as `In sync` or `Working: 2`.")
    started_at: Timestamp | None = Field(description="When the daemon started.")
    made_at: Timestamp | None = Field(description="When this snapshot was made; ages are counted to then.")
    suspended: bool = Field(description="Whether the file says to change nothing anywhere.")
    generation: int | None = Field(description="How many changes of the file were accepted; null before the first.")
    observed_generation: int | None = Field(description="The generation that every runtime has worked on by now.")
    file: FileInfo = Field(description="The file that says what must be there, and what is wrong with it.")
    conditions: list[ConditionInfo] = Field(description="What is true of the whole.")
    counts: Counts = Field(description="Sums over all runtimes.")
    runtimes: list[RuntimeStatus] = Field(description="The runtimes, in the order of the file.")


class DiskInfo(Answer):
    """The file system that holds a runtime's models."""

    path: str = Field(description="The folder of the models.")
    free_bytes: int = Field(description="Bytes that are free.")
    free_gb: float | None = Field(description="The same in decimal GB.")
    total_bytes: int = Field(description="Bytes that there are in all.")
    total_gb: float | None = Field(description="The same in decimal GB.")


class LoadedInfo(Answer):
    """A model in memory."""

    name: str = Field(description="The name under which it was loaded.")
    digest: str = Field(description="Digest of the version that is in memory.")
    serves: list[str] = Field(description="Installed names that it answers for; empty for an outdated version.")
    pinned: bool = Field(description="Whether it stays until somebody unloads it.")
    memory_bytes: int | None = Field(description="Memory that it takes.")
    vram_bytes: int | None = Field(description="How much of that is on a GPU.")
    expires_at: Timestamp | None = Field(description="When the runtime unloads it, if it is not used.")
    context_length: int | None = Field(description="Its context in tokens.")


class ActiveSlot(Answer):
    """The model that a runtime should serve first, and whether it does."""

    model: str | None = Field(description="The model that the file makes active.")
    alias: str | None = Field(description="The stable name that clients use for it.")
    loaded: bool | None = Field(description="Whether its installed version is in memory; null while that is unknown.")
    last_active: str | None = Field(description="The model that was last activated and proven.")


class RuntimeInfo(Reachability):
    """One runtime in full."""

    url: str = Field(description="Its address, without credentials.")
    prune: Prune = Field(description="What may be removed there when the file no longer names it.")
    suspended: bool = Field(description="Whether the file says to change nothing there.")
    runtime_version: str | None = Field(description="The version of the server.")
    active: ActiveSlot = Field(description="The active model.")
    loaded: list[LoadedInfo] = Field(description="The models in memory, sorted by name.")
    models_bytes: int | None = Field(description="Sizes of the installed models, added up; an alias adds nothing.")
    models_gb: float | None = Field(description="The same in decimal GB.")
    disk: DiskInfo | None = Field(description="The disk of the models, where it is on this host.")
    observed_generation: int = Field(description="The generation that the last cycle worked on.")
    applied_revision: str | None = Field(description="The last revision that the runtime was seen to satisfy.")
    cycles: int = Field(description="Cycles since the daemon started.")
    cycle_seconds: float | None = Field(description="How long the last cycle took.")
    conditions: list[ConditionInfo] = Field(description="What is true of it.")
    counts: Counts = Field(description="How much there is of what.")


class RuntimesAnswer(Answer):
    """All runtimes."""

    runtimes: list[RuntimeInfo] = Field(description="The runtimes, in the order of the file.")


class HealthAnswer(Answer):
    """The daemon is alive."""

    healthy: bool = Field(description="Always true: otherwise the answer is 503.")


class ReadyAnswer(Answer):
    """Everything is as the file says."""

    ready: bool = Field(description="Always true: otherwise the answer is 503 with the reasons.")

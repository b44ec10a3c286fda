"""The calls that edit the file, and their answers."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from venom_modeld.api.models_plan import BlockInfo, UnsafeInfo
from venom_modeld.api.values import Answer
from venom_modeld.core.desired import Update
from venom_modeld.core.edits import Action
from venom_modeld.core.names import Provider
from venom_modeld.core.operations import OperationType

LONGEST_NAME = 500
"""Characters of the longest name that is looked at."""

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class InstallRequest(_Request):
    """A model to declare."""

    name: Name = Field(description="Its name, as it is to stand in the file.")
    provider: Provider | None = Field(default=None, description="Where its weights must come from.")
    runtime: Name | None = Field(
        default=None, description="A runtime by its name, or by its kind; needed where several can serve the model."
    )
    active: bool = Field(default=False, description="Whether to make it the active model too.")
    update: Update | None = Field(default=None, description="Whether it follows its tag or branch.")
    keep: bool | None = Field(default=None, description="Whether to protect it from removal.")
    revision: Name | None = Field(default=None, description="The branch, tag or commit of a repository.")


class ModelRequest(_Request):
    """A model that is declared, or there."""

    name: Name = Field(description="Its name.")
    runtime: Name | None = Field(
        default=None, description="A runtime by its name, or by its kind; needed where several have the model."
    )


class UpdateRequest(ModelRequest):
    """Whether a model follows its tag or branch."""

    update: Update = Field(default=Update.ALWAYS, description="What its entry is to say.")


class ServerRequest(_Request):
    """A runtime, and the model that it is to serve."""

    server_name: Name = Field(description="The runtime by its name, or by its kind.")
    model: Name | None = Field(default=None, description="The model; without it, the one that it served last.")


class SuspendRequest(_Request):
    """What to suspend, or to resume."""

    runtime: Name | None = Field(default=None, description="The runtime; without it, the whole file.")


class ChangeQuery(_Request):
    """A change to be shown."""

    action: Action = Field(description="What would be done to the file.")
    name: str = Field(default="", max_length=LONGEST_NAME, description="The model; empty where it is about none.")
    runtime: str = Field(
        default="", max_length=LONGEST_NAME, description="A runtime by its name, or by its kind; empty for any."
    )
    provider: Provider | None = Field(default=None, description="Where the weights must come from.")
    active: bool = Field(default=False, description="For an installation: make it the active model too.")
    update: Update | None = Field(default=None, description="Whether it follows its tag or branch.")
    keep: bool | None = Field(default=None, description="For an installation: protect it from removal.")
    revision: str = Field(default="", max_length=LONGEST_NAME, description="For an installation: which revision.")


class EditAnswer(Answer):
    """The file says it now."""

    success: Literal[True] = Field(default=True, description="Always true.")
    message: str = Field(description="What happens now, in words.")
    runtime: str | None = Field(description="The runtime that it is about; null for all of them.")
    model: str | None = Field(description="The model that it is about, as the runtime reads its name.")
    active_model: str | None = Field(description="The model that the file makes active on that runtime now.")
    operation_id: str | None = Field(description="The operation that follows; null where none does.")
    path: str = Field(description="The file.")
    revision: str = Field(description="Digest of the file as it is now.")
    changed: bool = Field(description="False where the file said so already.")
    diff: str = Field(description="What was changed. Passwords and keys near it are masked.")


class RuntimeChoice(Answer):
    """A runtime of the file, and whether it can serve the model."""

    runtime: str = Field(description="Its name in the file.")
    kind: str = Field(description="What kind of server it is.")
    refused: str | None = Field(description="Why it cannot, and what to write instead; null where it can.")


class ChangeAnswer(Answer):
    """A change of the file that is not made, and what it would mean."""

    action: Action = Field(description="What is to be done to the file.")
    runtime: str | None = Field(description="The runtime that it is about; null for all of them.")
    model: str | None = Field(description="The model that it is about, as the runtime reads its name.")
    provider: Provider | None = Field(description="Where its weights come from.")
    edits: bool = Field(description="Whether this API may make the change; else commit the diff.")
    path: str = Field(description="The file.")
    revision: str = Field(description="Digest of the file as it is now: what to send as `If-Match`.")
    changed: bool = Field(description="False where the file says so already.")
    diff: str = Field(description="The change, as `patch` takes it. Passwords and keys near it are masked.")
    commands: list[str] = Field(description="The command lines that do the same.")
    message: str = Field(description="What will happen, in words.")
    operation_id: str | None = Field(description="The operation that would follow; null where none would.")
    operation: OperationType | None = Field(description="What kind of operation that is.")
    block: BlockInfo | None = Field(description="What would keep it from being done; null where nothing would.")
    unsafe: UnsafeInfo | None = Field(description="The removals that would wait for an approval, if any would.")
    declared: bool = Field(description="Whether the file names the model now.")
    installed: bool = Field(description="Whether the runtime has it now.")
    loaded: bool = Field(description="Whether its installed version is in memory now.")
    active: bool = Field(description="Whether the file makes it the active model now.")
    size_bytes: int | None = Field(description="Its size, as far as known.")
    size_gb: float | None = Field(description="The same in decimal GB.")
    needed_bytes: int | None = Field(description="Bytes that the change would download; null where that is unknown.")
    needed_gb: float | None = Field(description="The same in decimal GB.")
    freed_bytes: int | None = Field(description="Bytes that it would free at the most; null where that is unknown.")
    freed_gb: float | None = Field(description="The same in decimal GB.")
    free_bytes: int | None = Field(description="Bytes that are free on the disk of the models now.")
    free_gb: float | None = Field(description="The same in decimal GB.")
    fits: bool | None = Field(description="Whether the disk would hold it; null where that is unknown.")
    choices: list[RuntimeChoice] = Field(description="For an installation: every runtime of the file.")


class DesiredAnswer(Answer):
    """The desired-state file as it is now, which may be newer than what is in force."""

    path: str = Field(description="Where it is.")
    edits: bool = Field(description="Whether this API may edit it.")
    revision: str | None = Field(description="Digest of its content: what to send as `If-Match`.")
    in_force: str | None = Field(description="Digest of the content that is in force.")
    valid: bool = Field(description="Whether it is valid as it is now.")
    problems: list[str] = Field(description="What is wrong with it, each as `file:line:column: what to write instead`.")
    text: str | None = Field(description="Its content, where that was asked for. Passwords and keys are masked.")

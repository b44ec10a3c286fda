"""Edits of the file in a person's place, as values: what is asked for, what comes of it, and why it is refused.

Whoever asks (the CLI, the API) and whoever edits share these and nothing else.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from venom_modeld.core.desired import DesiredState, RuntimeSpec
from venom_modeld.core.names import ModelName, Provider


class Action(StrEnum):
    """What may be done to the file."""

    INSTALL = "install"
    """Declare a model, with its options; and make it the active one, where that is asked for."""
    REMOVE = "remove"
    """Take a model out, and with it its being active."""
    ACTIVATE = "activate"
    """Make a model the active one; one that is there and not declared is declared too."""
    KEEP = "keep"
    """Protect a declared model from removal."""
    UNKEEP = "unkeep"
    UPDATE = "update"
    """Say whether a declared model follows its tag or branch."""
    ADOPT = "adopt"
    """Declare a model that is there and that nobody declared."""
    SUSPEND = "suspend"
    """Change nothing on a runtime, or anywhere, until resumed."""
    RESUME = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What somebody asks to be changed in the file."""

    action: Action
    runtime: str | None = None
    """A runtime of the file by its name, or by its kind; None for the one that the model fits, or for all."""
    model: str = ""
    """The name of a model as it was written; empty where the action is about none."""
    provider: Provider | None = None
    """Where the weights must come from; None for wherever the name says."""
    options: Mapping[str, str | bool] = field(default_factory=dict)
    """Keys of the model's entry and their values; False and `never` stand for leaving the key out."""
    active: bool = False
    """For an installation: make the model the active one too."""
    installed: Mapping[str, Collection[ModelName]] = field(default_factory=dict)
    """What is known to be on the runtimes, by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A runtime of the file, and why it cannot serve a model, if it cannot."""

    runtime: str
    kind: str
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """An edit that was made, or would be."""

    change: Change
    path: str
    before: DesiredState
    """What the file said. Its generation means nothing here."""
    after: DesiredState
    """What it says with the change."""
    diff: str
    """The change as `patch` takes it; empty where the file says so already."""
    written: bool
    runtime: RuntimeSpec | None = None
    """The runtime that the change is about, as it was; None for all of them."""
    model: ModelName | None = None
    """The model that it is about, as that runtime reads the name."""
    choices: tuple[Choice, ...] = ()
    """For an installation: every runtime of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """The file as it is now, good or not."""

    path: str
    revision: str | None
    """Digest of the content; None where it cannot be read."""
    text: str | None
    problems: tuple[str, ...] = ()
    """What is wrong with it, each as `file:line:column: what, and what to write instead`."""


class Refusal(StrEnum):
    """Why an edit is not made."""

    UNKNOWN = "unknown"
    """There is no such runtime, or no such model."""
    SEVERAL = "several"
    """More than one runtime is meant."""
    CONFLICT = "conflict"
    """The file, or the world, is not in the state for it."""
    OUTDATED = "outdated"
    """Somebody else changed the file meanwhile."""
    BROKEN = "broken"
    """The file is not valid as it is, or cannot be read."""
    INVALID = "invalid"
    """The file would not be valid with it."""
    LOCKED = "locked"
    """The file may not be written from here."""
    FULL = "full"
    """There is no room to write it."""
    FAILED = "failed"
    """It could not be written for another reason."""


class EditRefused(Exception):
    """An edit that is not made: nothing has changed. The text says why and what to do instead.

    `diff` is the change where only the writing of it failed.
    """

    def __init__(self, why: Refusal, message: str, *, diff: str = "") -> None:
        super().__init__(message)
        self.why = why
        self.diff = diff

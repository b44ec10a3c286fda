"""The steps of a plan, as values: what to do with which model, and why.

An operation is identified by what it does (`key`), never by when it was planned: the same drift gives the same
operation in every cycle, so that work in flight is recognised and never started twice.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from venom_modeld.core.desired import ModelSpec, digest_of
from venom_modeld.core.inventory import Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.sizes import human


class OperationType(StrEnum):
    """The five things that are done to models."""

    INSTALL = "install"
    UPDATE = "update"
    REMOVE = "remove"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationBase(ABC):
    """What every operation has. `reason` is a sentence for people; `size_bytes` what it moves or frees."""

    type: ClassVar[OperationType]
    runtime: str
    reason: str
    size_bytes: int | None = None

    @property
    @abstractmethod
    def model(self) -> ModelName:
        """Return the model that the operation is about."""

    @property
    def names(self) -> tuple[ModelName, ...]:
        """Return every name that the operation is about to change."""
        return (self.model,)

    @property
    def identity(self) -> tuple[object, ...]:
        """Return everything that makes this operation another one than its neighbours."""
        return (self.runtime, self.type.value, self.model.key)

    @property
    def key(self) -> str:
        """Return a short name for the identity; equal for the same work in every cycle."""
        return digest_of(self.identity)[7:23]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallModel(OperationBase):
    """Put a model there; a derived one is made from its base."""

    type: ClassVar[OperationType] = OperationType.INSTALL
    spec: ModelSpec

    @property
    def model(self) -> ModelName:
        """Return the model that the operation is about."""
        return self.spec.name

    @property
    def identity(self) -> tuple[object, ...]:
        """A changed entry makes another installation."""
        return (self.runtime, self.type.value, self.model.key, self.spec.fingerprint)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateModel(OperationBase):
    """Replace an installed model: its tag moved, its pin changed, or the definition it is made of did."""

    type: ClassVar[OperationType] = OperationType.UPDATE
    spec: ModelSpec
    from_digest: str
    to_digest: str | None

    @property
    def model(self) -> ModelName:
        """Return the model that the operation is about."""
        return self.spec.name

    @property
    def identity(self) -> tuple[object, ...]:
        """Another target makes another update."""
        return (self.runtime, self.type.value, self.model.key, self.spec.fingerprint, self.to_digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveModel(OperationBase):
    """Take a name off the runtime; `size_bytes` is what it frees at the most."""

    type: ClassVar[OperationType] = OperationType.REMOVE
    name: ModelName
    digest: str
    role: Role = Role.MODEL

    @property
    def model(self) -> ModelName:
        """Return the model that the operation is about."""
        return self.name

    @property
    def identity(self) -> tuple[object, ...]:
        """A model that was replaced meanwhile is another removal."""
        return (self.runtime, self.type.value, self.model.key, self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateModel(OperationBase):
    """Load a model, prove it, and keep it loaded; with an alias, as the active one."""

    type: ClassVar[OperationType] = OperationType.ACTIVATE
    spec: ModelSpec
    digest: str | None
    """The installed version; None while that is still to be installed."""
    primary: bool = True
    """It is the active model; otherwise one kept loaded beside it."""
    alias: ModelName | None = None
    replaces: str | None = None
    """The version that the alias stands for now, which is all that it may be taken from."""

    @property
    def model(self) -> ModelName:
        """Return the model that the operation is about."""
        return self.spec.name

    @property
    def names(self) -> tuple[ModelName, ...]:
        """Return every name that the operation is about to change."""
        return (self.model,) if self.alias is None else (self.model, self.alias)

    @property
    def identity(self) -> tuple[object, ...]:
        """Another alias makes another activation; another version or another way to load it too.

        A failure is forgotten with each of them.
        """
        return (
            self.runtime,
            self.type.value,
            self.model.key,
            self.spec.fingerprint,
            self.spec.serving,
            self.digest,
            self.alias and self.alias.key,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeactivateModel(OperationBase):
    """Take a model out of memory that this daemon had pinned there."""

    type: ClassVar[OperationType] = OperationType.DEACTIVATE
    name: ModelName

    @property
    def model(self) -> ModelName:
        """Return the model that the operation is about."""
        return self.name


Operation = InstallModel | UpdateModel | RemoveModel | ActivateModel | DeactivateModel

DOWNLOADS = (InstallModel, UpdateModel)
"""Operations that may move gigabytes."""

DOWNLOAD_TYPES = frozenset(one.type for one in DOWNLOADS)
"""Their types, as records name them."""


def is_download(operation: Operation) -> bool:
    """Tell whether an operation fetches anything: a derived model is made of what is there."""
    return isinstance(operation, DOWNLOADS) and operation.spec.base is None


def accomplished(operation: Operation, *, moved_bytes: int = 0, freed_bytes: int | None = None) -> str:
    """Return in words what a successful operation did.

    `moved_bytes` is what it downloaded, `freed_bytes` what it freed on the disk, where the runtime tells that.
    """
    match operation:
        case InstallModel() | UpdateModel():
            done = "installed" if isinstance(operation, InstallModel) else "updated"
            size = operation.size_bytes or moved_bytes
            return done if operation.spec.base or not size else f"{done}, {human(size)}"
        case RemoveModel() if freed_bytes is not None:
            return f"removed; {human(freed_bytes) if freed_bytes else 'nothing'} freed"
        case RemoveModel():
            return f"removed, {human(operation.size_bytes)}" if operation.size_bytes else "removed"
        case ActivateModel():
            return "loaded, and answered" + (f"; {operation.alias} stands for it" if operation.alias else "")
        case _:
            return "taken out of memory"

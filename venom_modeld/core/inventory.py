"""Inventory: what this daemon did on a runtime and must remember, because the runtime cannot tell.

Only what stands here (or everything, under `prune: all`) may ever be removed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from venom_modeld.core.names import ModelName


class Role(StrEnum):
    """Why the daemon put a name on a runtime."""

    MODEL = "model"
    ALIAS = "alias"
    HOLD = "hold"
    """A copy of the installed version, kept while an update of it is being verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name that this daemon put on a runtime."""

    name: ModelName
    role: Role = Role.MODEL
    recipe: str | None = None
    """For a derived model: the digest of the definition and the base that it was made of."""
    holds: ModelName | None = None
    """For a hold: the model whose earlier version it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is remembered of one runtime."""

    entries: Mapping[ModelName, Entry] = field(default_factory=dict)
    kept: frozenset[ModelName] = frozenset()
    """Models that the file protected by `keep: true` when it last named them."""
    last_active: ModelName | None = None
    """The model that was last activated and proven."""
    pinned: frozenset[ModelName] = frozenset()
    """Models that this daemon told the runtime to keep loaded."""

    def holds_of(self, name: ModelName) -> tuple[Entry, ...]:
        """Return the holds of a model."""
        return tuple(entry for entry in self.entries.values() if entry.role is Role.HOLD and entry.holds == name)

"""Drift: the differences between desired and observed state, found by comparing two values.

Pure and total: no drift is exactly when the runtime satisfies the file. Unmanaged models are no drift.
"""

from dataclasses import dataclass
from enum import StrEnum

from venom_modeld.core.names import ModelName


class DriftKind(StrEnum):
    """How a model differs from what the file says."""

    MISSING = "missing"
    UNWANTED = "unwanted"
    OUTDATED = "outdated"
    CHANGED = "changed"
    NOT_ACTIVE = "not_active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference; `message` says it in a sentence."""

    kind: DriftKind
    runtime: str
    model: ModelName
    message: str
    size_bytes: int | None = None

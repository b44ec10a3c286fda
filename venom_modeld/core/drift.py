"""Drift: the differences between desired and observed state, found by comparing three values.

Pure and total: there is no drift exactly when the runtime satisfies the file. An unmanaged model is no drift, unless
the file says `prune: all`.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from venom_modeld.core.desired import ModelSpec, Prune, RuntimeSpec, Update, digest_of
from venom_modeld.core.inventory import Inventory, Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import InstalledModel, ObservedState


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
    in_memory: bool = False
    """It is about what is loaded, not about what is on disk."""


def diff(
    spec: RuntimeSpec, observed: ObservedState, inventory: Inventory, *, can_unload: bool = True
) -> tuple[Drift, ...]:
    """Return every difference, in the order of the file, what is not in the file last and sorted.

    Where the runtime cannot unload a model, one that stays loaded for nothing is no difference: nothing could end it.
    """
    lacking = (*_declared(spec, observed, inventory), *_not_loaded(spec, observed))
    awaited = frozenset(one.model for one in lacking)
    return (
        *lacking,
        *(_pinned_for_nothing(spec, observed, inventory, awaited) if can_unload else ()),
        *_unwanted(spec, observed, inventory, awaited),
    )


def recipe(spec: ModelSpec, observed: ObservedState) -> str | None:
    """Return the digest of all that a derived model is made of; None for a plain one, and while its base is missing."""
    if spec.base is None:
        return None
    base = observed.installed.get(spec.base)
    return None if base is None else digest_of([spec.definition, spec.base.key, base.digest])


def wanted_in_memory(spec: RuntimeSpec) -> tuple[ModelName, ...]:
    """Return the models that must be loaded: the active one first."""
    preloaded = (model.name for model in spec.models if model.preload and model.name != spec.active)
    return (*((spec.active,) if spec.active else ()), *preloaded)


def is_held(name: ModelName, alias: ModelName | None, observed: ObservedState) -> bool:
    """Tell whether the installed version of a model is loaded to stay, and the alias, if any, is a copy of it."""
    serving = observed.serving(name)
    if serving is None or not serving.pinned:
        return False
    return alias is None or _same_digest(observed.installed.get(alias), observed.installed.get(name))


def _same_digest(one: InstalledModel | None, other: InstalledModel | None) -> bool:
    return one is not None and other is not None and one.digest == other.digest


def _declared(spec: RuntimeSpec, observed: ObservedState, inventory: Inventory) -> Iterator[Drift]:
    for model in spec.everything.values():
        found = _of_model(model, observed, inventory)
        if found is not None:
            kind, message, size = found
            yield Drift(kind=kind, runtime=spec.name, model=model.name, message=message, size_bytes=size)


def _of_model(
    model: ModelSpec, observed: ObservedState, inventory: Inventory
) -> tuple[DriftKind, str, int | None] | None:
    installed = observed.installed.get(model.name)
    remote = observed.remote.get(model.name)
    size = remote.size_bytes if remote else None
    if installed is None:
        why = f"{model.needed_by} needs it" if model.needed_by else "declared"
        return DriftKind.MISSING, f"{why}, not installed", size
    entry = inventory.entries.get(model.name)
    made_of, wanted = (entry.recipe if entry else None), recipe(model, observed)
    if made_of != wanted and (model.base is None or wanted is not None):
        return DriftKind.CHANGED, "the file now defines it otherwise", size
    if installed.differs is not None:
        return DriftKind.CHANGED, installed.differs, size
    if model.pin is not None and installed.digest != model.pin:
        return DriftKind.OUTDATED, f"installed is {_short(installed.digest)}, the file pins {_short(model.pin)}", size
    newest = remote.digest if remote and model.update is Update.ALWAYS and model.base is None else None
    if model.pin is None and newest is not None and newest != installed.digest:
        return DriftKind.OUTDATED, f"its tag moved from {_short(installed.digest)} to {_short(newest)}", size
    return None


def _not_loaded(spec: RuntimeSpec, observed: ObservedState) -> Iterator[Drift]:
    for name in wanted_in_memory(spec):
        alias = spec.alias if name == spec.active else None
        if is_held(name, alias, observed):
            continue
        differs = observed.difference(name)
        yield Drift(
            kind=DriftKind.CHANGED if differs else DriftKind.NOT_ACTIVE,
            runtime=spec.name,
            model=name,
            message=differs or _why_not_active(name, alias, observed),
            in_memory=True,
        )


def _why_not_active(name: ModelName, alias: ModelName | None, observed: ObservedState) -> str:
    serving = observed.serving(name)
    if name not in observed.installed:
        return "must be loaded, not installed yet"
    if serving is None:
        return "must be loaded, is not in memory in its installed version"
    if not serving.pinned:
        return "is loaded, but will be unloaded when idle"
    return f"is loaded, but the alias {alias} does not point to it"


def _pinned_for_nothing(
    spec: RuntimeSpec, observed: ObservedState, inventory: Inventory, awaited: Collection[ModelName]
) -> Iterator[Drift]:
    wanted = set(wanted_in_memory(spec))
    stands_in = inventory.last_active if spec.active in awaited else None
    for name in sorted(inventory.pinned - wanted):
        serving = observed.serving(name)
        if serving is not None and serving.pinned and not serving.serves & wanted:
            yield Drift(
                kind=DriftKind.UNWANTED,
                runtime=spec.name,
                model=name,
                message=f"serves until {spec.active} is active"
                if name == stands_in
                else "is kept in memory, the file no longer asks for that",
                size_bytes=serving.memory_bytes,
                in_memory=True,
            )


def _unwanted(
    spec: RuntimeSpec, observed: ObservedState, inventory: Inventory, awaited: Collection[ModelName]
) -> Iterator[Drift]:
    declared = spec.everything.keys()
    missing = declared - observed.installed.keys()
    alias = set() if spec.alias is None or _is_orphan(spec.alias, spec, observed, inventory) else {spec.alias}
    for name in sorted(observed.installed.keys() - declared - alias):
        message = _why_unwanted(spec, inventory, name, awaited)
        entry = inventory.entries.get(name)
        is_last_version = entry is not None and entry.holds in missing
        if message is not None and not is_last_version:
            size = observed.installed[name].size_bytes
            yield Drift(kind=DriftKind.UNWANTED, runtime=spec.name, model=name, message=message, size_bytes=size)


def _is_orphan(alias: ModelName, spec: RuntimeSpec, observed: ObservedState, inventory: Inventory) -> bool:
    """Tell whether our alias is all that is left of a model that the file no longer has."""
    entry, there = inventory.entries.get(alias), observed.installed.get(alias)
    if entry is None or entry.role is not Role.ALIAS or there is None or spec.active is not None:
        return False
    declared = map(observed.installed.get, spec.everything)
    return all(model is None or model.digest != there.digest for model in declared)


def _why_unwanted(
    spec: RuntimeSpec, inventory: Inventory, name: ModelName, awaited: Collection[ModelName]
) -> str | None:
    entry = inventory.entries.get(name)
    if entry is not None and entry.role is Role.HOLD:
        lasts = f"kept until {entry.holds} is as the file says" if entry.holds in awaited else "no longer needed"
        return f"earlier version of {entry.holds}, {lasts}"
    if spec.prune is Prune.NEVER or name in inventory.kept:
        return None
    if entry is not None:
        return "installed by this daemon, no longer in the file"
    return "not in the file, which says prune: all" if spec.prune is Prune.ALL else None


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]

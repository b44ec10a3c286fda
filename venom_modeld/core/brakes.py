"""The brakes: what makes the removals of a plan unsafe, so that nothing is removed until a person approves them.

A wrong edit (an emptied list, a merge gone wrong, five of six entries lost) looks like any other edit, and model lists
are short. So there are four brakes, and each alone is enough: a count, a share, a number of bytes, and whether
anything that the file wants would be left at all.
"""

from collections.abc import Collection
from dataclasses import dataclass

from venom_modeld.core.desired import Prune, RuntimeSpec, digest_of
from venom_modeld.core.inventory import Inventory, Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import ObservedState
from venom_modeld.core.operations import RemoveModel
from venom_modeld.core.sizes import human

Removal = tuple[str, str]
"""One removal as a person approves it: the key of the model's name and the digest that goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsafe:
    """Why the removals of a plan are held, with the digest that a person approves."""

    digest: str
    reasons: tuple[str, ...]
    models: tuple[str, ...]
    removals: tuple[Removal, ...]
    freed_bytes: int


def judge(
    spec: RuntimeSpec,
    observed: ObservedState,
    inventory: Inventory,
    removals: Collection[RemoveModel],
    *,
    coming: Collection[ModelName],
    approved: Collection[Removal],
) -> Unsafe | None:
    """Return why the removals that nobody approved yet are unsafe, or None.

    `coming` are the declared models whose installation will be tried. Aliases and holds are the daemon's own names for
    models that stay; they do not count.
    """
    pending = [one for one in removals if one.role is Role.MODEL and removal_of(one) not in approved]
    if not pending:
        return None
    governed = _governed(spec, observed, inventory)
    left = {model.name for model in spec.models} & (observed.installed.keys() | set(coming))
    reasons = tuple(_reasons(spec, pending, len(governed), nothing_left=not left))
    if not reasons:
        return None
    chosen = tuple(sorted(removal_of(one) for one in pending))
    return Unsafe(
        digest=digest_of(["removals", spec.name, [list(one) for one in chosen]]),
        reasons=reasons,
        models=tuple(sorted(one.name.text for one in pending)),
        removals=chosen,
        freed_bytes=sum(one.size_bytes or 0 for one in pending),
    )


def removal_of(operation: RemoveModel) -> Removal:
    """Return an operation as a person approves it."""
    return operation.name.key, operation.digest


def _governed(spec: RuntimeSpec, observed: ObservedState, inventory: Inventory) -> set[ModelName]:
    """Return what the share is a share of: all that the file decides about, installed or to be."""
    declared = spec.everything.keys()
    if spec.prune is Prune.ALL:
        return declared | observed.installed.keys()
    managed = {entry.name for entry in inventory.entries.values() if entry.role is Role.MODEL}
    return declared | (managed & observed.installed.keys())


def _reasons(spec: RuntimeSpec, pending: list[RemoveModel], governed: int, *, nothing_left: bool) -> list[str]:
    limits, count = spec.limits, len(pending)
    freed = sum(one.size_bytes or 0 for one in pending)
    reasons = []
    if nothing_left:
        reasons.append("it would leave nothing that the file wants")
    if count > limits.removals:
        reasons.append(f"it removes {count} model{'s' if count > 1 else ''}, the limit is {limits.removals}")
    if count > limits.removal_share * governed:
        reasons.append(f"it removes {count} of {governed} models, the limit is {limits.removal_share:.0%}")
    if freed > limits.removal_bytes:
        reasons.append(f"it removes {human(freed)}, the limit is {human(limits.removal_bytes)}")
    return reasons

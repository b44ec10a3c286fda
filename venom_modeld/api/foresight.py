"""What an edit would lead to, said by the planner itself: it plans for the file as it is, and as it would be.

Both plans are made from the last observation, so nothing is asked of a runtime.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from venom_modeld.core.brakes import Unsafe
from venom_modeld.core.desired import RuntimeSpec
from venom_modeld.core.drift import diff
from venom_modeld.core.edits import Action, Edit
from venom_modeld.core.observed import InstalledModel, ObservedState
from venom_modeld.core.operations import DOWNLOADS, OperationType, RemoveModel
from venom_modeld.core.plan import Block, BlockKind, Plan, Situation, Step, make_plan
from venom_modeld.core.reasons import Reason
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot

_COMING = (OperationType.INSTALL, OperationType.UPDATE, OperationType.ACTIVATE)
_OPERATIONS: Mapping[Action, tuple[OperationType, ...]] = {
    Action.INSTALL: _COMING,
    Action.ACTIVATE: _COMING,
    Action.ADOPT: _COMING,
    Action.UPDATE: _COMING,
    Action.REMOVE: (OperationType.REMOVE,),
}
"""What may follow from an action; nothing follows from the others by itself."""

_REMEMBERED = frozenset({BlockKind.STALLED, BlockKind.BACKOFF, BlockKind.HELD})
_PLANNED_ANEW = frozenset({Reason.DISK_FULL, Reason.ALIAS_TAKEN})
"""Stalls that the planner finds by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What would follow; None for what is not known."""

    step: Step | None = None
    """The first operation on the model, as the planner names it."""
    installed: InstalledModel | None = None
    needed_bytes: int | None = None
    freed_bytes: int | None = None
    unsafe: Unsafe | None = None
    """The removals that would wait for an approval because of the edit."""


def foresee(snapshot: StatusSnapshot, edit: Edit) -> Foresight:
    """Return what an edit would lead to."""
    runtime = snapshot.runtime(edit.runtime.name) if edit.runtime else None
    before = edit.runtime
    after = edit.after.runtime(before.name) if before else None
    if runtime is None or runtime.observed is None or before is None or after is None:
        return Foresight()
    now = _plan(runtime, runtime.observed, before, suspended=edit.before.suspend)
    then = _plan(runtime, runtime.observed, after, suspended=edit.after.suspend)
    known = {step.key for step in now.steps}
    new = [step for step in then.steps if step.key not in known]
    return Foresight(
        step=_first(then, edit),
        installed=runtime.observed.installed.get(edit.model) if edit.model else None,
        needed_bytes=_needed(new),
        freed_bytes=max(0, _freed(then, runtime.observed) - _freed(now, runtime.observed)),
        unsafe=then.unsafe if then.unsafe != now.unsafe else None,
    )


def _plan(runtime: RuntimeSnapshot, observed: ObservedState, spec: RuntimeSpec, *, suspended: bool) -> Plan:
    steps = runtime.plan.steps if runtime.plan else ()
    return make_plan(
        Situation(
            spec=spec,
            observed=observed,
            inventory=runtime.inventory,
            drift=diff(spec, observed, runtime.inventory, can_unload=runtime.capabilities.unload),
            capabilities=runtime.capabilities,
            blocks={step.key: step.block for step in steps if step.block and _is_remembered(step.block)},
            suspended=suspended or spec.suspend,
        )
    )


def _is_remembered(block: Block) -> bool:
    return block.kind in _REMEMBERED and block.reason not in _PLANNED_ANEW


def _first(plan: Plan, edit: Edit) -> Step | None:
    types = _OPERATIONS.get(edit.change.action, ())
    found = (step for step in plan.steps if step.operation.model == edit.model and step.operation.type in types)
    return next(found, None)


def _needed(steps: list[Step]) -> int | None:
    """Return how many bytes steps download; None where one of them is of unknown size."""
    sizes = [step.operation.size_bytes for step in steps if isinstance(step.operation, DOWNLOADS)]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _freed(plan: Plan, observed: ObservedState) -> int:
    """Return how many bytes a plan frees at the most: a version goes with the last of its names."""
    gone = {step.operation.model for step in plan.steps if isinstance(step.operation, RemoveModel)}
    staying = {model.digest for name, model in observed.installed.items() if name not in gone}
    versions = {observed.installed[name].digest: observed.installed[name].size_bytes for name in gone}
    return sum(size or 0 for digest, size in versions.items() if digest not in staying)

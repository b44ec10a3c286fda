"""Room on the disk: removals go first only where the disk would not hold both, and what cannot fit is not begun."""

from collections.abc import Mapping
from dataclasses import replace

from venom_modeld.core.desired import GB
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import Disk
from venom_modeld.core.operations import InstallModel, RemoveModel, UpdateModel
from venom_modeld.core.reasons import Reason
from venom_modeld.core.sizes import human
from venom_modeld.core.steps import Block, BlockKind, Step

MARGIN = 1 * GB
"""Bytes that a download leaves free: a full disk hurts everything on the host, not only the runtime."""


def fit(steps: list[Step], disk: Disk | None, partial: Mapping[ModelName, int], protected: set[str]) -> list[Step]:
    """Return the steps with removals first where that is needed, and downloads blocked that do not fit even so.

    `partial` are the bytes of cut downloads that are on the disk already; `protected` the keys of removals that may
    not go first, since their model is in use.
    """
    if disk is None or _needed(steps, partial) + MARGIN <= disk.free_bytes:
        return steps
    early = [step for step in steps if _may_go_first(step, protected)]
    keys = tuple(step.key for step in early)
    room = disk.free_bytes - MARGIN + sum(step.operation.size_bytes or 0 for step in early)
    rest: list[Step] = []
    for step in steps:
        if step in early:
            continue
        if not _is_download(step):
            rest.append(step)
            continue
        need = _need(step, partial)
        fits = need <= room
        room -= need if fits else 0
        after = tuple(dict.fromkeys((*step.after, *keys)))
        rest.append(replace(step, after=after, block=step.block or (None if fits else _no_room(step, need, disk))))
    return [*(replace(step, after=()) for step in early), *rest]


def _may_go_first(step: Step, protected: set[str]) -> bool:
    return isinstance(step.operation, RemoveModel) and step.block is None and step.key not in protected


def _is_download(step: Step) -> bool:
    return isinstance(step.operation, InstallModel | UpdateModel) and step.operation.spec.base is None


def _need(step: Step, partial: Mapping[ModelName, int]) -> int:
    return max(0, (step.operation.size_bytes or 0) - partial.get(step.operation.model, 0))


def _needed(steps: list[Step], partial: Mapping[ModelName, int]) -> int:
    return sum(_need(step, partial) for step in steps if _is_download(step) and step.block is None)


def _no_room(step: Step, need: int, disk: Disk) -> Block:
    message = (
        f"{step.operation.model} needs {human(need)} and {human(MARGIN)} to spare, {disk.path} has"
        f" {human(disk.free_bytes)} free; free some space there, or take a model out of the file"
    )
    return Block(kind=BlockKind.STALLED, reason=Reason.DISK_FULL, message=message)

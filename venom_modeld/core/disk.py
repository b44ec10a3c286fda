"""Room on the disk: removals go first only where the disk would not hold both, and what cannot fit is not begun."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from venom_modeld.core.desired import GB
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import Disk
from venom_modeld.core.operations import RemoveModel, is_download
from venom_modeld.core.reasons import Reason
from venom_modeld.core.sizes import human
from venom_modeld.core.steps import Block, BlockKind, Step, coming_steps

MARGIN = 1 * GB
"""Bytes that a download leaves free: a full disk hurts everything on the host, not only the runtime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Loads as they fit on the disk, and the removals that go before them."""

    loads: list[Step]
    first: tuple[RemoveModel, ...] = ()


def fit(loads: list[Step], candidates: Sequence[RemoveModel], disk: Disk, partial: Mapping[ModelName, int]) -> Fit:
    """Return the loads, those that do not fit blocked, with the removals before them where they need the room.

    `candidates` are the removals that may go first and free something; `partial` are the bytes of cut downloads that
    are on the disk already. No removal goes first for a load that would not fit even then.
    """
    room = disk.free_bytes - MARGIN
    fitting = _block_what_does_not_fit(loads, partial, disk, room + _freed(candidates))
    needs = [_need(step, partial) for step in coming_steps(fitting) if is_download(step.operation)]
    if not needs or sum(needs) <= room:
        return Fit(loads=fitting)
    keys = tuple(operation.key for operation in candidates)
    waiting = [replace(step, after=(*step.after, *keys)) if is_download(step.operation) else step for step in fitting]
    return Fit(loads=waiting, first=tuple(candidates))


def _freed(removals: Sequence[RemoveModel]) -> int:
    """Return how many bytes go with the removals; a version with several names goes once."""
    return sum({one.digest: one.size_bytes or 0 for one in removals}.values())


def _block_what_does_not_fit(loads: list[Step], partial: Mapping[ModelName, int], disk: Disk, room: int) -> list[Step]:
    coming = {step.key for step in coming_steps(loads)}
    result = []
    for step in loads:
        need = _need(step, partial)
        if not is_download(step.operation) or step.key not in coming:
            result.append(step)
        elif need <= room:
            room -= need
            result.append(step)
        else:
            result.append(replace(step, block=_no_room(step, need, disk)))
    return result


def _need(step: Step, partial: Mapping[ModelName, int]) -> int:
    return max(0, (step.operation.size_bytes or 0) - partial.get(step.operation.model, 0))


def _no_room(step: Step, need: int, disk: Disk) -> Block:
    message = (
        f"{step.operation.model} needs {human(need) if need else 'room'} and {human(MARGIN)} to spare, {disk.path} has"
        f" {human(disk.free_bytes)} free; free some space there, or take a model out of the file"
    )
    return Block(kind=BlockKind.STALLED, reason=Reason.DISK_FULL, message=message)

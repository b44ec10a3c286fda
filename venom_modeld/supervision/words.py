"""What the daemon is doing now, in one line for `systemctl status`.

It holds no number that moves while the work is the same, so it is another line only when there is something to tell.
"""

from venom_modeld.core.drift import Drift
from venom_modeld.core.events import OperationStatus
from venom_modeld.core.operations import OperationType
from venom_modeld.core.plan import Step
from venom_modeld.state.snapshot import FileSnapshot, RuntimeSnapshot, StatusSnapshot

MOST = 3
"""How many operations of a runtime are named."""

_DOING = {
    OperationType.INSTALL: "installing",
    OperationType.UPDATE: "updating",
    OperationType.REMOVE: "removing",
    OperationType.ACTIVATE: "activating",
    OperationType.DEACTIVATE: "deactivating",
}


def status_line(snapshot: StatusSnapshot) -> str:
    """Return the line: what is wrong with the file, if anything is, and then what each runtime is doing."""
    suspended = snapshot.desired is not None and snapshot.desired.suspend
    runtimes = [f"{one.spec.name}: {_runtime(one, suspended=suspended)}" for one in snapshot.runtimes]
    return "; ".join([*_source(snapshot.file), *_file(snapshot.file), *(runtimes or ["no runtime is declared"])])


def _source(file: FileSnapshot) -> list[str]:
    origin = file.origin
    return [f"{origin.url} cannot be fetched"] if origin is not None and origin.reason is not None else []


def _file(file: FileSnapshot) -> list[str]:
    if not file.problems:
        return []
    in_force = "the last good one is in force" if file.revision else "none is in force"
    return [f"{file.path} is refused, {in_force}"]


def _runtime(runtime: RuntimeSnapshot, *, suspended: bool) -> str:
    if runtime.unknown is not None:
        return "does not answer"
    if not runtime.cycles:
        return "being looked at for the first time"
    running = [one for one in runtime.operations if one.status is OperationStatus.IN_PROGRESS]
    if running:
        more = [f"{len(running) - MOST} more"] if len(running) > MOST else []
        return ", ".join([*(f"{_DOING[one.type]} {one.model}" for one in running[:MOST]), *more])
    if suspended or runtime.spec.suspend:
        return "suspended"
    return _waiting(runtime.plan.steps if runtime.plan else (), runtime.drift)


def _waiting(steps: tuple[Step, ...], drift: tuple[Drift, ...]) -> str:
    held = next((step for step in steps if step.block and step.block.needs_a_person), None)
    if held is not None:
        return f"{held.operation.model.text} waits for a person"
    failed = next((step for step in steps if step.block is not None), None)
    if failed is not None:
        return f"{failed.operation.model.text} will be tried again"
    return "not as the file says yet" if drift else "as the file says"

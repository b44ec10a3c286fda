"""`apply`: works like the daemon until nothing is left to do, and says what came of it, to people and to scripts."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.following import Lines
from venom_modeld.cli.options import Format
from venom_modeld.cli.render.units import counted, short_digest
from venom_modeld.cli.snapshots import Snapshots
from venom_modeld.cli.terminal import is_live, paint, show
from venom_modeld.config.settings import Settings
from venom_modeld.core.brakes import Unsafe
from venom_modeld.core.plan import overall_digest
from venom_modeld.core.steps import BlockKind, Step
from venom_modeld.daemon import converge
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot


def converged(settings: Settings, digest: str | None, form: Format) -> StatusSnapshot:
    """Work until nothing is left to do, show it meanwhile, and return the last snapshot. Raises as `converge` does."""
    if form is Format.JSON:
        return asyncio.run(converge(settings, digest=digest, on_change=lambda _: None))
    snapshots = Snapshots()
    if not is_live():
        lines = Lines(show)
        return asyncio.run(converge(settings, digest=digest, on_change=lambda one: snapshots.tell(one, lines)))
    from venom_modeld.cli.board import board  # noqa: PLC0415 - bars are loaded where there is a terminal

    with board(snapshots.view, paint()) as drawing:
        return asyncio.run(converge(settings, digest=digest, on_change=lambda one: snapshots.tell(one, drawing)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """One thing that is not as the file says, and why it was left so."""

    code: ExitCode
    runtime: str
    message: str
    operation: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an `apply` ended."""

    code: ExitCode
    message: str
    revision: str | None
    left: tuple[Left, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "converged": self.code is ExitCode.OK,
            "exit_code": int(self.code),
            "revision": self.revision,
            "left": [
                {"runtime": one.runtime, "operation": one.operation, "model": one.model, "message": one.message}
                for one in self.left
            ],
        }


_WORST = (ExitCode.FAILED, ExitCode.BLOCKED, ExitCode.OUTDATED)
"""What is told where several things are left for different reasons."""


def outcome(snapshot: StatusSnapshot) -> Outcome:
    """Return how an `apply` ended that left this behind."""
    revision = snapshot.file.revision
    digest = overall_digest({runtime.spec.name: runtime.plan for runtime in snapshot.runtimes})
    left = tuple(one for runtime in snapshot.runtimes for one in _left(runtime, digest))
    if not left:
        message = f"In sync: {counted(len(snapshot.runtimes), 'runtime')} at revision {short_digest(revision)}."
        return Outcome(code=ExitCode.OK, message=message, revision=revision)
    code = next(code for code in _WORST if any(one.code is code for one in left))
    message = "\n".join(["Not everything could be done:", *_lines(left)])
    return Outcome(code=code, message=message, revision=revision, left=left)


def _lines(left: tuple[Left, ...]) -> Iterator[str]:
    """Return a line for each reason, with all that it is the reason for."""
    models: dict[tuple[str, str | None, str], list[str]] = {}
    for one in left:
        models.setdefault((one.runtime, one.operation, one.message), []).append(one.model or "")
    for (runtime, operation, message), names in models.items():
        what = f"{operation} {', '.join(names)}: " if operation else ""
        yield f"  {runtime}: {what}{message}"


def _left(runtime: RuntimeSnapshot, digest: str) -> Iterator[Left]:
    name = runtime.spec.name
    if runtime.unknown is not None:
        yield Left(code=ExitCode.FAILED, runtime=name, message=runtime.unknown.message)
    elif runtime.plan is not None:
        unsafe = _unsafe(runtime.plan.unsafe, digest)
        yield from (_undone(name, step, unsafe) for step in runtime.plan.steps)


def _unsafe(unsafe: Unsafe | None, digest: str) -> str:
    """Return why removals are held, and how to have them done where there is no daemon to approve them to."""
    why = "; ".join(unsafe.reasons) if unsafe else ""
    return f"unsafe plan: {why}. Do exactly that by `venom-modeld apply --plan {digest}`, or mend the file"


def _undone(runtime: str, step: Step, unsafe: str) -> Left:
    code, message = ExitCode.OUTDATED, "not in the plan that was reviewed"
    if step.block is not None:
        code = ExitCode.BLOCKED if step.block.needs_a_person else ExitCode.FAILED
        message = unsafe if step.block.kind is BlockKind.UNSAFE else step.block.message
    elif step.after:
        code, message = ExitCode.BLOCKED, "waits for a step that could not be done"
    operation = step.operation
    return Left(code=code, runtime=runtime, operation=operation.type.value, model=operation.model.text, message=message)

"""What is wrong now, as values made of one snapshot; deciding whether that is news is done elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from venom_modeld.core.plan import BlockKind
from venom_modeld.state.snapshot import FileSnapshot, RuntimeSnapshot, StatusSnapshot


class Kind(StrEnum):
    """What a notice tells of."""

    FAILED = "failed"
    """Something does not work, and is tried again by itself."""
    STALLED = "stalled"
    """Something failed for good, until a person changes something."""
    UNSAFE = "unsafe"
    """Removals wait for a person's approval."""
    RECOVERED = "recovered"
    """It is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong. `subject` names it for as long as it lasts; `mark` tells its versions apart."""

    subject: str
    kind: Kind
    runtime: str
    """Empty for the file."""
    text: str
    mark: str = ""


FILE, SOURCE = "file", "source"
_OPERATION_KINDS = {BlockKind.STALLED: Kind.STALLED, BlockKind.BACKOFF: Kind.FAILED}


def troubles(snapshot: StatusSnapshot) -> Iterator[Trouble]:
    """Yield everything that is wrong."""
    yield from _of_file(snapshot.file)
    for runtime in snapshot.runtimes:
        yield from _of_runtime(runtime)


def is_undecided(subject: str, snapshot: StatusSnapshot) -> bool:
    """Tell whether nothing can be said of a trouble that is not seen now: it may be there, or be over.

    That is so while its runtime does not answer or was not looked at yet, and while its operation is still to be done:
    one that is being tried again, or is suspended, has not succeeded.
    """
    name, _, rest = subject.partition("/")
    runtime = snapshot.runtime(name)
    if runtime is None or rest == _REACHABLE:
        return False
    if runtime.unknown is not None or not runtime.cycles:
        return True
    return rest in {step.key for step in runtime.plan.steps} if runtime.plan else False


_REACHABLE, _UNSAFE = "reachable", "unsafe"


def _of_file(file: FileSnapshot) -> Iterator[Trouble]:
    if file.origin is not None and file.origin.reason is not None:
        yield Trouble(subject=SOURCE, kind=Kind.FAILED, runtime="", text=file.origin.message)
    if file.problems:
        more = f" (and {len(file.problems) - 1} more)" if len(file.problems) > 1 else ""
        in_force = "the last good file stays in force" if file.revision else "no file is in force"
        yield Trouble(subject=FILE, kind=Kind.FAILED, runtime="", text=f"{file.problems[0]}{more}; {in_force}")


def _of_runtime(runtime: RuntimeSnapshot) -> Iterator[Trouble]:
    name, plan = runtime.spec.name, runtime.plan
    if runtime.unknown is not None:
        subject = f"{name}/{_REACHABLE}"
        yield Trouble(subject=subject, kind=Kind.FAILED, runtime=name, text=runtime.unknown.message)
        return
    for step in plan.steps if plan else ():
        kind = _OPERATION_KINDS.get(step.block.kind) if step.block else None
        if kind is not None and step.block is not None:
            text = f"{step.operation.type} {step.operation.model}: {step.block.message}"
            yield Trouble(subject=f"{name}/{step.key}", kind=kind, runtime=name, text=text)
    if plan is not None and plan.unsafe is not None:
        text = f"{'; '.join(plan.unsafe.reasons)}; allow it by: venom-modeld approve {plan.unsafe.digest}"
        yield Trouble(subject=f"{name}/{_UNSAFE}", kind=Kind.UNSAFE, runtime=name, text=text, mark=plan.unsafe.digest)

"""A plan as text: what is to be done, in order, why, how many bytes it moves, and what holds which step."""

from collections import Counter
from collections.abc import Callable, Iterator

from venom_modeld.cli.render.columns import Cell, align
from venom_modeld.cli.render.paint import Paint
from venom_modeld.cli.render.units import counted, duration
from venom_modeld.core.brakes import Unsafe
from venom_modeld.core.operations import ActivateModel, DeactivateModel, InstallModel, Operation, RemoveModel
from venom_modeld.core.plan import Plan
from venom_modeld.core.sizes import human
from venom_modeld.core.steps import Block, BlockKind, Step
from venom_modeld.engine.preview import PlanReport, RuntimePlan


def plan_text(report: PlanReport, paint: Paint, *, now: float) -> str:
    """Return a whole plan; `now` is in seconds since the epoch."""
    lines = [line for runtime in report.runtimes for line in (*_runtime(runtime, paint, now), "")]
    lines += [paint.strong(sentence)] if (sentence := summary(report)) else []
    lines.append(paint.dim(f"digest    {report.digest}"))
    lines.append(paint.dim(f"revision  {report.desired.revision}"))
    return "\n".join(lines)


def summary(report: PlanReport) -> str:
    """Return how many operations of each type, how many bytes, what is held and what is not known.

    It is empty where each runtime says that it is in sync.
    """
    plans = [runtime.plan for runtime in report.runtimes if runtime.plan is not None]
    steps = [step for plan in plans for step in plan.steps]
    held = sum(step.block is not None for step in steps)
    unknown = sum(runtime.unknown is not None for runtime in report.runtimes)
    sentences = [f"{_counts(plans, steps)}."] if steps else []
    sentences += [] if report.runtimes else ["Nothing to do: the file names no runtime."]
    sentences += [f"{held} of {counted(len(steps), 'step')} held."] if held else []
    sentences += [f"{counted(unknown, 'runtime')} Unknown."] if unknown else []
    return " ".join(sentences)


def size_in_words(operation: Operation) -> str:
    """Return what an operation downloads or frees, as far as it is known; nothing for what only loads or unloads."""
    match operation:
        case ActivateModel() | DeactivateModel():
            return ""
        case RemoveModel():
            return f"frees {human(operation.size_bytes)}" if operation.size_bytes else ""
        case InstallModel() if operation.spec.base is not None:
            return "no download"
        case _:
            return human(operation.size_bytes)


def reason_in_words(operation: Operation) -> str:
    """Return why an operation is to be done, and the alias under which clients reach its model then, if under one."""
    alias = operation.alias if isinstance(operation, ActivateModel) else None
    if alias is None or str(alias) in operation.reason:
        return operation.reason
    return f"{operation.reason}; alias {alias}"


def held_because(block: Block, *, now: float | None = None) -> str:
    """Return what holds a step, in a sentence; `now` adds when it is tried again."""
    if block.kind is BlockKind.UNSAFE:
        return "held: unsafe, waits for approval"
    if block.kind is BlockKind.BACKOFF and block.until is not None and now is not None:
        return f"tried again in {duration(block.until - now)}: {block.message}"
    return f"{block.kind}: {block.message}"


def _counts(plans: list[Plan], steps: list[Step]) -> str:
    number = Counter(step.operation.type.value for step in steps)
    load, freed = sum(plan.install_bytes for plan in plans), sum(plan.freed_bytes for plan in plans)
    told = ", ".join(f"{count} to {kind}" for kind, count in number.items())
    moved = [f"downloads {human(load)}"] if load else []
    moved += [f"frees at most {human(freed)}"] if freed else []
    return "; ".join([told, *moved])


def _runtime(runtime: RuntimePlan, paint: Paint, now: float) -> Iterator[str]:
    spec = runtime.spec
    yield f"{paint.strong(spec.name)}  {paint.dim(f'{spec.kind} at {spec.url}, prune: {spec.prune}')}"
    if runtime.unknown is not None:
        yield f"  {paint.bad('Unknown')}: {runtime.unknown.message}"
        yield "  Nothing is planned for it until it answers."
    if runtime.plan is None:
        return
    if not runtime.plan.steps:
        yield f"  {paint.good('In sync')}: nothing to do."
        return
    yield from _steps(runtime.plan.steps, paint, now)
    if runtime.plan.unsafe is not None:
        yield from _unsafe(runtime.plan.unsafe, paint)


def _steps(steps: tuple[Step, ...], paint: Paint, now: float) -> Iterator[str]:
    numbers = {step.key: number for number, step in enumerate(steps, 1)}
    rows = align([_row(step, numbers, paint) for step in steps], right=frozenset({0}))
    for row, step in zip(rows, steps, strict=True):
        yield row
        if step.block is not None:
            yield f"      {paint.warning(held_because(step.block, now=now))}"


def _row(step: Step, numbers: dict[str, int], paint: Paint) -> list[Cell]:
    operation = step.operation
    return [
        f"{numbers[step.key]}.",
        (operation.type.value, _colour(operation, paint)),
        str(operation.model),
        size_in_words(operation),
        f"{reason_in_words(operation)}{_order(step, numbers)}",
    ]


def _order(step: Step, numbers: dict[str, int]) -> str:
    before = sorted(numbers[key] for key in step.after if key in numbers)
    return f" (after {', '.join(map(str, before))})" if before else ""


def _colour(operation: Operation, paint: Paint) -> Callable[[str], str]:
    return paint.bad if isinstance(operation, RemoveModel) else paint.good


def _unsafe(unsafe: Unsafe, paint: Paint) -> Iterator[str]:
    yield ""
    yield f"  {paint.bad('Unsafe')}: {'; '.join(unsafe.reasons)}."
    yield f"  Not removed until approved: {', '.join(unsafe.models)}"
    yield f"  Approve exactly this: venom-modeld approve {unsafe.digest}"

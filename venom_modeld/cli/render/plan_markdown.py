"""A plan as Markdown, fit for a change request: one table a runtime, warnings as quotations, the digest to apply."""

from collections.abc import Iterator

from venom_modeld.cli.render.plan_text import held_because, reason_in_words, size_in_words, summary
from venom_modeld.core.brakes import Unsafe
from venom_modeld.core.steps import Step
from venom_modeld.engine.preview import PlanReport, RuntimePlan


def plan_markdown(report: PlanReport) -> str:
    """Return a whole plan."""
    lines = ["## Plan for models.yaml", ""]
    lines += [sentence, ""] if (sentence := summary(report)) else []
    for runtime in report.runtimes:
        lines += [f"### {_escaped(runtime.spec.name)}", "", *_runtime(runtime), ""]
    lines += [f"- Digest: `{report.digest}`", f"- Revision: `{report.desired.revision}`"]
    if any(runtime.plan and runtime.plan.steps for runtime in report.runtimes):
        lines += ["", f"Apply exactly this: `venom-modeld apply --plan {report.digest}`"]
    return "\n".join(lines)


def _runtime(runtime: RuntimePlan) -> Iterator[str]:
    if runtime.unknown is not None:
        yield f"> **Unknown**: {_escaped(runtime.unknown.message)}"
        yield ">"
        yield "> Nothing is planned for it until it answers."
    if runtime.plan is None:
        return
    if not runtime.plan.steps:
        yield "In sync: nothing to do."
        return
    yield "| # | Operation | Model | Size | Why | Held |"
    yield "|--:|---|---|---|---|---|"
    for number, step in enumerate(runtime.plan.steps, 1):
        yield _row(number, step)
    if runtime.plan.unsafe is not None:
        yield ""
        yield from _unsafe(runtime.plan.unsafe)


def _row(number: int, step: Step) -> str:
    operation = step.operation
    held = held_because(step.block) if step.block else ""
    model = f"`{operation.model}`"
    cells = (str(number), operation.type.value, model, size_in_words(operation), reason_in_words(operation), held)
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _unsafe(unsafe: Unsafe) -> Iterator[str]:
    yield f"> **Unsafe**: {_escaped('; '.join(unsafe.reasons))}."
    yield ">"
    yield f"> Not removed until approved: {', '.join(f'`{model}`' for model in unsafe.models)}"
    yield ">"
    yield f"> `venom-modeld approve {unsafe.digest}`"


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

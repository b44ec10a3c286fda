"""A plan as plain values for JSON: what `GET /api/v1/plan` answers, made by the same code, and the overall digest."""

from typing import Any

from venom_modeld.api import views_plan
from venom_modeld.engine.preview import PlanReport
from venom_modeld.state.snapshot import FileSnapshot, RuntimeSnapshot, StatusSnapshot


def plan_json(report: PlanReport, *, path: str) -> dict[str, Any]:
    """Return a whole plan for the file at `path`."""
    snapshot = StatusSnapshot(
        file=FileSnapshot(path=path, revision=report.desired.revision),
        desired=report.desired,
        runtimes=tuple(
            RuntimeSnapshot(spec=one.spec, observed=one.observed, unknown=one.unknown, drift=one.drift, plan=one.plan)
            for one in report.runtimes
        ),
    )
    return {"digest": report.digest, **views_plan.plan(snapshot).model_dump(mode="json")}

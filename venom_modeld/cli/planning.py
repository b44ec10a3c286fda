"""A plan in the form that was asked for."""

import json
import time

from venom_modeld.cli.options import PlanFormat
from venom_modeld.cli.render.paint import Paint
from venom_modeld.cli.render.plan_text import plan_text
from venom_modeld.engine.preview import PlanReport


def shown(report: PlanReport, form: PlanFormat, *, path: str, paint: Paint) -> str:
    """Return a plan for the file at `path` as text, Markdown or JSON."""
    match form:
        case PlanFormat.JSON:
            from venom_modeld.cli.render.plan_json import plan_json  # noqa: PLC0415 - the API's types take their time

            return json.dumps(plan_json(report, path=path), indent=2, ensure_ascii=False)
        case PlanFormat.MARKDOWN:
            from venom_modeld.cli.render.plan_markdown import plan_markdown  # noqa: PLC0415 - rarely asked for

            return plan_markdown(report)
        case PlanFormat.TEXT:
            return plan_text(report, paint, now=time.time())

"""The reference says what is there: every call with an example that fits, every metric with its meaning."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from tests.api.conftest import House
from tests.api.test_openapi import operations
from venom_modeld.api.metrics import Scrape
from venom_modeld.api.models_common import Problem
from venom_modeld.state.snapshot import StatusSnapshot

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
TEXT = (REFERENCE / "http-api.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """Return the text about each call."""
    parts = re.split(r"^### `(.+)`$", TEXT, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def examples(text: str) -> list[Any]:
    """Return the JSON examples of a text."""
    return [json.loads(found) for found in re.findall(r"```json\n(.+?)```", text, flags=re.DOTALL)]


def answers() -> dict[str, type[BaseModel]]:
    """Return the model of each call's answer."""
    routes = (route for route in House().app().routes if isinstance(route, APIRoute) and route.response_model)
    return {f"{method} {route.path_format}": route.response_model for route in routes for method in route.methods}


def test_every_call_has_its_section() -> None:
    """The reference lists what the schema describes, and nothing else."""
    assert set(sections()) == {name for name, _ in operations(House().app().openapi())}


@pytest.mark.parametrize(("name", "model"), answers().items())
def test_every_example_is_an_answer(name: str, model: type[BaseModel]) -> None:
    """Each call has one example, which has every field of the answer and no other."""
    (example,) = examples(sections()[name])
    assert json.loads(model.model_validate_json(json.dumps(example), strict=False).model_dump_json()) == example


def test_the_example_of_an_error_is_a_problem() -> None:
    """The introduction shows the form of every error."""
    (example,) = examples(TEXT.partition("\n## Reading")[0])
    assert json.loads(Problem(**example).model_dump_json(exclude_none=True)) == example


def test_the_events_show_real_fields() -> None:
    """The example of the stream has the fields of an event."""
    data = re.search(r"^data: (\{.+\})$", sections()["GET /api/v1/events"], flags=re.MULTILINE)
    assert data is not None
    schema = House().app().openapi()["components"]["schemas"]["EventInfo"]
    assert set(json.loads(data[1])) == set(schema["properties"])


def test_every_metric_has_its_line() -> None:
    """The reference has one line for each metric, with its help text."""
    lines = re.findall(r"^\| `(\w+)` \| .* \| (.+) \|$", (REFERENCE / "metrics.md").read_text("utf-8"), re.MULTILINE)
    found = [
        (family.name + ("_total" if family.type == "counter" else ""), family.documentation)
        for family in Scrape(snapshot=StatusSnapshot()).collect()
    ]
    assert lines == found

"""The schema describes everything that is answered."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from tests.api.conftest import House

PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Return the schema."""
    return House().app().openapi()


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation with its name."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def references(part: Any) -> Iterator[str]:
    """Yield every reference of a part of the schema."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_every_json_answer_has_a_schema(schema: dict[str, Any]) -> None:
    """A success that is JSON names its model; what is no JSON says what it is."""
    for name, operation in operations(schema):
        successes = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        assert len(successes) == 1, name
        for kind, form in successes[0]["content"].items():
            if kind == "application/json":
                assert form["schema"]["$ref"].startswith("#/components/schemas/"), name
            else:
                assert (name, kind) in {("GET /metrics", "text/plain"), ("GET /api/v1/events", "text/event-stream")}


def test_every_error_is_a_problem(schema: dict[str, Any]) -> None:
    """Each call documents one form of errors, and FastAPI's own is nowhere."""
    for name, operation in operations(schema):
        assert operation["responses"]["default"]["content"] == {"application/problem+json": {"schema": PROBLEM}}, name
        assert set(operation["responses"]) == {"200", "default"}, name
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_every_field_is_described(schema: dict[str, Any]) -> None:
    """Each model, each of its fields and each enumeration says what it means."""
    for name, model in schema["components"]["schemas"].items():
        assert model["description"], name
        for field, form in model.get("properties", {}).items():
            assert form.get("description"), f"{name}.{field}"


def test_every_answer_always_has_every_field(schema: dict[str, Any]) -> None:
    """No field of an answer may be left out: what is not known is null. Problems differ by their kind, requests may."""
    for name, model in schema["components"]["schemas"].items():
        if name != "Problem" and not name.endswith("Request") and "properties" in model:
            assert set(model["required"]) == set(model["properties"]), name


def test_every_parameter_is_described(schema: dict[str, Any]) -> None:
    """Each call says what it does, and each of its parameters what it means."""
    for name, operation in operations(schema):
        assert operation["summary"], name
        assert operation["description"], name
        for parameter in operation.get("parameters", []):
            assert parameter["description"], name


def test_every_reference_leads_somewhere(schema: dict[str, Any]) -> None:
    """A client can be generated from the schema."""
    known = {f"#/components/schemas/{name}" for name in schema["components"]["schemas"]}
    found = set(references(schema))
    assert found <= known
    assert {f"#/components/schemas/{name}" for name in ("StatusAnswer", "OperationInfo", "EventInfo")} <= found


def test_every_call_has_its_own_name(schema: dict[str, Any]) -> None:
    """Generated clients have one function for each call."""
    names = [operation["operationId"] for _, operation in operations(schema)]
    assert len(set(names)) == len(names)


def test_every_route_of_the_api_is_in_the_schema(schema: dict[str, Any]) -> None:
    """Nothing is answered that is not described, but for the pages for people and the schema itself."""
    app = House().app()
    described = {route.path_format for route in app.routes if isinstance(route, APIRoute)}
    others = {getattr(route, "path", None) for route in app.routes if not isinstance(route, APIRoute)}
    assert described == set(schema["paths"])
    assert others == {"/", "/docs", "/models", "/models/{path:path}", "/openapi.json"}


def test_the_token_is_described(schema: dict[str, Any]) -> None:
    """A client can learn how to send the token, which not every daemon wants."""
    assert schema["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    assert schema["security"] == [{}, {"token": []}]


def test_the_schema_is_made_once() -> None:
    """Asking twice gives the same schema."""
    app = House().app()
    assert app.openapi() is app.openapi()

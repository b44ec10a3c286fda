"""The writing calls that are no edits."""

from typing import Any

import httpx2
import pytest

from tests.api.conftest import House
from tests.api.test_reading import assert_problem
from venom_modeld.api.guard import Guard

pytestmark = pytest.mark.asyncio(loop_scope="module")

APPROVE = "/api/v1/plan/approve"
CANCEL = "/api/v1/models/operations/{}/cancel"
RETRY = "/api/v1/models/operations/{}/retry"


async def send(client: httpx2.AsyncClient, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
    """Send a writing call."""
    return await client.post(path, json=body or {})


async def test_an_approval_is_for_exactly_one_plan(house: House) -> None:
    """The digest is handed on, and the answer says what will go."""
    async with house.open() as client:
        answer = await send(client, APPROVE, {"digest": "sha256:1234"})
    assert answer.json() == {
        "success": True,
        "runtime": "ollama",
        "digest": "sha256:1234",
        "models": ["a:latest", "b:latest"],
        "message": "To be removed from ollama: a:latest, b:latest.",
    }
    assert house.commands.told == [("approve", "sha256:1234")]


async def test_a_plan_that_changed_cannot_be_approved(house: House) -> None:
    """A digest of another plan is 404, and nothing is approved."""
    async with house.open() as client:
        body = assert_problem(await send(client, APPROVE, {"digest": "sha256:old"}), 404)
    assert "'sha256:old'" in body["detail"]
    assert house.commands.told == []


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"{}", "body.digest"),
        (b'{"digest": 7}', "body.digest"),
        (b'{"digest": ""}', "body.digest"),
        (b'{"digest": null}', "body.digest"),
        (b'{"digest": "x", "force": true}', "body.force"),
        (b"[]", "body"),
        (b"", "body"),
        (b"{", "body.1"),
        (b'{"digest": "%s"}' % (b"x" * 201), "body.digest"),
    ],
)
async def test_an_approval_that_makes_no_sense_is_refused(house: House, content: bytes, where: str) -> None:
    """The answer names what is wrong, and nothing is approved."""
    async with house.open() as client:
        answer = await client.post(APPROVE, content=content, headers={"Content-Type": "application/json"})
    assert assert_problem(answer, 422)["errors"][0]["where"] == where
    assert house.commands.told == []


async def test_a_body_that_is_no_text_is_refused(client: httpx2.AsyncClient) -> None:
    """Bytes that are not UTF-8 are an error of the caller, told in words."""
    answer = await client.post(APPROVE, content=b'{"digest": "\xff"}', headers={"Content-Type": "application/json"})
    assert_problem(answer, 400)


@pytest.mark.parametrize(("path", "word"), [(CANCEL, "cancel"), (RETRY, "retry")])
async def test_an_operation_is_cancelled_and_retried(house: House, path: str, word: str) -> None:
    """The command is handed on with the id of the operation, and the answer says what happens now."""
    async with house.open() as client:
        answer = await send(client, path.format("running"))
    assert answer.status_code == 200
    assert (answer.json()["success"], answer.json()["operation_id"]) == (True, "running")
    assert answer.json()["message"].endswith(".")
    assert house.commands.told == [(word, "running")]


@pytest.mark.parametrize("path", [CANCEL, RETRY])
@pytest.mark.parametrize(("operation", "status"), [("nothing", 404), ("done", 409), ("x" * 201, 422)])
async def test_a_command_that_fits_nothing_is_told(house: House, path: str, operation: str, status: int) -> None:
    """An operation that is not there, or that has ended, is not commanded."""
    async with house.open() as client:
        assert_problem(await send(client, path.format(operation)), status)
    assert house.commands.told == []


@pytest.mark.parametrize("path", [APPROVE, CANCEL.format("running"), RETRY.format("running")])
async def test_operations_can_be_closed(house: House, path: str) -> None:
    """Where `api.operations` is off the writing calls are 403, and reading goes on."""
    house.guard = Guard(operations=False)
    async with house.open() as client:
        body = assert_problem(await send(client, path, {"digest": "sha256:1234"}), 403)
        assert (await client.get("/api/v1/status")).status_code == 200
    assert "api.operations" in body["detail"]
    assert house.commands.told == []

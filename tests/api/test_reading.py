"""The reading calls over HTTP."""

import json
from typing import Any

import httpx2
import pytest

from tests.api.builder import ended, installed, observation, runtime, snapshot, spec
from tests.api.conftest import House
from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.core.observed import Unknown
from venom_modeld.core.reasons import Reason

pytestmark = pytest.mark.asyncio(loop_scope="module")

LISTS = (
    "/api/v1/status",
    "/api/v1/models",
    "/api/v1/runtimes",
    "/api/v1/plan",
    "/api/v1/history",
    "/api/v1/models/operations",
    "/api/v1/models/operations/past-001",
    "/api/v1/system/llm-runtime/options",
    "/api/v1/system/llm-servers/active",
)


def assert_problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """Check that an answer is a problem body, and return it."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert isinstance(body["detail"], str)
    assert isinstance(body["title"], str)
    assert "Traceback" not in answer.text
    return body


@pytest.mark.parametrize("path", LISTS)
async def test_an_answer_that_the_caller_has_is_not_sent_again(client: httpx2.AsyncClient, path: str) -> None:
    """Every list has a strong ETag; a caller that names it, alone or among others, gets 304 without a body."""
    first = await client.get(path)
    etag = first.headers["etag"]
    assert (first.status_code, etag[0]) == (200, '"')
    for sent in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = await client.get(path, headers={"If-None-Match": sent})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (await client.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize("path", LISTS)
async def test_json_is_sent_as_json(client: httpx2.AsyncClient, path: str) -> None:
    """An answer is JSON, whole, and may be kept only to ask whether it still holds."""
    answer = await client.get(path)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-cache"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert isinstance(json.loads(answer.content), dict)


async def test_an_etag_changes_with_the_answer_and_not_with_the_snapshot(house: House) -> None:
    """A new snapshot that says the same has the same ETag; one that says something else has another."""
    there = runtime(spec("a"), observation(installed("a")))
    async with house.open() as client:
        house.hub.publish(snapshot(there, version=2))
        first = await client.get("/api/v1/models")
        house.hub.publish(snapshot(there, version=3))
        same = await client.get("/api/v1/models", headers={"If-None-Match": first.headers["etag"]})
        house.hub.publish(snapshot(runtime(spec("a"), observation()), version=4))
        other = await client.get("/api/v1/models", headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, other.status_code) == (304, 200)
    assert other.json()["count"] == 0


async def test_two_processes_agree_on_an_etag(house: House) -> None:
    """The ETag is a digest of the answer, so that a restart of the daemon costs no caller anything."""
    async with house.open() as one, house.open() as other:
        first = await one.get("/api/v1/models")
        assert (await other.get("/api/v1/models")).headers["etag"] == first.headers["etag"]


async def test_an_outage_upstream_is_no_error_of_ours(house: House) -> None:
    """A runtime that does not answer gives 200, the last known models, and the reason in words."""
    gone = Unknown(reason="Unreachable", message="http://127.0.0.1:11434 does not answer")
    house.hub.publish(snapshot(runtime(spec("a"), observation(installed("a")), unknown=gone), version=2))
    async with house.open() as client:
        answer = await client.get("/api/v1/models")
    body = answer.json()
    assert (answer.status_code, body["count"], body["stale"]) == (200, 1, True)
    assert "does not answer" in body["error"]
    assert body["fetched_at"].endswith("Z")


async def test_operations_are_listed_to_a_limit(client: httpx2.AsyncClient) -> None:
    """What is in progress comes first, then what ended, no more than was asked for."""
    answer = (await client.get("/api/v1/models/operations?limit=2")).json()
    assert (answer["success"], answer["count"]) == (True, 2)
    assert [one["status"] for one in answer["operations"]] == ["in_progress", "completed"]


async def test_an_operation_is_found_while_it_runs_and_afterwards(client: httpx2.AsyncClient) -> None:
    """One operation is read from the snapshot or from the history, and one that is in neither is 404."""
    running = (await client.get("/api/v1/models/operations?limit=1")).json()["operations"][0]
    found = await client.get(f"/api/v1/models/operations/{running['operation_id']}")
    assert found.json() == {"success": True, "operation": running}
    past = await client.get("/api/v1/models/operations/past-001")
    assert past.json()["operation"]["error"] == "no such model"
    missing = await client.get("/api/v1/models/operations/nothing")
    assert "'nothing'" in assert_problem(missing, 404)["detail"]


async def test_history_is_read_page_by_page(house: House) -> None:
    """Following `next` reads every operation once, the latest first."""
    house.history.records = [ended(number) for number in range(7, 0, -1)]
    seen: list[str] = []
    async with house.open() as client:
        following: str | None = ""
        while following is not None:
            before = {"before": following} if following else {}
            page = (await client.get("/api/v1/history", params={"limit": 3, **before})).json()
            seen += [one["operation_id"] for one in page["operations"]]
            following = page["next"]
    assert seen == [f"past-{number:03}" for number in range(7, 0, -1)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TemporaryError("The state is on a full disk.", reason=Reason.DISK_FULL), 503),
        (PermanentError("The state is damaged.", reason=Reason.CORRUPT), 500),
    ],
)
async def test_a_history_that_cannot_be_read_is_told(house: House, error: Exception, status: int) -> None:
    """The reason is told in words, and everything that needs no history goes on."""
    house.history.broken = error
    async with house.open() as client:
        assert assert_problem(await client.get("/api/v1/history"), status)["detail"] == str(error)
        assert (await client.get("/api/v1/status")).status_code == 200


async def test_a_bug_of_ours_tells_nothing_about_itself(house: House) -> None:
    """An unexpected error is a problem body without a traceback, with the headers of every answer."""
    house.history.broken = RuntimeError("secret detail")
    async with house.open() as client:
        answer = await client.get("/api/v1/history")
    assert "secret" not in assert_problem(answer, 500)["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=many", "limit=", "limit=1&before=" + "x" * 201])
async def test_a_query_that_makes_no_sense_is_refused(client: httpx2.AsyncClient, query: str) -> None:
    """The answer names each wrong part of the request."""
    body = assert_problem(await client.get(f"/api/v1/history?{query}"), 422)
    assert body["errors"][0]["where"].startswith("query.")
    assert body["errors"][0]["where"] in body["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api/v1/status/",
        "//api/v1/status",
        "/API/v1/status",
        "/api/v1/models/operations/..%2f..%2fstatus",
        "/api/v1/models/operations/a/b",
        "/docs/../../etc/passwd",
        "/api/v1/%00",
        "/api/v1/models/operations/%ff%fe",
    ],
)
async def test_tricks_with_paths_lead_nowhere(client: httpx2.AsyncClient, path: str) -> None:
    """A path is taken as it is written; what is none of ours is 404, as a problem body."""
    request = client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    assert_problem(await client.send(request), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/status"), ("PUT", "/healthz"), ("GET", "/api/v1/plan/approve"), ("POST", "/docs")],
)
async def test_a_method_that_an_address_does_not_take(client: httpx2.AsyncClient, method: str, path: str) -> None:
    """The answer says which methods it takes."""
    answer = await client.request(method, path, headers={"Content-Type": "application/json"})
    assert_problem(answer, 405)
    assert answer.headers["allow"]


@pytest.mark.parametrize("path", [*LISTS, "/healthz", "/readyz", "/metrics", "/docs", "/", "/openapi.json", "/nothing"])
@pytest.mark.parametrize("again", [False, True])
async def test_every_answer_is_hardened(client: httpx2.AsyncClient, path: str, *, again: bool) -> None:
    """No answer may be sniffed, framed, embedded or scripted by a page elsewhere, whatever its status."""
    answer = await client.get(path)
    if again:
        answer = await client.get(path, headers={"If-None-Match": answer.headers.get("etag", "")})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert "access-control-allow-origin" not in answer.headers


async def test_the_daemon_is_healthy_while_its_loops_run(house: House) -> None:
    """Health is that of the loops, and the answer says which of them hangs."""
    async with house.open() as client:
        well = await client.get("/healthz")
        house.commands.sick = "The loop of ollama has not run since 11:58."
        ill = await client.get("/healthz")
    assert (well.status_code, well.json()) == (200, {"healthy": True})
    assert assert_problem(ill, 503)["detail"] == "The loop of ollama has not run since 11:58."


async def test_the_daemon_is_ready_when_everything_is_as_the_file_says(house: House) -> None:
    """Readiness is that of the runtimes; the reasons are told one by one and in a sentence."""
    async with house.open() as client:
        waiting = await client.get("/readyz")
        house.hub.publish(snapshot(runtime(spec("a"), observation(installed("a"))), version=2))
        ready = await client.get("/readyz")
    body = assert_problem(waiting, 503)
    assert body["reasons"] == ["ollama: qwen2.5:7b: declared, not installed"]
    assert body["reasons"][0] in body["detail"]
    assert (ready.status_code, ready.json()) == (200, {"ready": True})


async def test_the_page_of_routes_loads_nothing(client: httpx2.AsyncClient) -> None:
    """The page lists every route, has no script, and its policy allows its one style alone."""
    page = await client.get("/docs")
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "style-src 'sha256-" in page.headers["content-security-policy"]
    for path, methods in paths.items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page.text


async def test_a_password_in_an_address_is_not_told(client: httpx2.AsyncClient) -> None:
    """The address of a runtime is shown without the credentials that it holds, everywhere."""
    for path in (*LISTS, "/metrics", "/docs"):
        assert "secret" not in (await client.get(path)).text

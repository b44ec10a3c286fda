"""Answers that go wrong, and the small calls of the stand-in."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.conftest import OllamaClient, eventually
from venom_modeld.sandbox import Sandbox
from venom_modeld.sandbox.faults import Answer, Failure
from venom_modeld.sandbox.names import parse_name

MODEL = "qwen3:0.6b"
LISTS = pytest.mark.parametrize("path", ["/api/tags", "/api/ps"])


@LISTS
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("garbage", "<html><body>502 Bad Gateway</body></html>"),
        ("wrong", '{"models": "none"}'),
        ("null", '{"models":null}'),
        ("truncated", '{"mode'),
    ],
)
async def test_lists_that_are_wrong(sandbox: Sandbox, ollama: OllamaClient, path: str, kind: Answer, body: str) -> None:
    """The status is 200, and the body is not what it should be; other paths are as ever."""
    sandbox.faults.answers = {path: kind}
    answer = await ollama.http.get(path)
    assert (answer.status_code, answer.text) == (200, body)
    assert (await ollama.http.get("/api/version")).status_code == 200


@LISTS
async def test_a_list_that_breaks_off(sandbox: Sandbox, ollama: OllamaClient, path: str) -> None:
    """The connection is closed before as many bytes came as were announced."""
    sandbox.faults.answers = {path: "cut"}
    with pytest.raises(httpx2.TransportError):
        await ollama.http.get(path)


async def test_statuses_for_the_next_requests(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A failure answers as often as it says, to the paths that it names."""
    sandbox.faults.failures = [Failure(path="/api/t*", status=503, times=2), Failure(path="/api/ps")]
    assert [(await ollama.http.get("/api/tags")).status_code for _ in range(3)] == [503, 503, 200]
    assert [(await ollama.http.get("/api/ps")).status_code for _ in range(2)] == [500, 200]


async def test_requests_that_are_never_answered(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The connection stays open and silent."""
    sandbox.faults.hang = ["/api/tags"]
    with pytest.raises(httpx2.ReadTimeout):
        await ollama.http.get("/api/tags", timeout=0.1)
    assert (await ollama.http.get("/api/ps")).status_code == 200


async def test_a_crash_ends_what_hangs(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A request that waits learns of a crash at once."""
    sandbox.faults.hang = ["/api/tags"]
    waiting = asyncio.create_task(ollama.tags())
    await eventually(lambda: sandbox.requests.count(path="/api/tags") == 1)
    await sandbox.crash()
    with pytest.raises(httpx2.TransportError):
        await waiting


async def test_slow_answers(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A latency holds every answer back, and leaving in the meantime is no harm."""
    sandbox.faults.latency = 0.3
    with pytest.raises(httpx2.ReadTimeout):
        await ollama.http.get("/api/tags", timeout=0.05)
    sandbox.faults.latency = 0.01
    assert (await ollama.http.get("/api/tags")).json() == {"models": []}


async def test_the_order_of_the_list_changes(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Models of the same second come in another order from call to call."""
    sandbox.install(*(place.removeprefix("library/") for place in sandbox.offered() if place.startswith("library/")))
    orders = {tuple(await ollama.tags()) for _ in range(10)}
    assert len(orders) > 1
    assert len({frozenset(order) for order in orders}) == 1


async def test_a_thousand_models(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The list holds as many models as there are."""
    sandbox.install(MODEL)
    [model] = sandbox.store.models.values()
    for number in range(999):
        sandbox.store.write(parse_name(f"copy{number}"), model.manifest)
    assert len(await ollama.tags()) == 1000


@pytest.mark.parametrize(
    ("path", "key"),
    [("/api/status", "cloud"), ("/api/experimental/model-recommendations", "recommendations")],
)
async def test_small_calls(ollama: OllamaClient, path: str, key: str) -> None:
    """What else a local server answers."""
    assert list((await ollama.http.get(path)).json()) == [key]


@pytest.mark.parametrize(
    ("headers", "status", "allowed"),
    [
        ({"Origin": "http://localhost:3000"}, 204, "http://localhost:3000"),
        ({"Origin": "vscode-webview://x"}, 204, "vscode-webview://x"),
        ({"Origin": "http://evil.example"}, 403, None),
        ({"Origin": "ftp://localhost"}, 403, None),
    ],
)
async def test_preflights(ollama: OllamaClient, headers: dict[str, str], status: int, allowed: str | None) -> None:
    """A browser is told whether a page may ask."""
    answer = await ollama.http.options("/api/pull", headers=headers)
    assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (status, allowed)


async def test_a_page_of_this_machine_may_read(ollama: OllamaClient) -> None:
    """The answer names the origin that was allowed."""
    answer = await ollama.http.get("/api/version", headers={"Origin": "http://127.0.0.1:3000"})
    assert answer.headers["access-control-allow-origin"] == "http://127.0.0.1:3000"


async def test_a_derived_model_of_what_must_be_pulled(ollama: OllamaClient) -> None:
    """`from` a model that is not there pulls it first."""
    lines = await ollama.lines("/api/create", model="own", **{"from": MODEL}, system="x")
    assert lines[0] == {"status": "pulling manifest"}
    assert lines[-1] == {"status": "success"}
    assert set(await ollama.tags()) == {MODEL, "own:latest"}


async def test_a_derived_model_inherits_parameters(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """New parameters are laid over those of the parent."""
    sandbox.install(MODEL)
    await ollama.lines("/api/create", model="own", **{"from": MODEL}, parameters={"top_k": 1})
    shown = (await ollama.post("/api/show", model="own")).json()["parameters"].split()
    assert shown[shown.index("top_k") + 1] == "1"
    assert shown[shown.index("temperature") + 1] == "0.6"


async def test_recreating_a_model_frees_what_only_it_had(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Layers of the old definition go."""
    sandbox.install(MODEL)
    for text in ("a" * 5000, "b"):
        await ollama.lines("/api/create", model="own", **{"from": MODEL}, system=text)
    await ollama.delete("own")
    digests = {layer.digest for model in sandbox.store.models.values() for layer in model.manifest.blobs}
    assert set(sandbox.store.blobs) == digests


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"from": "bad name"}, "invalid model name"),
        (
            {"from": MODEL, "parameters": [1]},
            "json: cannot unmarshal field parameters into Go value of type map[string]interface {}",
        ),
    ],
)
async def test_definitions_that_are_refused(ollama: OllamaClient, body: dict[str, Any], words: str) -> None:
    """A parent that is no name, and parameters that are no object."""
    answer = await ollama.post("/api/create", model="own", **body)
    assert (answer.status_code, answer.json()) == (400, {"error": words})


async def test_showing_what_is_no_name(ollama: OllamaClient) -> None:
    """An invalid name is refused."""
    answer = await ollama.post("/api/show", model="bad name")
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid model name"})


async def test_what_a_model_without_details_is_taken_for(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A model with nothing but weights has the default template and no parameters."""
    sandbox.publish("bare", size=10, template="", parameter_size="?")
    await ollama.pull("bare")
    shown = (await ollama.post("/api/show", model="bare")).json()
    assert shown["template"] == "{{ .Prompt }}"
    assert shown["model_info"]["general.parameter_count"] == 0
    assert "parameters" not in shown

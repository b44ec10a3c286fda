"""The control port."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.conftest import OllamaClient, eventually
from venom_modeld.sandbox import Sandbox
from venom_modeld.sandbox.faults import Faults

MODEL = "qwen3:0.6b"


async def test_the_addresses(sandbox: Sandbox, control: httpx2.AsyncClient) -> None:
    """The root tells where the servers are."""
    assert (await control.get("/")).json() == sandbox.addresses.as_json()


async def test_the_dial_is_set_field_by_field(sandbox: Sandbox, control: httpx2.AsyncClient) -> None:
    """A patch changes what it names, in place, and a delete turns everything off."""
    dial = sandbox.faults
    await control.patch("/faults", json={"rate": 5, "failures": [{"path": "/x", "status": 502, "times": 3}]})
    answer = (await control.patch("/faults", json={"answers": {"/api/tags": "cut"}})).json()
    assert (answer["rate"], answer["answers"]) == (5, {"/api/tags": "cut"})
    assert (dial.rate, dial.failures[0].status, dial.answers["/api/tags"]) == (5, 502, "cut")
    assert (await control.delete("/faults")).json() == Faults().as_json()
    assert sandbox.faults is dial


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"speed": 1}, "The fault dial has no speed."),
        ({"rate": "fast"}, "rate: Input should be a valid number, unable to parse string as a number"),
        ({"manifest": "explode"}, "manifest"),
        ({"manifest": 200}, "manifest"),
        ({"rate": 0}, "rate: Input should be greater than 0"),
        ({"latency": -1}, "latency: Input should be greater than or equal to 0"),
        (
            {"failures": [{"path": "/x", "status": 1}]},
            "failures.0.status: Input should be greater than or equal to 400",
        ),
        ([], "json: cannot unmarshal the body into an object"),
    ],
)
async def test_positions_that_do_not_exist(
    sandbox: Sandbox, control: httpx2.AsyncClient, body: Any, words: str
) -> None:
    """A wrong field or value is told, and nothing is changed."""
    answer = await control.patch("/faults", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert sandbox.faults == Faults()


async def test_requests_are_written_down(sandbox: Sandbox, control: httpx2.AsyncClient, ollama: OllamaClient) -> None:
    """Each request is there with its server, method, path, body, time and status, and can be picked."""
    await ollama.pull(MODEL, stream=False)
    await ollama.http.post("/api/show", content=b"{bad")
    [pull] = (await control.get("/requests", params={"path": "/api/pull"})).json()
    assert (pull["server"], pull["method"], pull["status"]) == ("ollama", "POST", 200)
    assert pull["body"] == {"model": MODEL, "stream": False}
    assert pull["time"] > 0
    [broken] = (await control.get("/requests", params={"path": "/api/show"})).json()
    assert (broken["body"], broken["status"]) == ("{bad", 400)
    asked = (await control.get("/requests", params={"server": "registry", "method": "GET"})).json()
    assert asked[0]["path"] == "/v2/library/qwen3/manifests/0.6b"
    assert [entry.path for entry in sandbox.requests][-1] == "/api/show"
    await control.delete("/requests")
    assert len(sandbox.requests) == 0
    assert (await control.get("/requests")).json() == []


async def test_the_registry_is_changed(control: httpx2.AsyncClient, ollama: OllamaClient) -> None:
    """Models are published, their tags moved and taken away."""
    body = {"name": "own:1", "size": 1000, "capabilities": ["completion", "vision"]}
    digest = (await control.post("/registry/publish", json=body)).json()["digest"]
    await ollama.pull("own:1")
    entry = (await ollama.tags())["own:1"]
    assert (entry["digest"], entry["capabilities"]) == (digest, ["completion", "vision"])
    for more in ({}, {"same_weights": True}):
        moved = (await control.post("/registry/move", json={"name": "own:1"} | more)).json()["digest"]
        assert moved != digest
        digest = moved
    assert (await control.get("/registry")).json()["library/own:1"] == digest
    await control.post("/registry/remove", json={"name": "own:1"})
    assert "library/own:1" not in (await control.get("/registry")).json()


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/registry/publish", {"name": "x"}, 400, "size: Field required"),
        ("/registry/publish", {"name": "bad name", "size": 1}, 400, '"bad name" is no name of a model.'),
        ("/registry/move", {"name": "nope"}, 404, "The registry of the sandbox has no nope; publish it first."),
        ("/registry/remove", {}, 400, 'Send a JSON object with "name".'),
        ("/install", {"name": "nope"}, 404, "The registry of the sandbox has no nope; publish it first."),
    ],
)
async def test_what_cannot_be_done(
    control: httpx2.AsyncClient, path: str, body: dict[str, Any], status: int, words: str
) -> None:
    """A mistake is answered with a sentence."""
    answer = await control.post(path, json=body)
    assert (answer.status_code, answer.json()) == (status, {"error": words})


async def test_ollama_is_stopped_crashed_and_started(
    sandbox: Sandbox, control: httpx2.AsyncClient, ollama: OllamaClient
) -> None:
    """The port is closed in between, and the same afterwards; the models stay."""
    await control.post("/install", json={"name": MODEL})
    await ollama.load(MODEL)
    assert (await control.post("/kill-runner", json={"name": MODEL})).json() == {"killed": True}
    for path, body in (("/stop", None), ("/crash", None), ("/crash", {"restart_after": 0.01})):
        await control.post(path, json=body)
        if body is None:
            with pytest.raises(httpx2.TransportError):
                await ollama.tags()
            state = (await control.get("/state")).json()
            assert (state["up"], state["loaded"], list(state["installed"])) == (False, [], [MODEL])
            await asyncio.gather(control.post("/start"), control.post("/start"))
        await eventually(lambda: sandbox.describe()["up"])
        assert list(await ollama.tags()) == [MODEL]


async def test_unknown_paths(control: httpx2.AsyncClient) -> None:
    """What does not exist is 404."""
    assert (await control.get("/nothing")).status_code == 404

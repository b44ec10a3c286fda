"""Models in memory."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conftest import OllamaClient, eventually
from venom_modeld.sandbox import Sandbox

MODEL = "qwen3:0.6b"
EMBEDDING = "nomic-embed-text:latest"
ONE_TOKEN = {"prompt": "hi", "raw": True, "stream": False, "options": {"num_predict": 1}}


@pytest.fixture(autouse=True)
def installed(sandbox: Sandbox) -> None:
    """Install some models without a pull."""
    sandbox.install(MODEL, "qwen3:0.6b-q4_K_M", "llama3.2:1b", "gemma3:270m", "smollm2:135m", EMBEDDING)


def expires(entry: dict[str, Any]) -> datetime:
    """Read when a model leaves the memory."""
    return datetime.fromisoformat(entry["expires_at"])


async def test_a_load_without_end(ollama: OllamaClient) -> None:
    """`keep_alive: -1` keeps a model until the year 2319, under the digest that the list shows."""
    answer = await ollama.load(MODEL)
    assert {**answer.json(), "created_at": ""} == {
        "model": MODEL,
        "created_at": "",
        "response": "",
        "done": True,
        "done_reason": "load",
    }
    entry = (await ollama.ps())[MODEL]
    assert expires(entry).year == 2319
    assert entry["digest"] == (await ollama.tags())[MODEL]["digest"]
    assert (entry["size_vram"], entry["context_length"]) == (0, 4096)
    assert "context_length" not in entry["details"]


async def test_a_generate_without_keep_alive_resets_the_pin(ollama: OllamaClient) -> None:
    """Any client's request sets the time anew, to five minutes where it says nothing."""
    await ollama.load(MODEL)
    await ollama.post("/api/generate", model=MODEL, prompt="hi", stream=False)
    entry = (await ollama.ps())[MODEL]
    left = expires(entry) - datetime.now(expires(entry).tzinfo)
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)


async def test_a_model_leaves_when_its_time_is_over(ollama: OllamaClient) -> None:
    """A short `keep_alive` ends by itself."""
    await ollama.load(MODEL, keep_alive="20ms")
    await asyncio.sleep(0.03)
    assert await ollama.ps() == {}


async def test_an_unload(ollama: OllamaClient) -> None:
    """`keep_alive: 0` without a prompt unloads, also what is not loaded; a missing model is 404."""
    await ollama.load(MODEL)
    for _ in range(2):
        answer = await ollama.load(MODEL, keep_alive=0)
        assert (answer.status_code, answer.json()["done_reason"]) == (200, "unload")
        assert await ollama.ps() == {}
    assert (await ollama.load("nope", keep_alive=0)).status_code == 404
    assert (await ollama.load("bad name")).json() == {"error": "model 'bad name' not found"}


async def test_the_fourth_model_drives_one_out(ollama: OllamaClient) -> None:
    """Three models fit; the fourth evicts one, pinned or not, and first the one kept for the shortest time."""
    await ollama.load(MODEL)
    await ollama.load("llama3.2:1b", keep_alive="10m")
    await ollama.load("gemma3:270m")
    await ollama.load("smollm2:135m")
    assert set(await ollama.ps()) == {MODEL, "gemma3:270m", "smollm2:135m"}
    await ollama.load("llama3.2:1b")
    assert len(await ollama.ps()) == 3
    assert "llama3.2:1b" in await ollama.ps()


async def test_the_list_begins_with_what_stays_longest(ollama: OllamaClient) -> None:
    """The order is that of the end of their time."""
    for model, keep in ((MODEL, "10m"), ("llama3.2:1b", -1), ("gemma3:270m", "1h")):
        await ollama.load(model, keep_alive=keep)
    assert list(await ollama.ps()) == ["llama3.2:1b", "gemma3:270m", MODEL]


async def test_names_with_the_same_weights_share_a_runner(ollama: OllamaClient) -> None:
    """Only the first name is listed, and unloading the other one unloads it."""
    await ollama.post("/api/copy", source=MODEL, destination="alias")
    await ollama.load(MODEL)
    await ollama.load("alias", keep_alive="10m")
    [entry] = (await ollama.ps()).values()
    assert entry["name"] == MODEL
    assert expires(entry).year < 2319
    await ollama.load("alias", keep_alive=0)
    assert await ollama.ps() == {}


async def test_another_context_loads_the_weights_anew(ollama: OllamaClient) -> None:
    """A derived model with another `num_ctx` takes the place of the original; other words do not."""
    await ollama.lines("/api/create", model="small", **{"from": MODEL}, parameters={"num_ctx": 512})
    await ollama.lines("/api/create", model="pirate", **{"from": MODEL}, system="You are a pirate.")
    await ollama.load(MODEL)
    await ollama.load("pirate")
    assert list(await ollama.ps()) == [MODEL]
    await ollama.load("small")
    [entry] = (await ollama.ps()).values()
    assert (entry["name"], entry["context_length"]) == ("small:latest", 512)
    await ollama.load(MODEL, options={"num_ctx": 1024})
    [entry] = (await ollama.ps()).values()
    assert (entry["name"], entry["context_length"]) == (MODEL, 1024)


async def test_nothing_is_listed_while_a_model_loads(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The list is empty until the load is over."""
    sandbox.faults.load_delay = 0.3
    loading = asyncio.create_task(ollama.load(MODEL))
    await eventually(lambda: sandbox.describe()["loading"] == MODEL)
    assert await ollama.ps() == {}
    await loading
    assert list(await ollama.ps()) == [MODEL]


async def test_leaving_ends_a_load(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A client that leaves while its model loads leaves nothing behind, and the next load goes on."""
    sandbox.faults.load_delay = 30.0
    loading = asyncio.create_task(ollama.load(MODEL))
    await eventually(lambda: sandbox.describe()["loading"] == MODEL)
    loading.cancel()
    sandbox.faults.load_delay = 0.0
    assert (await ollama.load("gemma3:270m")).status_code == 200
    assert list(await ollama.ps()) == ["gemma3:270m"]


async def test_an_update_of_a_loaded_model_shows_at_the_next_load(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The old digest stays in memory after the pull, and the next load swaps it."""
    await ollama.load(MODEL)
    old = (await ollama.ps())[MODEL]["digest"]
    moved = sandbox.move_tag(MODEL)
    await ollama.pull(MODEL)
    assert (await ollama.ps())[MODEL]["digest"] == old
    await ollama.load(MODEL)
    assert [entry["digest"] for entry in (await ollama.ps()).values()] == [moved]


async def test_deleting_a_loaded_model(ollama: OllamaClient) -> None:
    """It stays in memory, and can no longer be unloaded by its name."""
    await ollama.load(MODEL)
    assert await ollama.delete(MODEL) == 200
    assert list(await ollama.ps()) == [MODEL]
    assert (await ollama.load(MODEL, keep_alive=0)).status_code == 404
    assert (await ollama.post("/api/generate", model=MODEL, prompt="hi")).status_code == 404


async def test_a_killed_runner_is_still_listed(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Nobody notices, and the next request starts another."""
    await ollama.load(MODEL)
    assert sandbox.kill_runner(MODEL)
    assert not sandbox.kill_runner("gemma3:270m")
    assert list(await ollama.ps()) == [MODEL]
    assert (await ollama.load(MODEL)).json()["done_reason"] == "load"
    assert list(await ollama.ps()) == [MODEL]


async def test_a_crash_empties_the_memory_and_keeps_the_disk(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """After a crash the models are there and none is loaded."""
    await ollama.load(MODEL)
    await sandbox.crash()
    assert (sandbox.loaded(), sandbox.pulling(), sandbox.kill_runner(MODEL)) == ([], [], False)
    await sandbox.start_ollama()
    assert await ollama.ps() == {}
    assert len(await ollama.tags()) == 6


async def test_a_load_that_fails(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The dial gives a reason for one model, or for all."""
    sandbox.faults.load_errors = {MODEL: "llama runner process has terminated: exit status 2"}
    answer = await ollama.load(MODEL)
    assert (answer.status_code, answer.json()) == (500, {"error": "llama runner process has terminated: exit status 2"})
    assert (await ollama.load("gemma3:270m")).status_code == 200
    sandbox.faults.load_errors = {"*": "no memory"}
    assert (await ollama.load("smollm2:135m")).json() == {"error": "no memory"}
    assert (await ollama.post("/api/embed", model=EMBEDDING, input="x")).json() == {"error": "no memory"}
    assert list(await ollama.ps()) == ["gemma3:270m"]


async def test_a_model_that_generates_nothing(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """It loads, is listed, and its answer counts no token."""
    sandbox.faults.load_silent = [MODEL, EMBEDDING]
    answer = (await ollama.load(MODEL, **ONE_TOKEN)).json()
    assert (answer["done"], answer["response"], answer["done_reason"]) == (True, "", "stop")
    assert "eval_count" not in answer
    assert (await ollama.post("/api/embed", model=EMBEDDING, input="x")).json()["embeddings"] == [[]]


async def test_one_token_proves_a_model(ollama: OllamaClient) -> None:
    """`num_predict: 1` answers with one token counted, and loads the model on the way."""
    answer = (await ollama.load(MODEL, **ONE_TOKEN)).json()
    assert (answer["done"], answer["done_reason"], answer["eval_count"]) == (True, "length", 1)
    assert answer["response"]
    assert expires((await ollama.ps())[MODEL]).year == 2319


async def test_tokens_come_line_by_line(ollama: OllamaClient) -> None:
    """A stream has a line for each token and a last one that counts them."""
    lines = await ollama.lines("/api/generate", model=MODEL, prompt="hi", options={"num_predict": 3})
    assert [line["done"] for line in lines] == [False, False, False, True]
    assert (lines[-1]["eval_count"], lines[-1]["response"]) == (3, "")
    spoken = await ollama.lines("/api/generate", model=MODEL, prompt="hi", keep_alive=0)
    assert spoken[-1]["done_reason"] == "stop"
    assert await ollama.ps() == {}


async def test_an_embedding_model(ollama: OllamaClient) -> None:
    """It refuses to generate, is loaded and proven by `embed`, and can be unloaded by either call."""
    answer = await ollama.load(EMBEDDING)
    assert (answer.status_code, answer.json()) == (400, {"error": f'"{EMBEDDING}" does not support generate'})
    answer = await ollama.post("/api/embed", model=EMBEDDING, input=["x", "y"], keep_alive=-1)
    assert [len(vector) for vector in answer.json()["embeddings"]] == [768, 768]
    assert expires((await ollama.ps())[EMBEDDING]).year == 2319
    assert (await ollama.load(EMBEDDING, keep_alive=0)).status_code == 200
    assert await ollama.ps() == {}
    await ollama.post("/api/embed", model=EMBEDDING, keep_alive=0)
    assert await ollama.ps() == {}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"keep_alive": "-1"}, 400, 'time: missing unit in duration "-1"'),
        ({"keep_alive": "forever"}, 400, 'time: invalid duration "forever"'),
        ({"options": {"temperature": "hot"}}, 500, 'option "temperature" must be of type float32'),
        (
            {"options": "hot"},
            400,
            "json: cannot unmarshal field options into Go value of type map[string]interface {}",
        ),
    ],
)
async def test_requests_that_are_refused(ollama: OllamaClient, body: dict[str, Any], status: int, words: str) -> None:
    """Wrong times are 400, and wrong options are found when the model loads."""
    answer = await ollama.post("/api/generate", model=MODEL, **body)
    assert (answer.status_code, answer.json()) == (status, {"error": words})


async def test_a_configuration_that_is_gone(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A model whose configuration is missing on disk is not listed and does not load."""
    model = next(iter(sandbox.store.models.values()))
    sandbox.store.drop_blob(model.manifest.config.digest)
    assert MODEL not in await ollama.tags()
    answer = await ollama.load(MODEL)
    assert answer.status_code == 500
    assert answer.json()["error"].endswith("no such file or directory")


async def test_weights_that_are_gone(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A model whose weights are missing on disk does not load."""
    model = next(iter(sandbox.store.models.values()))
    sandbox.store.drop_blob(model.manifest.layers[0].digest)
    answer = await ollama.load(MODEL)
    assert (answer.status_code, answer.json()) == (500, {"error": f"model {MODEL} has no weights on disk"})
    unload = await ollama.load(MODEL, keep_alive=0)
    assert unload.status_code == 200

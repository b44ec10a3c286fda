"""What a client of Ollama may rely on when it loads models, held against the sandbox and against a live server."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.conftest import COPY, MISSING, Subject

ONE_TOKEN = {"prompt": "hi", "raw": True, "options": {"num_predict": 1}, "stream": False}


def expires(entry: dict[str, Any]) -> datetime:
    """Read when a model leaves the memory."""
    return datetime.fromisoformat(entry["expires_at"])


async def test_a_load_and_an_unload(subject: Subject) -> None:
    """A load without end reaches far beyond our time; an unload empties the memory at once."""
    answer = (await subject.ollama.load(subject.model)).json()
    assert (answer["model"], answer["response"], answer["done"], answer["done_reason"]) == (
        subject.model,
        "",
        True,
        "load",
    )
    entry = (await subject.ollama.ps())[subject.model]
    assert expires(entry).year > 2300
    assert entry["digest"] == (await subject.ollama.tags())[subject.model]["digest"]
    assert {"size", "size_vram", "context_length", "details"} <= set(entry)
    for _ in range(2):
        answer = (await subject.ollama.load(subject.model, keep_alive=0)).json()
        assert (answer["done"], answer["done_reason"]) == (True, "unload")
        assert subject.model not in await subject.ollama.ps()


@pytest.mark.parametrize("keep", [-1, 0])
async def test_loading_what_is_not_there(subject: Subject, keep: int) -> None:
    """A missing model can be neither loaded nor unloaded."""
    answer = await subject.ollama.load(MISSING, keep_alive=keep)
    assert (answer.status_code, answer.json()) == (404, {"error": f"model '{MISSING}' not found"})


@pytest.mark.parametrize(
    ("keep", "words"),
    [("-1", 'time: missing unit in duration "-1"'), ("forever", 'time: invalid duration "forever"')],
)
async def test_times_that_are_refused(subject: Subject, keep: str, words: str) -> None:
    """A number as a word has no unit."""
    answer = await subject.ollama.load(subject.model, keep_alive=keep)
    assert (answer.status_code, answer.json()) == (400, {"error": words})


async def test_a_time_with_a_unit_below_zero_is_for_ever(subject: Subject) -> None:
    """`-1m` pins a model as -1 does."""
    await subject.ollama.load(subject.model, keep_alive="-1m")
    assert expires((await subject.ollama.ps())[subject.model]).year > 2300


async def test_any_client_resets_the_pin(subject: Subject) -> None:
    """A generate without `keep_alive` leaves five minutes."""
    await subject.ollama.load(subject.model)
    await subject.ollama.post("/api/generate", model=subject.model, prompt="hi", options={"num_predict": 1})
    end = expires((await subject.ollama.ps())[subject.model])
    assert end - datetime.now(end.tzinfo) <= timedelta(minutes=5)


async def test_one_token_proves_a_model(subject: Subject) -> None:
    """The answer counts one token, and the model stays loaded."""
    answer = (await subject.ollama.load(subject.model, **ONE_TOKEN)).json()
    assert (answer["done"], answer["done_reason"], answer["eval_count"]) == (True, "length", 1)
    assert isinstance(answer["response"], str)
    assert expires((await subject.ollama.ps())[subject.model]).year > 2300


async def test_tokens_in_a_stream(subject: Subject) -> None:
    """The last line is done and counts the tokens; the ones before are not done."""
    lines = await subject.ollama.lines(
        "/api/generate", model=subject.model, prompt="hi", raw=True, options={"num_predict": 3}
    )
    assert [line["done"] for line in lines][-1] is True
    assert not any(line["done"] for line in lines[:-1])
    assert lines[-1]["eval_count"] <= 3


async def test_names_with_the_same_weights_share_a_runner(subject: Subject) -> None:
    """Only the name that came first is listed, and unloading the other one unloads it."""
    await subject.ollama.post("/api/copy", source=subject.model, destination=COPY)
    await subject.ollama.load(subject.model)
    await subject.ollama.load(COPY)
    listed = set(await subject.ollama.ps())
    assert subject.model in listed
    assert f"{COPY}:latest" not in listed
    await subject.ollama.load(COPY, keep_alive=0)
    assert subject.model not in await subject.ollama.ps()


async def test_another_context_takes_the_place_of_the_original(subject: Subject) -> None:
    """A derived model with another `num_ctx` needs another runner of the same weights."""
    await subject.ollama.lines("/api/create", model=COPY, **{"from": subject.model}, parameters={"num_ctx": 512})
    await subject.ollama.load(subject.model)
    await subject.ollama.load(COPY)
    loaded = await subject.ollama.ps()
    assert subject.model not in loaded
    assert loaded[f"{COPY}:latest"]["context_length"] == 512


async def test_deleting_a_loaded_model_leaves_it_in_memory(subject: Subject) -> None:
    """It is still listed, and can no longer be unloaded by its name."""
    await subject.ollama.post("/api/copy", source=subject.model, destination=COPY)
    await subject.ollama.load(COPY)
    assert await subject.ollama.delete(COPY) == 200
    assert f"{COPY}:latest" in await subject.ollama.ps()
    assert (await subject.ollama.load(COPY, keep_alive=0)).status_code == 404

"""What the driver relies on in the answers of a vLLM, held against the stand-in and, given an address, a real one.

`VLLM_CONTRACT_URL` is the address of a vLLM that generates, without a key. Where it was started for adapters,
`VLLM_CONTRACT_ADAPTER` and `VLLM_CONTRACT_WRONG_ADAPTER` are folders on its host: one that fits its model, and one of
too large a rank. Nothing stays changed there.
"""

import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.conftest import PLAIN
from tests.runtimes.vllm.conftest import MakeClient
from tests.sandbox.vllm.conftest import Command, command

__all__ = ["command"]

URL = os.environ.get("VLLM_CONTRACT_URL", "")
LIVE = [pytest.param("live", marks=pytest.mark.live)] if URL else []
ADAPTER = "venom-contract-adapter"
NOWHERE = "/no/such/folder"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One server, and folders on its host with an adapter that fits and one that does not."""

    http: httpx2.AsyncClient
    adapter: str | None
    wrong: str | None

    async def listed(self) -> list[dict[str, Any]]:
        """Return what it serves."""
        data: list[dict[str, Any]] = (await self.http.get("/v1/models")).json()["data"]
        return data

    async def name(self) -> str:
        """Return the first name of its model."""
        return str((await self.listed())[0]["id"])

    async def load(self, name: str, path: str, **more: Any) -> httpx2.Response:
        """Load an adapter."""
        return await self.http.post("/v1/load_lora_adapter", json={"lora_name": name, "lora_path": path, **more})

    async def unload(self, name: str) -> int:
        """Unload an adapter; gives the status."""
        return (await self.http.post("/v1/unload_lora_adapter", json={"lora_name": name})).status_code


@asynccontextmanager
async def subject_at(url: str, *, adapter: str | None, wrong: str | None) -> AsyncIterator[Subject]:
    """Connect to a server."""
    async with httpx2.AsyncClient(base_url=url, timeout=60.0, verify=PLAIN) as http:
        yield Subject(http=http, adapter=adapter, wrong=wrong)


@pytest.fixture(params=["stand-in", *LIVE])
async def subject(request: pytest.FixtureRequest, command: Command) -> AsyncIterator[Subject]:
    """Give a server."""
    if request.param == "live":
        adapters = (os.environ.get(f"VLLM_CONTRACT_{word}") for word in ("ADAPTER", "WRONG_ADAPTER"))
        async with subject_at(URL, **dict(zip(("adapter", "wrong"), adapters, strict=True))) as made:
            yield made
        return
    for name, rank in (("fits", 8), ("wrong", 64)):
        (command.folder / name).mkdir()
        (command.folder / name / "adapter_config.json").write_text(json.dumps({"r": rank}), encoding="utf-8")
    names = ("--served-model-name", "tiny", "default")
    await command.ready(*names, "--enable-lora", VLLM_ALLOW_RUNTIME_LORA_UPDATING="True")
    adapter, wrong = (str(command.folder / name) for name in ("fits", "wrong"))
    async with subject_at(command.url, adapter=adapter, wrong=wrong) as made:
        yield made


async def test_health_is_an_empty_answer(subject: Subject) -> None:
    """Its status is all there is to read."""
    answer = await subject.http.get("/health")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_the_version_is_told(subject: Subject) -> None:
    """As a word with numbers."""
    assert re.match(r"\d+\.\d+", (await subject.http.get("/version")).json()["version"])


async def test_every_name_of_the_model_is_listed_with_what_was_to_be_served(subject: Subject) -> None:
    """No name is a parent of another."""
    listed = await subject.listed()
    assert listed
    assert len({one["root"] for one in listed}) == 1
    assert {one["parent"] for one in listed} == {None}
    assert all(isinstance(one["max_model_len"], int) for one in listed)


async def test_one_token_is_counted(subject: Subject) -> None:
    """Under every name."""
    for entry in await subject.listed():
        body = {"model": entry["id"], "prompt": "hi", "max_tokens": 1}
        answer = await subject.http.post("/v1/completions", json=body)
        assert (answer.status_code, answer.json()["usage"]["completion_tokens"]) == (200, 1)


async def test_a_model_that_is_not_served_is_not_found(subject: Subject) -> None:
    """The message names it."""
    answer = await subject.http.post("/v1/completions", json={"model": "no/such", "prompt": "hi", "max_tokens": 1})
    assert answer.status_code == 404
    assert "no/such" in answer.json()["error"]["message"]


async def test_a_model_that_generates_makes_no_vectors(subject: Subject) -> None:
    """It says so by a status that is no failure of the server."""
    answer = await subject.http.post("/v1/embeddings", json={"model": await subject.name(), "input": "hi"})
    assert 400 <= answer.status_code < 500


async def test_the_metrics_say_how_busy_it_is(subject: Subject, client: MakeClient) -> None:
    """The client of the daemon finds all three of them; nobody asks anything now."""
    load = await client(str(subject.http.base_url)).load()
    assert (load.running, load.waiting) == (0, 0)
    assert load.cache_use is not None
    assert 0 <= load.cache_use <= 1


async def test_an_adapter_is_loaded_replaced_and_unloaded(subject: Subject) -> None:
    """It is listed as a child of the first name, with its folder, and generates under its own name."""
    if subject.adapter is None:
        pytest.skip("no adapter is named for that server")
    name = await subject.name()
    try:
        answer = await subject.load(ADAPTER, subject.adapter)
        assert (answer.status_code, answer.text[:8]) == (200, "Success:")
        (entry,) = (one for one in await subject.listed() if one["id"] == ADAPTER)
        assert (entry["parent"], entry["root"]) == (name, subject.adapter)
        body = {"model": ADAPTER, "prompt": "hi", "max_tokens": 1}
        answer = await subject.http.post("/v1/completions", json=body)
        assert (answer.status_code, answer.json()["usage"]["completion_tokens"]) == (200, 1)
        assert (await subject.load(ADAPTER, subject.adapter)).status_code == 400
        assert (await subject.load(ADAPTER, subject.adapter, load_inplace=True)).status_code == 200
    finally:
        assert await subject.unload(ADAPTER) == 200
    assert await subject.unload(ADAPTER) == 404
    assert ADAPTER not in {one["id"] for one in await subject.listed()}


async def test_adapters_that_cannot_be_loaded_are_refused(subject: Subject) -> None:
    """One that is not there, and one whose rank is too large; both answers are read alike."""
    if subject.adapter is None or subject.wrong is None:
        pytest.skip("no adapters are named for that server")
    absent = await subject.load(ADAPTER, NOWHERE)
    assert absent.status_code == 404
    large = await subject.load(ADAPTER, subject.wrong)
    assert large.status_code == 500
    assert re.search(r"rank \d+ is greater than max_lora_rank", large.json()["error"]["message"])
    assert ADAPTER not in {one["id"] for one in await subject.listed()}

"""A client that knows Venom's page and nothing more works against the real daemon."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
import yaml

from tests.acceptance.conftest import DEADLINE, House, Json, a_house
from tests.conftest import PLAIN

A, B, C, HUB = "qwen3:0.6b", "llama3.2:1b", "gemma3:270m", "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M"

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]


class Venom:
    """The calls of the page, each reading the fields that the page reads and no other."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def _get(self, path: str) -> Json:
        answer = await self.http.get(path)
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    async def _post(self, path: str, body: Json) -> Json:
        answer = await self.http.post(path, json=body)
        found: Json = answer.json()
        return found if answer.is_success else {"failed": found["detail"]}

    async def models(self) -> Json:
        """List the installed models: by provider, and in one list; the active one by name."""
        body = await self._get("/api/v1/models")
        rows = [row for bucket in body["providers"].values() for row in bucket]
        assert {row["name"] for row in rows} == {row["name"] for row in body["models"]}
        assert all(row["size_gb"] is None or row["size_gb"] > 0 for row in rows)
        by_provider = {provider: {row["name"] for row in bucket} for provider, bucket in body["providers"].items()}
        marked = [row["name"] for row in rows if row["active"]]
        active = body["active"]
        return {"by_provider": by_provider, "marked": marked, "active": (active["provider"], active["model"])}

    async def offers(self, call: str, provider: str, **query: str) -> Json:
        """List what a catalogue offers."""
        body = await self._get(f"/api/v1/models/{call}?{httpx2.QueryParams(provider=provider, **query)}")
        return {
            "names": [entry["model_name"] for entry in body["models"]],
            "stale": body["stale"],
            "error": body["error"],
        }

    async def install(self, name: str, provider: str, runtime: str) -> Json:
        """Install what a card offers."""
        body = {"name": name, "provider": provider, "runtime": runtime}
        return await self._post("/api/v1/models/registry/install", body)

    async def remove(self, name: str) -> bool:
        """Remove a model by its name, encoded whole; no body, no headers."""
        answer = await self.http.delete(f"/api/v1/models/registry/{quote(name, safe='')}")
        assert isinstance(answer.json(), dict)
        return answer.is_success

    async def activate(self, path: str, body: Json) -> str | None:
        """Make a model the active one; gives its name as the page shows it, or the reason why not."""
        answer = await self._post(path, body)
        found = answer["failed"] if "failed" in answer else answer["active_model"]
        return None if found is None else str(found)

    async def operation(self, id_: str) -> Json:
        """Read one operation."""
        found: Json = (await self._get(f"/api/v1/models/operations/{id_}"))["operation"]
        return found

    async def operations(self) -> list[Json]:
        """List the latest operations."""
        body = await self._get("/api/v1/models/operations?limit=20")
        for one in body["operations"]:
            assert one["operation_id"]
            assert one["status"] in ("pending", "in_progress", "completed", "failed", "cancelled")
            assert one["progress"] is None or 0 <= one["progress"] <= 100
        found: list[Json] = body["operations"]
        return found

    async def runtimes(self) -> Json:
        """List the runtimes and what each can serve."""
        body = await self._get("/api/v1/system/llm-runtime/options")
        assert body["model_catalog"]["trainable_models"] == []
        return {
            one["runtime_id"]: (one["status"], {model["name"] for model in one["models"] if model["chat_compatible"]})
            for one in body["runtimes"]
        }

    async def server(self) -> tuple[str | None, str | None]:
        """Tell which server serves which model."""
        body = await self._get("/api/v1/system/llm-servers/active")
        return body["active_server"], body["active_model"]


@pytest.fixture
def venom(house: House) -> Venom:
    """Give a client of the running daemon."""
    return Venom(house.daemon.client)


async def ended(venom: Venom, id_: str) -> list[Json]:
    """Follow an operation by the id that its call was answered with; gives all that was seen of it."""
    seen: list[Json] = []
    async with asyncio.timeout(DEADLINE):
        while not seen or seen[-1]["status"] in ("pending", "in_progress"):
            seen.append(await venom.operation(id_))
            await asyncio.sleep(0.01)
    return seen


async def until(ask: Callable[[], Any], truth: Callable[[Any], bool]) -> Any:
    """Ask as a page does, again and again, until the answer is as wanted."""
    async with asyncio.timeout(DEADLINE):
        while not truth(found := await ask()):  # noqa: ASYNC110 - the page knows of no events
            await asyncio.sleep(0.02)
    return found


def house_loaded(house: House) -> Callable[[], Any]:
    """Return what tells which models are in memory."""

    async def loaded() -> list[str]:
        return house.sandbox.loaded()

    return loaded


async def test_a_model_is_installed_activated_and_removed(house: House, venom: Venom) -> None:
    """The id of the installation works from its call to its end, with progress that only grows."""
    await house.furnish(A, active=A)
    house.sandbox.faults.rate = 300e6
    told = await venom.install(C, "ollama", "ollama")
    assert told["success"] is True
    assert told["message"]
    seen = await ended(venom, told["operation_id"])
    assert (seen[-1]["status"], seen[-1]["model_name"], seen[-1]["operation_type"]) == ("completed", C, "install")
    progress = [one["progress"] for one in seen if one["progress"] is not None]
    assert progress == sorted(progress)
    assert progress[-1] == 100
    assert any(0 < one < 100 for one in progress)
    assert (await venom.models())["by_provider"]["ollama"] == {A, C}

    assert await venom.activate("/api/v1/models/activate", {"name": C, "runtime": "ollama"}) == C
    await until(venom.models, lambda now: now["marked"] == [C])
    assert (await venom.models())["active"] == ("ollama", C)
    assert await venom.server() == ("ollama", C)
    assert await venom.activate("/api/v1/models/switch", {"name": A}) == A
    await until(house_loaded(house), lambda names: names == [A])

    assert await venom.remove(C)
    await until(venom.models, lambda now: now["by_provider"]["ollama"] == {A})
    assert yaml.safe_load(house.file.read_text())["runtimes"]["ollama"]["models"] == [A]


async def test_names_with_slashes_and_colons_go_through(house: House, venom: Venom) -> None:
    """GGUF files of Hugging Face are served by Ollama, and stand in their provider's list."""
    await house.furnish(A, active=A)
    told = await venom.install(HUB, "huggingface", "ollama")
    assert (await ended(venom, told["operation_id"]))[-1]["status"] == "completed"
    assert (await venom.models())["by_provider"] == {"ollama": {A}, "huggingface": {HUB}}
    server = {"server_name": "ollama", "model": HUB}
    assert await venom.activate("/api/v1/system/llm-servers/active", server) == HUB
    assert await venom.activate("/api/v1/system/llm-servers/active", {"server_name": "ollama", "model": A}) == A
    assert await venom.remove(HUB)
    await until(venom.models, lambda now: now["by_provider"] == {"ollama": {A}, "huggingface": set()})


async def test_a_model_that_nobody_declared_can_be_activated(house: House, venom: Venom) -> None:
    """The page lists it as installed and offers that; the file names it from then on."""
    await house.furnish(A, active=A)
    await house.ollama.pull(B)
    await until(venom.models, lambda now: B in now["by_provider"]["ollama"])
    assert await venom.activate("/api/v1/models/activate", {"name": B, "runtime": "ollama"}) == B
    await house.converged()
    assert house.sandbox.loaded() == [B]
    assert yaml.safe_load(house.file.read_text())["runtimes"]["ollama"]["models"] == [A, B]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (
            "/api/v1/models/activate",
            {"name": "nothing:1b", "runtime": "ollama"},
            "does not declare nothing:1b on ollama",
        ),
        ("/api/v1/models/switch", {"name": "nothing:1b"}, "does not declare nothing:1b"),
        ("/api/v1/system/llm-servers/active", {"server_name": "vllm"}, "there is no runtime vllm"),
    ],
)
async def test_a_failure_has_its_reason_in_detail(
    house: House, venom: Venom, path: str, body: Json, words: str
) -> None:
    """The page shows it as it is."""
    await house.furnish(A, active=A)
    assert words in str(await venom.activate(path, body))


async def test_a_failed_installation_has_its_reason_in_message(house: House, venom: Venom) -> None:
    """The page shows the message of an operation alone."""
    await house.furnish(A, active=A)
    told = await venom.install("nothing:1b", "ollama", "ollama")
    operation = (await ended(venom, told["operation_id"]))[-1]
    assert operation["status"] == "failed"
    assert "nothing:1b" in operation["message"]
    assert any(one["operation_id"] == operation["operation_id"] for one in await venom.operations())
    assert await venom.remove("nothing:1b")


async def test_an_outage_keeps_the_lists(house: House, venom: Venom) -> None:
    """A runtime that is gone is `offline` with its last known models; the calls themselves succeed."""
    await house.furnish(A, active=A)
    await house.sandbox.stop_ollama()
    gone = await until(venom.runtimes, lambda now: now["ollama"][0] == "offline")
    assert gone["ollama"][1] == {A}
    assert (await venom.models())["by_provider"]["ollama"] == {A}
    assert (await venom.install(B, "ollama", "ollama"))["success"] is True
    await house.sandbox.start_ollama()
    await house.converged()
    assert set(house.sandbox.installed()) == {A, B}


@pytest.mark.parametrize(
    ("call", "query"), [("trending", {}), ("providers", {}), ("search", {"query": "qwen"})], ids=str
)
@pytest.mark.parametrize("provider", ["ollama", "huggingface"])
async def test_without_the_internet_lists_are_stale_with_a_reason(
    house: House, venom: Venom, call: str, query: dict[str, str], provider: str
) -> None:
    """It is 200 in any case."""
    found = await venom.offers(call, provider, **query)
    assert found["stale"] is True
    assert isinstance(found["error"], str)


async def test_edits_that_are_off_say_what_to_commit(tmp_path: Path) -> None:
    """The page shows the detail; the file is left to whoever owns it."""
    async with a_house(tmp_path) as house:
        house.set(API_EDITS="off")
        house.declare(A, active=A)
        before = house.file.read_bytes()
        await house.start()
        venom = Venom(httpx2.AsyncClient(base_url=house.daemon.address, timeout=DEADLINE, verify=PLAIN))
        async with venom.http:
            told = await venom.install(B, "ollama", "ollama")
            assert not await venom.remove(A)
    assert told["failed"].startswith("api.edits is off, because something else owns the file. Commit this instead:")
    assert B in told["failed"]
    assert house.file.read_bytes() == before

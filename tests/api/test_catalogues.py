"""What the catalogues offer, over HTTP."""

from dataclasses import replace
from typing import Any

import pytest

from tests.api.builder import NOON, installed, observation, runtime, snapshot, spec
from tests.api.conftest import House
from tests.api.fakes import FakeCatalogue
from tests.api.test_reading import assert_problem
from venom_modeld.core.catalogue import CatalogueAnswer, Entry
from venom_modeld.core.names import Provider
from venom_modeld.core.observed import Disk

LLAMA = Entry(
    provider=Provider.OLLAMA,
    model_name="llama3.2",
    display_name="llama3.2",
    runtime="ollama",
    size_bytes=2_020_000_000,
    tags=("tools",),
    downloads=43_100_000,
    description="Meta's small models.",
    capabilities=("tools",),
    sizes=("1b", "3b"),
    updated_at=NOON - 86_400,
    url="https://ollama.com/library/llama3.2",
)
ENTRIES = (
    LLAMA,
    replace(LLAMA, model_name="Mistral", size_bytes=None),
    replace(LLAMA, model_name="hf.co/a/b-GGUF:Q4_K_M", size_bytes=10**13, gated=True),
    replace(LLAMA, model_name="phi:14b"),
    replace(LLAMA, model_name="Qwen/Qwen3-0.6B", runtime="vllm", provider=Provider.HUGGINGFACE),
)

CALLS = {
    "trending": "/api/v1/models/trending?provider=ollama",
    "available": "/api/v1/models/providers?provider=ollama",
    "search": "/api/v1/models/search?provider=ollama&query=llama",
    "tags": "/api/v1/models/tags?provider=ollama&name=llama3.2",
}


@pytest.fixture
def offering(house: House) -> House:
    """Furnish an application with a catalogue, and a runtime that has some of it."""
    observed = observation(installed("llama3.2:3b"), installed("mistral:latest"))
    observed = replace(observed, disk=Disk(path="/srv", free_bytes=10**10, total_bytes=10**12))
    first = runtime(spec("phi:14b", "llama3.2:1b"), observed)
    house.hub.publish(snapshot(first, runtime(spec(name="unasked")), version=2))
    house.catalogue = FakeCatalogue(CatalogueAnswer(entries=ENTRIES, fetched_at=NOON - 60))
    return house


@pytest.mark.parametrize(("listing", "path"), CALLS.items())
async def test_each_call_asks_for_its_listing(offering: House, listing: str, path: str) -> None:
    """Every entry has every field, and an answer that the caller has is not sent again."""
    async with offering.open() as client:
        answer = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    body = answer.json()
    assert offering.catalogue.asked[0][:2] == (listing, "ollama")
    assert again.status_code == 304
    models = body.pop("models")
    assert body == {
        "success": True,
        "provider": "ollama",
        "count": 5,
        "stale": False,
        "error": None,
        "fetched_at": "2026-03-01T11:59:00.000Z",
    }
    assert models[0] == {
        "provider": "ollama",
        "model_name": "llama3.2",
        "display_name": "llama3.2",
        "size_gb": 2.02,
        "size_bytes": 2_020_000_000,
        "runtime": "ollama",
        "tags": ["tools"],
        "downloads": 43_100_000,
        "likes": None,
        "description": "Meta's small models.",
        "capabilities": ["tools"],
        "sizes": ["1b", "3b"],
        "updated_at": "2026-02-28T12:00:00.000Z",
        "url": "https://ollama.com/library/llama3.2",
        "gated": False,
        "installed": True,
        "declared": True,
        "fits": True,
    }


@pytest.mark.parametrize(
    ("name", "there", "declared", "fits"),
    [
        ("llama3.2", True, True, True),
        ("Mistral", True, False, None),
        ("hf.co/a/b-GGUF:Q4_K_M", False, False, False),
        ("phi:14b", False, True, True),
        ("Qwen/Qwen3-0.6B", False, False, None),
    ],
)
async def test_a_badge_tells_what_the_runtimes_have(
    offering: House, name: str, there: bool, declared: bool, fits: bool | None
) -> None:
    """A card without a tag stands for all versions; only runtimes that can serve it count."""
    async with offering.open() as client:
        models = (await client.get(CALLS["trending"])).json()["models"]
    entry = next(model for model in models if model["model_name"] == name)
    assert (entry["installed"], entry["declared"], entry["fits"]) == (there, declared, fits)


@pytest.mark.parametrize("path", CALLS.values())
async def test_an_outage_of_a_catalogue_is_no_error_of_ours(house: House, path: str) -> None:
    """It gives 200, whatever is known, and the reason in words."""
    async with house.open() as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["models"], body["stale"], body["fetched_at"]) == ([], True, None)
    assert body["error"] == "There is no data yet."


@pytest.mark.parametrize("path", CALLS.values())
async def test_a_limit_is_kept(offering: House, path: str) -> None:
    """No more entries are listed than are asked for."""
    async with offering.open() as client:
        assert (await client.get(f"{path}&limit=2")).json()["count"] == 2
        assert_problem(await client.get(f"{path}&limit=0"), 422)


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("trending", "query.provider"),
        ("trending?provider=nobody", "query.provider"),
        ("search?provider=ollama", "query.query"),
        ("search?provider=ollama&query=a", "query.query"),
        ("search?provider=ollama&query=" + "a" * 97, "query.query"),
        ("search?provider=ollama&query=%20%20", "query"),
        ("tags?provider=ollama&name=%20%20", "name"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(offering: House, path: str, where: str) -> None:
    """The answer names what is wrong, and no catalogue is asked."""
    async with offering.open() as client:
        body: dict[str, Any] = assert_problem(await client.get(f"/api/v1/models/{path}"), 422)
    assert where in body["detail"]
    assert offering.catalogue.asked == []

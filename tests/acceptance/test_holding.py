"""What was reached is kept, and what goes wrong on the way is mended or told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.acceptance.conftest import House, Json
from tests.conftest import QUICK, eventually
from venom_modeld.sandbox import Sandbox

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

A, B, C, D = "qwen3:0.6b", "llama3.2:1b", "gemma3:270m", "smollm2:135m"
FOLLOWING: Json = {"name": B, "update": "always"}


async def pinned(house: House, model: str) -> None:
    """Wait until Ollama itself lists a model as loaded for good."""
    async with asyncio.timeout(30):
        while (await house.ollama.ps()).get(model, {}).get("expires_at", "") < "2100":  # noqa: ASYNC110 - tells no event
            await asyncio.sleep(0.01)


async def test_a_pin_that_a_client_reset_is_put_back(house: House) -> None:
    """Any request without keep_alive lets the model go after five minutes; the next cycle holds it again."""
    await house.furnish(A, active=A)
    await house.ollama.post("/api/generate", model=A, prompt="hi", stream=False)
    house.sandbox.requests.clear()
    await pinned(house, A)


async def test_a_model_that_others_drove_out_is_loaded_again(house: House) -> None:
    """Three more models fill the memory, and of four that all stay the one with the smallest digest goes."""
    await house.furnish(A, B, C, D)
    first = min((A, B, C, D), key=lambda name: _weights(house, name))
    house.declare(A, B, C, D, active=first)
    await house.converged()
    house.sandbox.requests.clear()
    for other in {A, B, C, D} - {first}:
        await house.ollama.load(other)
    loads = house.sandbox.requests
    await eventually(lambda: any(one.body["model"] == first for one in loads.matching(path="/api/generate")))
    await pinned(house, first)
    assert len(house.sandbox.loaded()) == 3


def _weights(house: House, model: str) -> str:
    layer = next(one.manifest.weights for one in house.sandbox.store.models.values() if one.name.short == model)
    assert layer is not None
    return layer.digest


async def test_the_last_healthy_model_serves_until_the_new_one_does(house: House) -> None:
    """A new active model that does not load is stalled with Ollama's reason; the old one stays, though unwanted."""
    await house.furnish(A, B, active=A)
    house.sandbox.faults.load_errors = {C: "model requires more system memory than is available"}
    house.declare(B, C, active=C)
    stalled = await house.happened("ModelStalled", reason="LoadFailed")
    assert (stalled["model"], "more system memory" in stalled["message"]) == (C, True)
    await house.cycles(3)
    assert set(house.sandbox.installed()) == {A, B, C}
    await pinned(house, A)
    house.sandbox.faults.reset()
    told = await house.daemon.told("operation", lambda one: (one["model_name"], one["status"]) == (C, "failed"))
    await house.daemon.post(f"/api/v1/models/operations/{told['operation_id']}/retry")
    await house.converged()
    assert set(house.sandbox.installed()) == {B, C}
    assert house.sandbox.loaded() == [C]


async def test_the_alias_follows_the_active_model(house: House) -> None:
    """Clients that ask for the alias get whatever is active, and it goes when the file no longer names it."""
    await house.furnish(A, B, active=A, alias="default")
    assert house.sandbox.installed()["default:latest"] == house.sandbox.installed()[A]
    house.declare(A, B, active=B, alias="default")
    await house.converged()
    assert house.sandbox.installed()["default:latest"] == house.sandbox.installed()[B]
    answer = await house.ollama.post("/api/generate", model="default", prompt="hi", stream=False, keep_alive=-1)
    assert answer.json()["done"]
    assert len(house.sandbox.loaded()) == 1
    house.declare(A, B, active=B)
    await house.converged()
    assert set(house.sandbox.installed()) == {A, B}


async def test_a_moved_tag_is_found_without_a_download(house: House) -> None:
    """Looking means manifests alone, again and again; once the tag has moved its new version is fetched and proven."""
    await house.furnish(A, FOLLOWING, active=B)
    looks = house.sandbox.requests
    await eventually(lambda: looks.count(server="registry", path=f"*{_manifest(B)}") >= 3)
    assert {one.path for one in looks.matching(server="registry")} == {f"/v2/library/{_manifest(B)}"}
    assert house.changes() == []
    newest = house.sandbox.move_tag(B)
    started = await house.happened("OperationStarted")
    assert (started["operation_type"], "its tag moved" in started["message"]) == ("update", True)
    await house.converged()
    assert house.sandbox.installed() == {A: house.sandbox.installed()[A], B: newest}
    assert [one.digest for one in _runners(house)] == [newest.removeprefix("sha256:")]


def _manifest(model: str) -> str:
    name, _, tag = model.partition(":")
    return f"{name}/manifests/{tag}"


def _runners(house: House) -> list[object]:
    assert house.sandbox._ollama is not None
    return list(house.sandbox._ollama.runners.loaded)


async def test_an_update_that_does_not_load_is_put_back(house: House) -> None:
    """The earlier version is installed again, with the reason on show, until the tag moves once more."""
    await house.furnish(A, FOLLOWING, active=B)
    before = house.sandbox.installed()[B]
    house.sandbox.faults.load_errors = {B: "llama runner process has terminated"}
    house.sandbox.move_tag(B)
    assert (await house.happened("ModelStalled", reason="LoadFailed"))["model"] == B
    status = await house.daemon.told("snapshot", lambda one: one["summary"].startswith("Needs attention"))
    stalled = next(one for one in status["conditions"] if one["type"] == "Stalled")
    assert "llama runner process has terminated" in stalled["message"]
    assert house.sandbox.installed()[B] == before
    await house.cycles(3)
    assert [one for one in house.changes() if one.startswith("/api/pull")] == [f"/api/pull {B}"]
    assert set(house.sandbox.installed()) == {A, B}
    house.sandbox.faults.load_errors = {}
    newest = house.sandbox.move_tag(B)
    await eventually(lambda: house.sandbox.installed()[B] == newest)
    await house.converged()
    assert set(house.sandbox.installed()) == {A, B}


async def test_a_success_that_is_a_lie_is_mended(house: House) -> None:
    """Ollama says success and has nothing: what it has of it is deleted, and pulled again."""
    await house.furnish(A)
    house.sandbox.faults.lie_pulls = 1
    house.declare(A, C)
    await house.converged()
    assert C in await house.ollama.tags()
    assert house.changes() == [f"/api/pull {C}", f"/api/delete {C}", f"/api/pull {C}"]


async def test_a_download_that_stands_still_is_cut_and_goes_on(house: House) -> None:
    """Ollama alone would wait for ever: no byte for the stall time is a failure, and the next try goes on."""
    await house.furnish(A)
    house.sandbox.faults.rate = 1e9
    house.sandbox.faults.stall_at = 100_000_000
    house.declare(A, C)
    told = await house.happened("OperationFailed", reason="NoProgress")
    assert "stood still at" in told["message"]
    house.sandbox.faults.reset()
    await house.converged()
    assert C in house.sandbox.installed()


async def test_a_full_disk_is_told_and_tried_again(house: House) -> None:
    """The sentence is Ollama's, with what to do; once there is room the download goes on."""
    await house.furnish(A)
    house.sandbox.faults.disk_capacity = house.sandbox.describe()["disk_used"] + 50_000_000
    house.declare(A, C)
    told = await house.happened("OperationFailed", reason="DiskFull")
    assert "no space left on device" in told["message"]
    assert "Free space on the disk" in told["message"]
    house.sandbox.faults.reset()
    await house.converged()
    assert C in house.sandbox.installed()


async def test_a_model_that_leaves_the_file_during_its_download(house: House) -> None:
    """The pull is cut, nothing is deleted that is not there, and what waited behind it comes at once."""
    await house.furnish(A)
    house.sandbox.faults.rate = 10e6
    house.declare(A, B, C)
    await eventually(lambda: bool(house.sandbox.pulling()))
    house.declare(A, C)
    cancelled = await house.happened("OperationCancelled")
    assert (cancelled["model"], cancelled["reason"]) == (B, "RemovedFromFile")
    house.sandbox.faults.rate = None
    await house.converged()
    assert set(house.sandbox.installed()) == {A, C}
    assert house.changes() == [f"/api/pull {B}", f"/api/pull {C}"]


async def test_a_download_that_a_person_cancelled_is_held_until_retried(house: House) -> None:
    """Over the API: a cancel is stronger than the next cycle, a retry ends it."""
    await house.furnish(A)
    house.sandbox.faults.rate = 10e6
    house.declare(A, B)
    running = await house.daemon.told("operation", lambda one: bool(one["bytes_completed"]))
    place = f"/api/v1/models/operations/{running['operation_id']}"
    await house.daemon.post(f"{place}/cancel")
    held = await house.daemon.told("operation", lambda one: (one["status"], one["reason"]) == ("pending", "Cancelled"))
    await house.cycles(2)
    assert B not in house.sandbox.installed()
    assert house.changes() == [f"/api/pull {B}"]
    house.sandbox.faults.rate = None
    await house.daemon.post(f"/api/v1/models/operations/{held['operation_id']}/retry")
    await house.converged()
    assert B in house.sandbox.installed()


@pytest_asyncio.fixture(loop_scope="module")
async def silent() -> AsyncIterator[Sandbox]:
    """Give a server that takes every request and answers none."""
    async with Sandbox(replace(QUICK)) as sandbox:
        sandbox.faults.hang = ["*"]
        yield sandbox


async def test_a_dead_runtime_does_not_slow_the_living(house: House, silent: Sandbox) -> None:
    """The first cycle of the dead one is still waiting for an answer when the living one has done all its work."""
    await house.furnish(A)
    dead = house.spec(A) | {"url": silent.ollama_url}
    house.write({"version": 1, "runtimes": {"dead": dead, "ollama": house.spec(B, C, active=C)}})
    await house.daemon.told("snapshot", lambda one: [_word(each) for each in one["runtimes"]] == [None, "True"])
    assert set(house.sandbox.installed()) == {B, C}
    assert house.sandbox.loaded() == [C]
    assert {one.path for one in silent.requests if one.method != "GET"} == set()


def _word(runtime: Json) -> str | None:
    """Return whether a runtime is ready, or None where nothing is known of it yet."""
    return next((str(one["status"]) for one in runtime["conditions"] if one["type"] == "Ready"), None)

"""The whole chain on a real vLLM: from the Hub to a token, to another model, past broken ones, back after deaths."""

import os
import signal

import pytest

from tests.live_vllm.conftest import CUT, FOR_ADAPTERS, LORA, MISFIT, LiveHouse
from tests.runtimes.vllm.daemons import Json, stalled
from tests.runtimes.vllm.house import A, B

pytestmark = [pytest.mark.live, pytest.mark.timeout(1200), pytest.mark.asyncio(loop_scope="module")]

MODELS: tuple[str | Json, ...] = (FOR_ADAPTERS, B)


async def test_a_model_comes_from_the_hub_and_generates(house: LiveHouse) -> None:
    """Under its name and its alias, with the commit that the Hub has, and shown with its version."""
    await house.furnish(A, *MODELS, alias="default")
    assert await house.host.names() == [A, "default"]
    assert await house.generates(A)
    assert await house.generates("default")
    (runtime,) = (await house.daemon.get("/api/v1/runtimes"))["runtimes"]
    listed = (await house.daemon.get("/api/v1/models"))["models"]
    digests = {one["name"]: one["digest"] for one in listed if one["runtime"] == "gpu"}
    assert digests[A] == house.host.hub.repositories.named[A].refs["main"]
    assert runtime["runtime_version"].startswith("0.")


async def test_an_adapter_comes_and_goes_without_a_start(house: LiveHouse) -> None:
    """It is installed from the Hub, loaded, proven, and unloaded."""
    await house.furnish(A, *MODELS, alias="default")
    before = house.host.processes()
    with_adapter = {**FOR_ADAPTERS, "adapters": [{"name": "style", "repo": LORA}]}
    house.declare(A, with_adapter, B, alias="default")
    await house.converged()
    assert await house.host.names() == [A, "default", "style"]
    assert await house.generates("style")
    house.declare(A, *MODELS, alias="default")
    await house.converged()
    assert await house.host.names() == [A, "default"]
    assert house.host.processes() == before


@pytest.mark.parametrize("name", ["VLLM::EngineCor", "vllm"])
async def test_a_killed_process_is_replaced_and_leaves_no_orphan(house: LiveHouse, name: str) -> None:
    """Whether the engine dies or the server before it: all of the first server goes, and one new one serves."""
    await house.furnish(A, *MODELS, alias="default")
    before = house.host.processes()
    os.kill(house.host.pid_of(name), signal.SIGKILL)
    await house.host.until(lambda: not set(before) & set(house.host.processes()))
    await house.host.until_served(A, "default")
    await house.converged()
    assert await house.generates(A)
    assert sorted(house.host.processes().values()) == sorted(before.values())


async def test_with_the_daemon_its_server_ends(house: LiveHouse) -> None:
    """No process is left, and the next daemon serves on, with the temporary files of one server."""
    await house.furnish(A, *MODELS, alias="default")
    assert await house.daemon.stop() == 0
    await house.host.until(lambda: not house.host.processes())
    await house.furnish(A, *MODELS, alias="default")
    assert await house.generates(A)
    assert len(list((house.host.folder / "t").glob("venom-modeld-*"))) == 1


async def test_another_model_takes_its_place(house: LiveHouse) -> None:
    """Nothing of the first server is left."""
    await house.furnish(A, *MODELS, alias="default")
    before = set(house.host.processes())
    house.declare(B, *MODELS, alias="default")
    await house.converged()
    assert await house.host.names() == [B, "default"]
    assert await house.generates(B)
    assert not before & set(house.host.processes())


async def test_a_corrupt_file_is_named_and_nothing_stops_for_it(house: LiveHouse) -> None:
    """On the status and on the command line; the model before answers all the time."""
    await house.furnish(B, *MODELS, alias="default")
    before = house.host.processes()
    house.declare(CUT, *MODELS, CUT, alias="default")
    runtime = await house.gpu(lambda now: "corrupt" in stalled(now))
    assert f"{CUT} failed: its file model.safetensors is corrupt" in stalled(runtime)
    shown = await house.command("status")
    assert f"{CUT} failed: its file model.safetensors is corrupt" in " ".join(shown.out.split())
    assert house.host.processes() == before
    assert await house.generates(B)


async def test_a_model_that_the_engine_refuses_gives_way_to_the_one_before(house: LiveHouse) -> None:
    """The file is whole, so only the engine finds out; its own exception is told, and the first model is back."""
    await house.furnish(B, *MODELS, alias="default")
    house.declare(MISFIT, *MODELS, MISFIT, alias="default")
    runtime = await house.gpu(lambda now: MISFIT in stalled(now))
    told = stalled(runtime)
    assert f"{B} is served again as before" in told
    assert "Error" in told
    assert "root cause" not in told
    assert await house.generates("default")
    assert await house.host.names() == [B, "default"]
    shown = await house.command("status")
    assert f"serving {MISFIT} failed" in " ".join(shown.out.split())

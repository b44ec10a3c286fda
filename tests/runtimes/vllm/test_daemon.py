"""The real daemon with a vLLM of its own: it serves as the file says, whatever becomes of the daemon meanwhile."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import QUICK
from tests.runtimes.vllm.daemons import House, Json, ready, stalled
from tests.runtimes.vllm.house import A, B, Host
from venom_modeld.sandbox import Sandbox

pytestmark = pytest.mark.acceptance

BROKEN, NEW = "acme/broken", "acme/new"


@pytest.fixture
async def house(host: Host) -> AsyncIterator[House]:
    """Give a house whose daemon is not started."""
    made = House(host)
    yield made
    await made.close()


async def test_the_file_is_followed_and_the_daemon_ends_in_order(house: House) -> None:
    """A switch is an edit; with the daemon its server ends."""
    house.declare(A)
    await house.start()
    await house.converged()
    assert await house.host.names() == [A]
    house.declare(B)
    await house.converged()
    assert await house.host.names() == [B]
    assert await house.daemon.stop() == 0
    await house.host.until(lambda: not house.host.processes())


async def test_a_model_that_cannot_be_served_is_stalled_with_the_reason(house: House) -> None:
    """The last healthy one is back, and the failed one is not tried again until its entry changes."""
    house.declare(A)
    await house.start()
    await house.converged()
    house.host.fault(refuse={B: "ValueError: it does not fit"})
    house.declare(B)
    runtime = await house.gpu(lambda now: "it does not fit" in stalled(now))
    assert f"{A} is served again as before" in stalled(runtime)
    assert await house.host.names() == [A]
    before = house.host.processes()
    await asyncio.sleep(1.0)
    assert house.host.processes() == before
    house.host.fault()
    house.declare(B, A, {"name": B, "args": {"max-model-len": 256}})
    await house.converged()
    assert await house.host.names() == [B]


async def test_a_corrupt_file_is_named_on_the_status_and_on_the_command_line(house: House) -> None:
    """The model before answers all the time."""
    files = {"config.json": b'{"model_type": "llama"}', "model.safetensors": b"\xff" * 64}
    house.host.hub.publish(BROKEN, files)
    house.declare(A)
    await house.start()
    await house.converged()
    before = house.host.processes()
    house.declare(BROKEN, A, BROKEN)
    words = f"serving {BROKEN} failed: its file model.safetensors is corrupt"
    assert words in stalled(await house.gpu(lambda now: BROKEN in stalled(now)))
    broken = await _shown(house, BROKEN)
    assert (broken["state"], words in broken["message"]) == ("stalled", True)
    assert words in await _said_by(house, "status")
    assert house.host.processes() == before
    assert await house.host.names() == [A]


async def test_changed_arguments_of_the_active_model_are_shown_as_changed(house: House) -> None:
    """In lists, in the plan and on the command line; those of another model are nothing, and start nothing."""
    changed = {"name": A, "args": {"max-model-len": 512}}
    house.declare(A)
    await house.start()
    await house.converged()
    before = house.host.processes()
    house.declare(A, A, {"name": B, "args": {"max-model-len": 512}})
    await house.converged()
    house.declare(A, changed, B, suspend=True)
    await house.gpu(lambda now: now["counts"]["drift"] == 1)
    words = "is served otherwise than the file now says: args (max-model-len)"
    shown = await _shown(house, A)
    assert (shown["drift"], shown["state"]) == ("changed", "changed")
    (planned,) = (await house.daemon.get("/api/v1/plan"))["runtimes"]
    assert [(one["kind"], one["model"], one["message"]) for one in planned["drift"]] == [("changed", A, words)]
    assert words in " ".join((await house.alone("plan")).out.split())
    assert 'venom_modeld_drift{kind="changed",runtime="gpu"} 1.0' in (await house.daemon.client.get("/metrics")).text
    assert house.host.processes() == before
    house.declare(A, changed, B)
    await house.converged()
    assert not before.keys() & house.host.processes().keys()


async def test_a_failure_is_forgotten_with_the_arguments_of_the_server(house: House) -> None:
    """Those of one model are not the only ones that a person may have to correct."""
    house.declare(A)
    await house.start()
    await house.converged()
    house.declare(A, args={"max-model-len": 100_000})
    await house.gpu(lambda now: "max_model_len (100000)" in stalled(now))
    house.declare(A, args={"max-model-len": 512})
    await house.converged()
    assert b"--max-model-len\x00512" in house.host.told("cmdline")[0]


async def test_a_removal_tells_how_much_it_freed(house: House) -> None:
    """In the history, and among the last operations of the status."""
    house.host.hub.publish(NEW)
    house.declare(A, A, NEW)
    await house.start()
    await house.converged()
    house.declare(A, A)
    await house.converged()
    history = (await house.daemon.get("/api/v1/history"))["operations"]
    (removal,) = (one for one in history if one["operation_type"] == "remove")
    assert (removal["model_name"], removal["status"]) == (NEW, "completed")
    assert re.fullmatch(r"removed; \d+\.\d [kM]B freed", removal["message"])
    assert f"remove {NEW} on gpu {removal['message']}" in await _said_by(house, "status")


async def test_a_crashed_server_is_started_again_at_once(house: House) -> None:
    """Its end wakes the daemon, which waits for no interval."""
    house.environment["VENOM_MODELD_INTERVAL"] = "1h"
    house.declare(A)
    await house.start()
    await house.converged()
    os.kill(house.host.pid_of("python"), signal.SIGKILL)
    await house.host.until(lambda: not house.host.processes())
    await house.host.reachable()
    await house.converged()


Step = Callable[[Host], bool]

STEPS: dict[str, Step] = {
    "the old one is told to stop": lambda host: len(_workers(host, A)) < 3,
    "the new one is put on record": lambda host: _newest(host).name > _first(host).name,
    "the new one begins": lambda host: any(B in line for line in _lines(host)),
    "its engine is born": lambda host: len(_workers(host, B)) > 1,
    "it answers": lambda host: _has_said(host, "beta", "startup complete"),
    "it is proven": lambda host: "beta" in _said(host, "run.json") and "proven" in _said(host, "facts.json"),
}

SURGE_STEPS: dict[str, Step] = {
    "both run": lambda host: bool(_workers(host, A) and _workers(host, B)),
    "the new one answers": lambda host: _has_said(host, "beta", "startup complete"),
    "clients reach the new one": lambda host: _target(host) == _port_of(_newest(host)),
    "the old one ends": lambda host: len(_workers(host, A)) < 3 and bool(_workers(host, B)),
}


@pytest.mark.parametrize("step", STEPS)
async def test_a_daemon_killed_in_an_activation_leaves_no_second_server(house: House, step: str) -> None:
    """After its return the declared model serves, from one group of processes, and nothing else is left."""
    await _killed_in_a_switch(house, STEPS[step])


@pytest.mark.parametrize("step", SURGE_STEPS)
async def test_a_daemon_killed_between_two_servers_leaves_one(house: House, step: str) -> None:
    """Where the next one is started beside the present one, it is the same."""
    await _killed_in_a_switch(house, SURGE_STEPS[step], strategy="surge")
    assert len(house.host.running(b"relay.py")) == 1


async def _killed_in_a_switch(house: House, step: Step, **server: str) -> None:
    host = house.host
    house.declare(A, alias="default", **server)
    await house.start()
    await house.converged()
    host.fault(import_seconds=0.15, engine_seconds=0.3)
    house.declare(B, alias="default", **server)
    await host.until(lambda: step(host))
    await house.crash()
    await house.start()
    await house.converged()
    assert await host.names() == [B, "default"]
    await host.until(lambda: len(host.processes()) == 3)
    assert len(_workers(host, B)) == 3
    assert len(host.shared_memory()) == 1
    assert len([run for run in _runs(host) if (run / "process.json").exists()]) == 1


async def test_a_start_that_ended_with_its_daemon_is_no_failure_of_the_model(house: House) -> None:
    """The next daemon waits for it, and starts another one when it ends."""
    host = house.host
    house.declare(A)
    await house.start()
    await house.converged()
    first = host.processes()
    host.fault(engine_seconds=0.3)
    house.declare(B)
    await host.until(lambda: "VLLM::Worker" in {name for pid, name in host.processes().items() if pid not in first})
    with host.paused(*first):
        await house.crash()
        await house.start()
        await house.logged("operation started", operation="activate")
        os.kill(host.pid_of("python"), signal.SIGKILL)
    await house.converged()
    assert await host.names() == [B]
    assert len(host.processes()) == 3


async def test_a_plan_that_is_asked_for_in_a_switch_does_not_disturb_it(house: House) -> None:
    """It changes nothing, neither in the file's world nor among the servers that a daemon is starting."""
    host = house.host
    house.declare(A, strategy="surge", start_timeout="2m")
    await house.start()
    await house.converged()
    first = host.processes()
    host.fault(engine_seconds=1.0)
    house.declare(B, strategy="surge", start_timeout="2m")
    await host.until(lambda: list(host.processes().values()).count("VLLM::Worker") == 2)
    with host.paused(*first):
        before = host.processes()
        assert (await house.alone("plan")).code == 0
        assert host.processes() == before
    await house.converged()
    assert await host.names() == [B]
    assert len(_runs(host)) == 2


async def test_an_ollama_and_a_vllm_in_one_file_go_their_own_ways(house: House) -> None:
    """Lists never mix, and while one of them is away the other one gets all that the file asks for."""
    async with Sandbox(replace(QUICK)) as sandbox:
        house.environment["VENOM_MODELD_REGISTRY_URL"] = sandbox.registry_url

        def declare(active: str, *models: str) -> None:
            box = {"kind": "ollama", "url": sandbox.ollama_url, "prune": "managed", "models": list(models)}
            house.declare(active, beside={"box": box})

        declare(A, "qwen3:0.6b")
        await house.start()
        await house.converged()
        listed = (await house.daemon.get("/api/v1/models"))["models"]
        assert {(one["runtime"], one["name"]) for one in listed} >= {("box", "qwen3:0.6b"), ("gpu", A)}
        assert not {one["name"] for one in listed if one["runtime"] == "box"} & {A, B}
        await sandbox.stop_ollama()
        declare(B, "qwen3:0.6b")
        await house.host.until_served(B)
        await house.gpu(ready)
        await sandbox.start_ollama()
        house.host.cache.rename(house.host.folder / "aside")
        house.host.cache.write_text("no folder", encoding="utf-8")
        declare(B, "qwen3:0.6b", "llama3.2:1b")
        status = await house.told(
            lambda status: ready(_runtime(status, "box")) and "llama3.2:1b" in sandbox.installed()
        )
        assert not ready(_runtime(status, "gpu"))
        assert await house.host.names() == [B]
        house.host.cache.unlink()
        (house.host.folder / "aside").rename(house.host.cache)
        await house.converged()


async def _shown(house: House, name: str) -> Json:
    listed = (await house.daemon.get("/api/v1/models"))["models"]
    found: Json = next(one for one in listed if one["name"] == name)
    return found


async def _said_by(house: House, command: str) -> str:
    return " ".join((await house.command(command)).out.split())


def _runtime(status: Json, name: str) -> Json:
    found: Json = next(one for one in status["runtimes"] if one["name"] == name)
    return found


def _lines(host: Host) -> list[str]:
    return [line.decode() for line in host.told("cmdline")]


def _workers(host: Host, name: str) -> list[str]:
    return [line for line in _lines(host) if name in line]


def _runs(host: Host) -> list[Path]:
    return sorted((host.state / "vllm/gpu/runs").iterdir())


def _first(host: Host) -> Path:
    return _runs(host)[0]


def _newest(host: Host) -> Path:
    return _runs(host)[-1]


def _said(host: Host, file: str) -> str:
    path = _newest(host) / file
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _has_said(host: Host, *words: str) -> bool:
    text = _said(host, "log")
    return all(word in text for word in words)


def _port_of(run: Path) -> str:
    return str(json.loads((run / "run.json").read_bytes())["port"])


def _target(host: Host) -> str:
    return (host.state / "vllm/gpu/relay/port").read_text(encoding="ascii")

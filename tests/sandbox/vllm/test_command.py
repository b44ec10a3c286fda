"""The stand-in `vllm` starts, serves, fails and dies as the real one was seen to."""

import asyncio
import os
import re
import signal
import socket
from pathlib import Path

import httpx2
import pytest

from tests.conftest import eventually
from tests.sandbox.vllm.conftest import Command

RUNNING = re.compile(r"num_requests_running\{.*\} [1-9]")
NAMES = {"VLLM::EngineCor", "VLLM::Worker"}


async def test_it_is_three_processes_of_one_group(command: Command) -> None:
    """A server, an engine, and a worker."""
    process = await command.ready()
    assert set(command.members(process)) > NAMES
    assert len(command.members(process)) == 3


async def test_the_port_is_closed_until_it_is_ready(command: Command) -> None:
    """No answer is ever given before that."""
    command.fault(engine_seconds=1.5)
    process = await command.start()
    await eventually(lambda: set(command.members(process)) >= NAMES)
    with pytest.raises(httpx2.ConnectError):
        await command.ask("/health")
    await command.answering()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_stop_it_ends_in_order(command: Command, number: signal.Signals) -> None:
    """With code 0, and nothing is left of it."""
    process = await command.ready()
    process.send_signal(number)
    assert await command.ended(process) == 0
    assert command.members(process) == {}
    assert list(Path(command.temporary).iterdir()) == []


async def test_told_to_stop_before_there_is_an_engine_it_dies(command: Command) -> None:
    """By the signal itself."""
    command.fault(import_seconds=20)
    process = await command.start()
    await asyncio.sleep(0.2)
    process.terminate()
    assert await command.ended(process) == -signal.SIGTERM


async def test_told_to_stop_while_its_engine_is_born_it_becomes_ready(command: Command) -> None:
    """The first request is swallowed, the second is heard."""
    command.fault(engine_seconds=0.5)
    process = await command.start()
    await eventually(lambda: set(command.members(process)) >= NAMES)
    process.terminate()
    await command.answering()
    process.terminate()
    assert await command.ended(process) == 0


async def test_a_group_told_to_stop_while_its_engine_is_born_hangs(command: Command) -> None:
    """The engine is gone, and the server waits for it until it is killed."""
    command.fault(engine_seconds=0.5)
    process = await command.start()
    await eventually(lambda: set(command.members(process)) >= NAMES)
    os.killpg(process.pid, signal.SIGTERM)
    await eventually(lambda: "VLLM::EngineCor" not in command.members(process))
    await asyncio.sleep(0.6)
    assert process.returncode is None


async def test_a_killed_server_leaves_its_engine_and_its_worker(command: Command) -> None:
    """They keep the group, their memory and their files; the port is free."""
    process = await command.ready()
    pieces = _pieces(command.members(process)["VLLM::EngineCor"])
    process.kill()
    assert await command.ended(process) == -signal.SIGKILL
    await asyncio.sleep(0.2)
    assert set(command.members(process)) == NAMES
    with pytest.raises(httpx2.ConnectError):
        await command.ask("/health")
    os.killpg(process.pid, signal.SIGKILL)
    await eventually(lambda: not command.members(process))
    (piece,) = pieces
    assert piece.exists()
    assert len(list(Path(command.temporary).iterdir())) == 1
    piece.unlink()


@pytest.mark.parametrize("name", sorted(NAMES))
async def test_a_killed_engine_or_worker_ends_the_server_with_code_0(command: Command, name: str) -> None:
    """Health is 503 first."""
    command.fault(death_seconds=0.5)
    process = await command.ready()
    os.kill(command.members(process)[name], signal.SIGKILL)
    codes = set()
    while process.returncode is None:
        try:
            codes.add((await command.ask("/health")).status_code)
        except httpx2.HTTPError:
            await command.ended(process)
    assert process.returncode == 0
    assert 503 in codes
    await eventually(lambda: not command.members(process))


async def test_requests_in_progress_are_cut_or_end_as_told(command: Command) -> None:
    """Without a time for them they get 500; within it they are answered."""
    for words, status in (((), 500), (("--shutdown-timeout", "10"), 200)):
        command.fault(token_seconds=0.05)
        process = await command.ready(*words)
        asking = asyncio.create_task(command.ask("/v1/completions", {"model": command.model, "max_tokens": 10}))
        await _busy(command)
        process.terminate()
        assert (await asking).status_code == status
        assert await command.ended(process) == 0


async def test_failures_have_the_codes_and_the_words_of_the_real_one(command: Command) -> None:
    """Each ends with a pointer at most; what matters stands above."""
    huge = command.make("huge", weights=b"\xff" * 64)
    short = command.make("short", weights=Path(command.model, "model.safetensors").read_bytes()[:-1])
    junk = command.make("junk", weights=b"\x04\0\0\0\0\0\0\0junk")
    empty = command.make("empty", weights=b"")
    strange = command.make("strange", {"architectures": ["FrobnicatorForCausalLM"]})
    broken = command.make("broken")
    Path(broken, "config.json").write_text("{", encoding="utf-8")
    cases = (
        (("--frobnicate",), None, 2, "vllm: error: unrecognized arguments: --frobnicate"),
        ((), "/no/such/folder", 1, "HFValidationError: Repo id must be in the form"),
        ((), "org/none", 1, "LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder"),
        (("--max-model-len", "100000"), None, 1, "User-specified max_model_len (100000) is greater than"),
        ((), strange, 1, "Model architectures ['FrobnicatorForCausalLM'] are not supported for now"),
        ((), broken, 1, "is not a valid JSON file"),
        ((), huge, 1, "SafetensorError: Error while deserializing header: header too large"),
        ((), short, 1, "SafetensorError: Error while deserializing header: incomplete metadata"),
        ((), junk, 1, "SafetensorError: Error while deserializing header: invalid header"),
        ((), empty, 1, "RuntimeError: Cannot find any model weights"),
    )
    for words, model, code, said in cases:
        found, log = await command.fails(*words, model=model)
        assert (found, said in log) == (code, True), log


async def test_a_port_that_is_taken_is_an_error(command: Command) -> None:
    """Before there is an engine."""
    with socket.create_server(("127.0.0.1", command.port)):
        code, said = await command.fails()
    assert code == 1
    assert "OSError: [Errno 98] Address already in use" in said


async def test_an_engine_may_be_told_to_refuse_a_model(command: Command) -> None:
    """Under any of its names, with any exception."""
    command.fault(refuse={"second": "just words"})
    code, said = await command.fails("--served-model-name", "first", "second")
    assert code == 1
    assert "RuntimeError: just words" in said
    assert said.rstrip().endswith("Failed core proc(s): {'EngineCore': 1}")


async def test_a_stand_in_that_is_deaf_or_hangs_is_only_killed(command: Command) -> None:
    """For whoever must be able to do that."""
    process = await command.ready()
    command.fault(deaf=True)
    process.terminate()
    await asyncio.sleep(0.2)
    assert await command.answers()
    process.kill()
    await command.ended(process)


async def _busy(command: Command) -> None:
    async with asyncio.timeout(20):
        while not RUNNING.search((await command.ask("/metrics")).text):  # noqa: ASYNC110 - the truth lies in another program
            await asyncio.sleep(0.01)


def _pieces(pid: int) -> list[Path]:
    lines = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    return [Path(line[line.index("/") :]) for line in lines if "/psm_" in line]

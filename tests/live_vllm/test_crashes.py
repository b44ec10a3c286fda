"""The daemon is killed in each step of an activation on a real vLLM; the next one finishes what it began."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live_vllm.conftest import LiveHouse
from tests.runtimes.vllm.house import A, B, Host
from venom_modeld.runtimes.vllm.server.runs import Run, Runs

pytestmark = [pytest.mark.live, pytest.mark.timeout(1200), pytest.mark.asyncio(loop_scope="module")]

Step = Callable[[Host, set[int], set[Path]], bool]
"""Tells whether a step is reached, given the processes and the records of before."""


def _new(host: Host, records: set[Path]) -> Run | None:
    found = [run for run in _runs(host) if run.folder not in records and run.process.exists()]
    return found[-1] if found else None


def _runs(host: Host) -> list[Run]:
    return Runs(host.state / "vllm/gpu/runs").all()


def _is_stopping(host: Host, before: set[int], _: set[Path]) -> bool:
    return not before <= set(host.processes())


def _has_begun(host: Host, _: set[int], records: set[Path]) -> bool:
    return _new(host, records) is not None


def _has_an_engine(host: Host, before: set[int], _: set[Path]) -> bool:
    return any(name.startswith("VLLM::Engine") for pid, name in host.processes().items() if pid not in before)


def _has_answered(host: Host, _: set[int], records: set[Path]) -> bool:
    run = _new(host, records)
    return run is not None and "Application startup complete" in run.said()


def _is_proven(host: Host, _: set[int], records: set[Path]) -> bool:
    run = _new(host, records)
    return run is not None and bool(run.fact("proven"))


STEPS: dict[str, Step] = {
    "the old server is told to stop": _is_stopping,
    "the new server begins": _has_begun,
    "its engine is born": _has_an_engine,
    "it answers": _has_answered,
    "it is proven": _is_proven,
}


@pytest.mark.parametrize("step", STEPS)
async def test_a_killed_daemon_leaves_one_server_of_the_declared_model(house: LiveHouse, step: str) -> None:
    """No orphan, no second server; the next daemon waits for the server that it finds, or starts one."""
    first, second = (A, B) if not house.daemons or await house.host.names() != [B] else (B, A)
    await house.furnish(first)
    host, before = house.host, set(house.host.processes())
    records = {run.folder for run in _runs(host)}
    house.declare(second)
    await host.until(lambda: STEPS[step](host, before, records))
    await house.crash()
    await house.start()
    await house.settled(second)
    assert await host.names() == [second]
    assert not before & set(host.processes())
    serving = [run for run in _runs(host) if run.process.exists()]
    assert len(serving) == 1
    assert set(serving[0].members()) == set(host.processes())

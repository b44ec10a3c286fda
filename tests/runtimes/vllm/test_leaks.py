"""Fifty switches leave nothing behind that the first ones did not."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.runtimes.vllm.house import A, B, Host, activate, model, observe
from venom_modeld.runtimes.vllm.server.runs import Runs

SAMPLE = 5
"""Switches between two looks."""

SPARE = 2
"""How many connections and threads may be open that are used again."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """What is held at a moment: by this process, and by the servers that it has started."""

    handles: int
    sockets: int
    relayed: int
    """Handles of the relay, where there is one."""
    threads: int
    processes: int
    shared_memory: int
    temporary: int
    records: int


@pytest.mark.parametrize(("strategy", "switches"), [("replace", 50), ("surge", 10)])
async def test_switches_leave_no_process_file_or_memory_behind(host: Host, strategy: str, switches: int) -> None:
    """Neither handles and sockets of this process, nor processes, shared memory, temporary folders or records."""
    runtime = host.runtime(host.spec(model(A), model(B), active=A, alias="default", strategy=strategy))
    folders: set[Path] = set()
    seen = []
    for number in range(switches):
        await activate(runtime, model((A, B)[number % 2]), "default")
        folders |= {run.temporary for run in Runs(host.state / "vllm/gpu/runs").all()}
        host.shared_memory()  # remembers the pieces that each server holds
        if number % SAMPLE == SAMPLE - 1:
            await observe(runtime)
            seen.append(_held(host, folders))
    assert len(folders) == switches
    first, last = seen[0], seen[-1]
    assert (last.processes, last.shared_memory, last.temporary) == (3, 1, 1)
    assert last.records <= 4
    assert last.handles <= first.handles + SPARE
    assert last.sockets <= first.sockets + SPARE
    assert last.relayed <= first.relayed + SPARE
    assert last.threads <= first.threads + SPARE


def _held(host: Host, folders: set[Path]) -> Held:
    handles = [_target(entry) for entry in Path("/proc/self/fd").iterdir()]
    return Held(
        handles=len(handles),
        sockets=sum(one.startswith("socket:") for one in handles),
        relayed=sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in host.running(b"relay.py")),
        threads=threading.active_count(),
        processes=len(host.processes()),
        shared_memory=len(host.shared_memory()),
        temporary=sum(folder.exists() for folder in folders),
        records=len(list((host.state / "vllm/gpu/runs").iterdir())),
    )


def _target(entry: Path) -> str:
    try:
        return os.readlink(entry)  # noqa: PTH115 - what it leads to is no path
    except FileNotFoundError:
        return ""

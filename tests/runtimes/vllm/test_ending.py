"""A server is asked to end, asked again, and taken down with all that it began."""

import os
import secrets
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.runtimes.vllm.house import Host
from venom_modeld.runtimes.vllm.server import ending
from venom_modeld.runtimes.vllm.server.launch import Launch
from venom_modeld.runtimes.vllm.server.processes import SHARED_MEMORY, kill_group
from venom_modeld.runtimes.vllm.server.runs import Run, Runs
from venom_modeld.runtimes.vllm.server.spawning import spawn

READY = "\nprint('ready', flush=True)\nwhile True:\n    signal.pause()\n"
HEARS = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit())"
HEARS_THE_SECOND = """
import signal, sys
heard = []
def hear(*_):
    heard.append(1)
    print("heard", flush=True)
    if len(heard) == 2:
        sys.exit()
signal.signal(signal.SIGTERM, hear)
"""
DEAF = "import os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.fork()"
LEAVES_A_WORKER = """
import mmap, os, signal, sys
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    file = open(sys.argv[1], "wb+")
    file.truncate(mmap.PAGESIZE)
    held = mmap.mmap(file.fileno(), mmap.PAGESIZE)
else:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
"""


@pytest.fixture
def runs(bare_host: Host) -> Iterator[Runs]:
    """Give the records of a host, and end what a test leaves behind."""
    made = Runs(bare_host.state / "vllm/gpu/runs")
    yield made
    for run in made.all():
        identity = run.identity()
        if identity is not None:
            kill_group(identity, signal.SIGKILL)
        made.tidy(run)


async def begun(host: Host, runs: Runs, script: str, *words: str, processes: int = 1) -> Run:
    """Start a program as a server, and return when all of it is there."""
    run = runs.new(Launch(name="a/b", commit="c", path="/hub/c"), "127.0.0.1", 1)
    command = (sys.executable, "-c", script + READY, *words)
    spawn(command, record=run.process, folder=run.temporary, log=run.log, environment=os.environ)
    await host.until(lambda: run.said().count("ready") == processes)
    return run


@pytest.mark.parametrize(
    ("script", "processes", "heard"),
    [(HEARS, 1, 0), (HEARS_THE_SECOND, 1, 2), (DEAF, 2, 0)],
    ids=["1st", "2nd", "deaf"],
)
async def test_a_server_ends_whether_it_hears_or_not(
    bare_host: Host, runs: Runs, script: str, processes: int, heard: int
) -> None:
    """The second request reaches one that swallowed the first; what hears neither is killed as a whole."""
    run = await begun(bare_host, runs, script, processes=processes)
    assert len(run.members()) == processes
    await ending.end(run, patience=20.0 if heard == 0 and processes == 1 else 0.5)
    assert run.members() == ()
    assert run.said().count("heard") == heard


async def test_what_a_server_leaves_behind_is_killed_and_its_memory_given_back(bare_host: Host, runs: Runs) -> None:
    """The engine of a server that went would keep the memory for ever."""
    memory = SHARED_MEMORY / f"psm_{secrets.token_hex(8)}"
    run = await begun(bare_host, runs, LEAVES_A_WORKER, str(memory), processes=2)
    assert len(run.members()) == 2
    await ending.end(run, patience=20.0)
    assert run.members() == ()
    assert not memory.exists()
    assert run.fact("shared_memory") == [memory.name]


async def test_a_start_that_nothing_came_of_has_nothing_to_end(bare_host: Host, runs: Runs) -> None:
    """Its daemon died before it began a process."""
    run = runs.new(Launch(name="a/b", commit="c", path="/hub/c"), "127.0.0.1", 1)
    await ending.end(run, patience=20.0)
    await ending.clear(run)
    assert run.folder.is_dir()

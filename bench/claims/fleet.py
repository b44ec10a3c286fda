"""Fifty runtimes of 200 models each, five of them dead: the cycles of the living take no longer for it."""

import asyncio
import gc
import socket
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.claims.cycle import a_worker, spec_of
from bench.rows import Row, Target, compared, in_turns
from bench.servers import AnOllama
from venom_modeld.engine.worker import Worker

LIVING, DEAD, MODELS, RUNS = 45, 5, 200, 80
WAITED_FOR = 0.1
"""Seconds after which the dead have been asked and are waited for, as they are nearly all the time."""


def measure() -> list[Row]:
    """Return the one row."""
    with ExitStack() as stack:
        ollama = stack.enter_context(AnOllama(models=MODELS))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        runner = stack.enter_context(asyncio.Runner())
        silent = [stack.enter_context(_silence()) for _ in range(DEAD)]
        spec = spec_of(ollama)
        living = [runner.run(a_worker(spec, folder / f"{number}.db")) for number in range(LIVING)]
        addresses = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in silent]
        dead = [runner.run(a_worker(spec, folder / f"{url[-5:]}.db", url=url)) for url in addresses]
        ours, alone = in_turns(RUNS, lambda: runner.run(_cycles(living, dead)), lambda: runner.run(_cycles(living, [])))
        for worker in (*living, *dead):
            runner.run(worker.close())
    claim = f"a cycle of {LIVING} runtimes × {MODELS} models, beside {DEAD} dead ones"
    return [compared(claim, ours, alone, unit="s", against="the same without the dead", target=Target(limit=1.05))]


def _silence() -> socket.socket:
    """Return a server that takes connections and never says anything."""
    return socket.create_server(("127.0.0.1", 0), backlog=128)


async def _cycles(living: Sequence[Worker], dead: Sequence[Worker]) -> float:
    waiting = [asyncio.create_task(worker._loop._cycle()) for worker in dead]
    await asyncio.sleep(WAITED_FOR)
    gc.collect()
    began = time.perf_counter()
    await asyncio.gather(*(worker._loop._cycle() for worker in living))
    took = time.perf_counter() - began
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return took

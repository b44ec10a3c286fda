"""Downloads by an Ollama: the daemon, told by its file, against a client that sends the same pulls and reads along.

The time of ours is from the file saved to the last download on record, looked at once more, so it holds all that is
ours. What came is deleted after each run, by hand.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx2

from bench.daemons import ADaemon
from bench.processes import cpu_seconds
from bench.rows import Row, Target, compared, in_turns, limited
from bench.sandboxed import LAYER, LAYERS, ASandbox

SMALL, SMALL_BYTES = 50, 250_000_000
WALL = Target(limit=1.02)
CPU = 1.0
"""Percent of one core for every 100 MB a second that is reported."""


def measure() -> list[Row]:
    """Return the rows of one large model and of many small ones, each for the time and for the processor."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = stack.enter_context(ASandbox(["large"]))
        small = [f"small-{number}" for number in range(SMALL)]
        for name in small:
            sandbox.publish(name, SMALL_BYTES)
        daemon = stack.enter_context(ADaemon(folder, sandbox.declared([]), REGISTRY_URL=sandbox.registry))
        large, each = f"2 GB in {LAYERS} layers", f"{SMALL} models of {SMALL_BYTES / 1e6:.0f} MB"
        return [
            *_rows(large, _Installs(daemon, sandbox, ["large"]), LAYERS * LAYER, runs=7),
            *_rows(each, _Installs(daemon, sandbox, small), SMALL * SMALL_BYTES, runs=2),
        ]


def _rows(what: str, installs: "_Installs", size: int, *, runs: int) -> list[Row]:
    ours, bare = in_turns(runs, installs.by_daemon, installs.by_hand)
    against = "a bare httpx2 client, the same pulls"
    spent = [100 * seconds / (size / 1e8) for seconds in installs.used[1:]]
    return [
        compared(f"installing on Ollama, {what}", ours, bare, unit="s", against=against, target=WALL),
        limited(f"processor for it, {what}", spent, CPU, unit="% of a core for 100 MB/s", told="the limit"),
    ]


class _Installs:
    """Both ways to install some models; `used` are the seconds of processor that the daemon took for each run."""

    def __init__(self, daemon: ADaemon, sandbox: ASandbox, models: Sequence[str]) -> None:
        self._daemon = daemon
        self._sandbox = sandbox
        self._models = models
        self.used: list[float] = []

    def by_daemon(self) -> float:
        before = cpu_seconds(self._daemon.process.pid)
        began = self._daemon.save(self._sandbox.declared(self._models))
        ends = [self._daemon.logged("operation completed", operation="install").at for _ in self._models]
        self.used.append(cpu_seconds(self._daemon.process.pid) - before)
        self._daemon.save(self._sandbox.declared([]))
        self._daemon.logged("file accepted")
        self._delete()
        return ends[-1] - began

    def by_hand(self) -> float:
        began = time.perf_counter()
        asyncio.run(_pull(self._sandbox.ollama, self._models))
        took = time.perf_counter() - began
        self._delete()
        return took

    def _delete(self) -> None:
        for name in self._models:
            answer = httpx2.request("DELETE", f"{self._sandbox.ollama}/api/delete", json={"model": name})
            answer.raise_for_status()


async def _pull(url: str, models: Sequence[str]) -> None:
    async with httpx2.AsyncClient(base_url=url, timeout=60.0) as client:
        for name in models:
            async with client.stream("POST", "/api/pull", json={"model": name}) as answer:
                said = [json.loads(line)["status"] async for line in answer.aiter_lines()]
            assert said[-1] == "success", said[-1]

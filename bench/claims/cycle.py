"""A cycle in which nothing differs: against a client that only fetches and parses the two answers it is made of."""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx2

from bench.rows import Row, Target, Untold, compared, in_turns
from bench.servers import AnOllama
from venom_modeld.config.desired_file import parse_models
from venom_modeld.core.desired import RuntimeSpec
from venom_modeld.engine.advice import no_advice
from venom_modeld.engine.board import Board
from venom_modeld.engine.executor import Cause
from venom_modeld.engine.reconciler import Order
from venom_modeld.engine.worker import Pace, Worker
from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.registry import driver, kinds
from venom_modeld.state.snapshot import SnapshotHub
from venom_modeld.state.store import Store

SIZES = {10: 200, 100: 100, 1_000: 60, 10_000: 20}
"""How many runs for how many models."""


def measure() -> list[Row]:
    """Return a row for each size, and one for the number of requests."""
    return [row for models, runs in SIZES.items() for row in _rows(models, runs)]


def _rows(models: int, runs: int) -> list[Row]:
    with AnOllama(models=models) as ollama, tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        worker = runner.run(a_worker(spec_of(ollama), Path(folder) / "state.db"))
        client = httpx2.AsyncClient(base_url=ollama.url)
        ollama.requests()
        runner.run(worker._loop._cycle())
        asked = ollama.requests()
        ours, floor = in_turns(
            runs,
            lambda: runner.run(_timed(worker._loop._cycle)),
            lambda: runner.run(_timed(lambda: _fetch(client))),
        )
        runner.run(client.aclose())
        runner.run(worker.close())
    target = Target(limit=1.5) if models >= 1_000 else Untold()
    claim = f"a cycle without drift, {models:,} models ({asked} requests)"
    return [compared(claim, ours, floor, unit="s", against="a bare httpx2 client, the same two answers", target=target)]


async def a_worker(spec: RuntimeSpec, state: Path, *, url: str | None = None, board: Board | None = None) -> Worker:
    """Return the daemon's worker for a runtime, after its first cycle; it begins no cycle by itself.

    With another `url` it is not asked yet: a server that says nothing there would be waited for.
    """
    environment = Environment(
        connect_timeout=5.0,
        read_timeout=30.0,
        load_timeout=30.0,
        registry_url="http://127.0.0.1:9",
        user_agent="bench",
        state_dir=state.parent,
    )
    spec = replace(spec, url=url or spec.url)
    board = board or Board(SnapshotHub(), host="bench", wall=time.time)
    order = Order(spec=spec, cause=Cause(revision="bench", generation=1))
    runtime = driver("ollama").make(spec, environment)
    store, pace = await Store.open(state), Pace(interval=1e9)
    worker = Worker(runtime, order, store=store, board=board, pace=pace, tell=board.tell, advise=no_advice)
    await worker._ledger.load()
    if url is None:
        await worker._loop._cycle()
    return worker


def spec_of(ollama: AnOllama) -> RuntimeSpec:
    """Return the runtime of a file that asks for exactly what is there."""
    return parse_models(ollama.declared().encode(), path="models.yaml", kinds=kinds()).runtimes[0]


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def _fetch(client: httpx2.AsyncClient) -> list[object]:
    answers = await asyncio.gather(client.get("/api/tags"), client.get("/api/ps"))
    return [json.loads(answer.content) for answer in answers]

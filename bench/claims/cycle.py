"""A cycle in which nothing differs: against a client that only fetches and parses the two answers it is made of."""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
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


LINEAR = Target(limit=1.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycles:
    """What cycles at so many models took in seconds, ours and the floor's, and how many requests one of ours sends."""

    models: int
    ours: list[float]
    floor: list[float]
    requests: int


def measure() -> list[Row]:
    """Return a row for each size, and for how time and requests grow with it."""
    measured = [_cycles(models, runs) for models, runs in SIZES.items()]
    return [*map(_row, measured), _growth(*measured[-2:]), _requests(measured[0], measured[-1])]


def _row(cycles: Cycles) -> Row:
    against = "a bare httpx2 client, the same two answers"
    target = Target(limit=1.5) if cycles.models >= 1_000 else Untold()
    claim = f"a cycle without drift, {cycles.models:,} models"
    return compared(claim, cycles.ours, cycles.floor, unit="s", against=against, target=target)


def _growth(few: Cycles, many: Cycles) -> Row:
    times = many.models / few.models
    claim = f"a cycle without drift, from {few.models:,} to {many.models:,} models"
    linear = [times * seconds for seconds in few.ours[: len(many.ours)]]
    return compared(claim, many.ours, linear, unit="s", against=f"{times:g} times the first", target=LINEAR)


def _requests(few: Cycles, many: Cycles) -> Row:
    claim, against = f"requests of a cycle, {many.models:,} models", f"of one with {few.models:,}"
    target = Target(limit=1)
    return compared(claim, [many.requests], [few.requests], unit="requests", against=against, target=target)


def _cycles(models: int, runs: int) -> Cycles:
    with AnOllama(models=models) as ollama, tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        worker = runner.run(a_worker(spec_of(ollama), Path(folder) / "state.db"))
        client = httpx2.AsyncClient(base_url=ollama.url)
        ollama.requests()
        runner.run(worker._loop._cycle())
        requests = ollama.requests()
        ours, floor = in_turns(
            runs,
            lambda: runner.run(_timed(worker._loop._cycle)),
            lambda: runner.run(_timed(lambda: _fetch(client))),
        )
        runner.run(client.aclose())
        runner.run(worker.close())
    return Cycles(models=models, ours=ours, floor=floor, requests=requests)


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

"""`make load`: more runtimes, models, readers, calls and downloads at once than any host has, and how it goes."""

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.proof.load import turns
from tests.proof.load.clients import Calls, Readers, call, readers
from tests.proof.load.turns import Turn
from tests.proof.processes import DEADLINE, ENVIRONMENT, QUIET, Daemon, Json, Stage, Vitals
from tests.proof.stage import crowd
from venom_modeld.config import atomic

ROOT = Path(__file__).parents[3]

INTERVAL = 5.0
RATE = 8e6
"""Bytes per second of each download: slow enough that they last as long as the rest."""

NICE = 10
"""Callers and runtimes are on hosts of their own, as a rule; here they leave the processors to the daemon first."""

DELAY = 0.05
"""Seconds for which the event loop may be blocked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    runtimes: int = 20
    models: int = 500
    living: int = 450
    dead: int = 50
    rate: float = 200.0
    downloads: int = 10
    seconds: float = 60.0


@dataclass(slots=True, kw_only=True)
class Measured:
    """What was found."""

    size: Size
    calls: Calls
    readers: Readers
    memory: list[int]
    cycles: list[int]
    """Cycles of each runtime while it lasted."""
    seconds: float
    delays: dict[float, int]
    """How many delays of the event loop passed each bound, while it lasted."""
    measurements: int
    busy: float
    """The share of one processor that the daemon used."""
    starved: float
    """The share of the time for which the thread of its event loop could run, and other programs had the processor."""
    progressing: int
    """Downloads that were in progress in the middle of it."""
    began: float
    """When it began, on the monotonic clock."""
    turns: list[Turn] = field(default_factory=list)
    """The longer turns of the event loop."""

    @property
    def missed(self) -> int:
        """Return how many cycles came too late for their interval, with its jitter of a tenth."""
        due = int((self.seconds - INTERVAL) / (1.1 * INTERVAL + 0.5))
        return sum(max(0, due - done) for done in self.cycles)


async def measure(size: Size, *, nice: int = 0) -> Measured:
    """Put the load on a daemon, and measure; so `nice` are those who make the load, callers and runtimes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stage = await Stage.begin(size.runtimes, models=size.models)
        settings = {
            "FILE": "models.yaml",
            "STATE_DIR": "state",
            "API_LISTEN": "127.0.0.1:0",
            "INTERVAL": f"{INTERVAL:g}s",
            "REGISTRY_URL": stage.url(0, "registry"),
        }
        environment = ENVIRONMENT | QUIET | {f"VENOM_MODELD_{key}": value for key, value in settings.items()}
        _write(folder, stage, size)
        daemon = await Daemon.begin(folder, environment | {"PYTHONPATH": str(ROOT)}, module=turns.__name__)
        try:
            assert await daemon.answering(), daemon.last
            for pid in (os.getpid(), stage.pid) if nice else ():
                os.setpriority(os.PRIO_PROCESS, pid, nice)
            await _first_cycles(daemon, size)
            async with readers(daemon.address, size.living, size.dead) as told:
                await _begin_downloads(folder, stage, size)
                found = await _measured(daemon, size, told)
        finally:
            await daemon.stop()
            await stage.end()
        return replace(found, turns=turns.read(folder, found.began, found.began + found.seconds))


def _write(folder: Path, stage: Stage, size: Size, *, more: int = 0) -> None:
    """Declare everything that is there, and `more` on the first runtime that is not."""
    found: Json = {}
    for number in range(size.runtimes):
        models = [crowd(one) for one in range(size.models)]
        spec: Json = {"kind": "ollama", "url": stage.url(number), "prune": "managed", "models": models}
        if number == 0 and more:
            spec |= {"models": [*models, *map(_large, range(more))], "limits": {"downloads": more}}
        found[f"runtime-{number:02}"] = spec
    atomic.write(folder / "models.yaml", json.dumps({"version": 1, "runtimes": found}).encode())


def _large(number: int) -> str:
    return f"large/model-{number}:latest"


async def _begin_downloads(folder: Path, stage: Stage, size: Size) -> None:
    await stage.control(0, "PATCH", "/faults", rate=RATE)
    for number in range(size.downloads):
        await stage.control(0, "POST", "/registry/publish", name=_large(number), size=int(RATE * 1000))
    _write(folder, stage, size, more=size.downloads)


async def _cycles(daemon: Daemon) -> list[int]:
    return [one["cycles"] for one in (await daemon.get("/api/v1/runtimes"))["runtimes"]]


async def _first_cycles(daemon: Daemon, size: Size) -> None:
    """Wait until every runtime was looked at."""
    async with asyncio.timeout(DEADLINE):
        while len(done := await _cycles(daemon)) < size.runtimes or not all(done):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)


async def _measured(daemon: Daemon, size: Size, told: Readers) -> Measured:
    async with asyncio.timeout(DEADLINE):
        while await _progressing(daemon) < size.downloads:  # noqa: ASYNC110 - who listens for it is part of the load
            await asyncio.sleep(0.1)
    began, before, delays, used = time.monotonic(), await _cycles(daemon), await _delays(daemon), Vitals.of(daemon.pid)
    calling = asyncio.create_task(call(daemon.address, size.rate, size.seconds))
    memory = []
    while not calling.done():
        memory.append(Vitals.of(daemon.pid).memory)
        await asyncio.wait([calling], timeout=size.seconds / 40)
    now, after = Vitals.of(daemon.pid), await _delays(daemon)
    seconds = time.monotonic() - began
    return Measured(
        size=size,
        calls=calling.result(),
        readers=told,
        memory=memory,
        cycles=[b - a for a, b in zip(before, await _cycles(daemon), strict=True)],
        seconds=seconds,
        delays={bound: _beyond(after, bound) - _beyond(delays, bound) for bound in after},
        measurements=int(after[float("inf")] - delays[float("inf")]),
        busy=(now.processor - used.processor) / seconds,
        starved=(now.waited - used.waited) / seconds,
        progressing=await _progressing(daemon),
        began=began,
    )


async def _progressing(daemon: Daemon) -> int:
    found = (await daemon.get("/api/v1/models/operations?limit=500"))["operations"]
    return sum(one["status"] == "in_progress" and one["operation_type"] == "install" for one in found)


async def _delays(daemon: Daemon) -> dict[float, float]:
    """Return how many delays of the daemon's event loop there were by now, by the bound that they did not pass."""
    text = (await daemon.client.get("/metrics")).text
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "venom_modeld_event_loop_delay_seconds_bucket"
    }


def _beyond(buckets: dict[float, float], bound: float) -> int:
    return int(buckets[float("inf")] - buckets[bound])


def report(found: Measured) -> str:
    """Return what was found, for people."""
    size, times, told = found.size, sorted(found.calls.seconds), found.readers
    quarter = len(found.memory) // 4
    first, last = found.memory[:quarter], found.memory[-quarter:]
    late, beyond = (
        found.delays[DELAY],
        [f"{count} beyond {_ms(bound)}" for bound, count in found.delays.items() if count],
    )
    within = ", ".join(f"{words} {_ms(_at(times, share))}" for words, share in _SHARES.items())
    lines = {
        "runtimes, models": f"{size.runtimes} with {size.models} models each",
        "readers": f"{told.admitted} admitted, {told.refused} refused; {size.dead} of them read nothing",
        "told to a reader": f"median {_median(told.snapshots):.0f} snapshots in {found.seconds:.0f} s",
        "calls": f"{len(times)} answered, {len(times) / found.seconds:.0f} a second",
        "failed calls": "; ".join(found.calls.failures) or "none",
        "answered within": within,
        "downloads at once": f"{found.progressing}",
        "cycles": f"{sum(found.cycles)}, missed {found.missed}",
        "memory": f"{_mb(_median(first))} at first, {_mb(_median(last))} at last, at most {_mb(max(found.memory))}",
        "processor": f"used {found.busy:.0%} of one; another {found.starved:.0%} of the time its loop waited for one",
        "event loop": f"{late} of {found.measurements} delays beyond {_ms(DELAY)}",
        "delays": ", ".join(beyond) or "none",
        "longest turns": f"{_longest(found.turns, 1)} of the processor; {_longest(found.turns, 2)} with the threads",
    }
    return "\n".join(f"{name:<20}{text}" for name, text in lines.items())


_SHARES = {"half": 0.5, "99 %": 0.99, "all": 1.0}


def _longest(found: list[Turn], column: int) -> str:
    return "/".join(f"{turn[column] * 1000:.0f}" for turn in sorted(found, key=lambda one: -one[column])[:5]) + " ms"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _mb(size: float) -> str:
    return f"{size / 1e6:.0f} MB"


def _median(values: list[int]) -> float:
    return float(statistics.median(values)) if values else 0.0


def _at(times: list[float], share: float) -> float:
    """Return within how many seconds such a share of the calls was answered."""
    return times[min(len(times) - 1, int(len(times) * share))] if times else 0.0


def main() -> None:
    """Read the command line, and measure."""
    usual = Size()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=usual.seconds)
    parser.add_argument("--runtimes", type=int, default=usual.runtimes)
    parser.add_argument("--models", type=int, default=usual.models)
    parser.add_argument("--living", type=int, default=usual.living)
    parser.add_argument("--dead", type=int, default=usual.dead)
    parser.add_argument("--rate", type=float, default=usual.rate)
    parser.add_argument("--downloads", type=int, default=usual.downloads)
    size = Size(**vars(parser.parse_args()))
    sys.stdout.write(report(asyncio.run(measure(size, nice=NICE))) + "\n")


if __name__ == "__main__":
    main()

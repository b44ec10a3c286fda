"""`make soak`: the real daemon for a real hour, with all kinds of work and mishaps, measured all the time."""

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import httpx2

from tests.proof.processes import DEADLINE, ENVIRONMENT, QUIET, Daemon, Json, Stage, Vitals, size_of
from tests.proof.soak.samples import Sample, courses, table
from venom_modeld.config import atomic

MODELS = ("qwen3:0.6b", "llama3.2:1b", "gemma3:270m", "smollm2:135m", "all-minilm", "nomic-embed-text")
RUNTIMES = ("one", "two")
KEEP = 300
"""How many operations are remembered of a runtime; few, so that the bound is reached early."""

SETTINGS = {
    "FILE": "models.yaml",
    "STATE_DIR": "state",
    "API_LISTEN": "127.0.0.1:0",
    "INTERVAL": "1s",
    "UPDATE_CHECK": "2s",
    "STALL_TIMEOUT": "2s",
    "RETRY_FIRST": "200ms",
    "RETRY_MAX": "2s",
    "HISTORY_KEEP": str(KEEP),
}
LIMITS = {"removals": 1000, "removal_share": 1, "removal_gb": 1e6, "downloads": 2}
PATHS = (
    "/api/v1/status", "/api/v1/models", "/api/v1/plan", "/api/v1/history", "/api/v1/models/operations", "/metrics"
)  # fmt: skip


class Soak:
    """A daemon, and all that happens to it."""

    def __init__(self, folder: Path, stage: Stage, daemon: Daemon, seed: int) -> None:
        self.folder = folder
        self.stage = stage
        self.daemon = daemon
        self.samples: list[Sample] = []
        self.happened: dict[str, int] = {}
        self._random = random.Random(seed)  # noqa: S311 - it is to be repeatable
        self._began = time.monotonic()

    async def run(self, seconds: float, every: float) -> None:
        """Let things happen for so long, and measure now and then."""
        due = 0.0
        while (age := time.monotonic() - self._began) < seconds:
            if age >= due:
                await self._measure(age)
                due += every
            await self._something()
            await asyncio.sleep(self._random.uniform(0.2, 1.5))

    async def _something(self) -> None:
        deeds = (self.edit, self.edit, self.edit, self.move, self.crash, self.hang, self.listen, self.read, self.spoil)
        deed = self._random.choice(deeds)
        self.happened[deed.__name__] = self.happened.get(deed.__name__, 0) + 1
        await deed(self._random.randrange(len(RUNTIMES)))

    async def edit(self, _runtime: int) -> None:
        """Write another file; one in eight is broken."""
        text = json.dumps({"version": 1, "limits": LIMITS, "runtimes": self._runtimes()})
        atomic.write(self.folder / "models.yaml", (text[:-9] if self._random.random() < 0.125 else text).encode())

    def _runtimes(self) -> Json:
        found = {}
        for number, name in enumerate(RUNTIMES):
            chosen = self._random.sample(MODELS, self._random.randint(1, len(MODELS)))
            models = [{"name": one, "update": self._random.choice(["never", "always"])} for one in chosen]
            spec = {"kind": "ollama", "url": self.stage.url(number), "prune": "managed", "models": models}
            chats = [one for one in chosen if one in MODELS[:4]]
            found[name] = spec | ({"active": chats[0], "alias": "default"} if chats else {})
        return found

    async def move(self, runtime: int) -> None:
        """Publish a new version of a model."""
        await self.stage.control(runtime, "POST", "/registry/move", name=self._random.choice(MODELS[:4]))

    async def crash(self, runtime: int) -> None:
        """Kill a runtime, which is back soon."""
        await self.stage.control(runtime, "POST", "/crash", restart_after=self._random.uniform(0.1, 2))

    async def hang(self, runtime: int) -> None:
        """Have every request to a runtime wait for a while."""
        await self.stage.control(runtime, "PATCH", "/faults", hang=["*"])
        await asyncio.sleep(self._random.uniform(0.1, 1))
        await self.stage.control(runtime, "DELETE", "/faults")

    async def spoil(self, runtime: int) -> None:
        """Have a runtime answer nonsense for a while."""
        kind = self._random.choice(["garbage", "wrong", "null", "truncated", "cut"])
        await self.stage.control(runtime, "PATCH", "/faults", answers={"/api/tags": kind})
        await asyncio.sleep(self._random.uniform(0.1, 1))
        await self.stage.control(runtime, "DELETE", "/faults")

    async def listen(self, _runtime: int) -> None:
        """Listen to the events for a moment, and hang up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5), self.daemon.client.stream("GET", "/api/v1/events") as stream:
                async for _ in stream.aiter_lines():
                    pass

    async def read(self, _runtime: int) -> None:
        """Read everything that can be read."""
        for path in PATHS:
            await self.daemon.client.get(path)

    async def _measure(self, age: float) -> None:
        vitals = await asyncio.to_thread(Vitals.of, self.daemon.pid)
        sample = Sample(
            at=age,
            memory=vitals.memory,
            descriptors=vitals.descriptors,
            threads=vitals.threads,
            state=size_of(self.folder / "state"),
            log=self.daemon.log_bytes,
            history=await self._remembered(),
        )
        self.samples.append(sample)

    async def _remembered(self) -> int:
        count, before = 0, ""
        while True:
            page = await self.daemon.get(f"/api/v1/history?limit=500{before}")
            count += page["count"]
            if not page["next"]:
                return count
            before = f"&before={page['next']}"


async def soak(seconds: float, every: float, seed: int) -> bool:
    """Run it, print what was found, and tell whether all stayed flat."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stage = await Stage.begin(len(RUNTIMES))
        atomic.write(folder / "models.yaml", b"version: 1\nruntimes: {}\n")
        settings = SETTINGS | {"REGISTRY_URL": stage.url(0, "registry")}
        environment = ENVIRONMENT | QUIET | {f"VENOM_MODELD_{key}": value for key, value in settings.items()}
        daemon = await Daemon.begin(folder, environment)
        try:
            assert await daemon.answering(), daemon.last
            running = Soak(folder, stage, daemon, seed)
            await running.run(seconds, every)
            cycles = await _cycles(daemon)
            return _report(running, cycles)
        finally:
            with suppress(httpx2.TransportError, TimeoutError):
                await daemon.stop()
            await stage.end()


async def _cycles(daemon: Daemon) -> int:
    async with asyncio.timeout(DEADLINE):
        return sum(one["cycles"] for one in (await daemon.get("/api/v1/runtimes"))["runtimes"])


def _report(running: Soak, cycles: int) -> bool:
    found = courses(running.samples)
    flat = all(one.flat for one in found) and running.samples[-1].history <= KEEP * len(RUNTIMES)
    deeds = ", ".join(f"{count} × {name}" for name, count in sorted(running.happened.items()))
    minutes = running.samples[-1].at / 60
    say = sys.stdout.write
    say(f"{minutes:.0f} minutes, {cycles} cycles, {len(running.samples)} measurements; {deeds}\n")
    say(table(found) + "\n")
    say("All of it stays flat.\n" if flat else "Something grows.\n")
    return flat


def main() -> None:
    """Read the command line, and soak."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    seconds = chosen.minutes * 60
    raise SystemExit(not asyncio.run(soak(seconds, min(10.0, seconds / 40), chosen.seed)))


if __name__ == "__main__":
    main()

"""The real daemon in a process of its own, on a sandbox in this one, over real HTTP and a real file.

Waiting is listening: to the daemon's event stream, or to the requests that the sandbox gets. A daemon is started once
for a module where its tests do not mind; each test first furnishes the house, so none depends on the one before.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.cli.conftest import ENVIRONMENT, Program
from tests.conftest import PLAIN, QUICK, OllamaClient
from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.waiting import judge
from venom_modeld.config import atomic
from venom_modeld.config.loader import revision_of
from venom_modeld.sandbox import Sandbox, SandboxSettings
from venom_modeld.sandbox.journal import Journal, Request

Json = dict[str, Any]

DEADLINE = 30.0
"""Seconds after which a wait is a failure; generous, because the machine may be busy."""

WIDE = {"removals": 1000, "removal_share": 1, "removal_gb": 1e6}
"""Limits that hold nothing back, for getting a house into the state that a test begins with."""

PACE = {
    "INTERVAL": "300ms",
    "UPDATE_CHECK": "300ms",
    "STALL_TIMEOUT": "1s",
    "RETRY_FIRST": "100ms",
    "RETRY_MAX": "300ms",
    "TIMEOUTS_READ": "60s",
    "API_LISTEN": "127.0.0.1:0",
    "LOG_FORMAT": "json",
    "TRENDING_OLLAMA_SOURCE": "off",
}
"""Settings that make the daemon quick, and keep it from asking anybody but the sandbox.

A request that is never answered is waited for longer than any test waits.
"""


class Tripwire(Journal):
    """The sandbox's list of requests, which can kill the daemon at the moment a request arrives."""

    victim: Callable[[], None] | None = None
    bait: Callable[[Request], bool] | None = None

    def note(self, server: str, method: str, path: str, body: bytes) -> Request:
        """Write down a request, and strike where it is the one."""
        entry = super().note(server, method, path, body)
        if self.victim is not None and self.bait is not None and self.bait(entry):
            self.victim()
            self.victim = self.bait = None
        return entry


class Daemon:
    """One process of `venom-modeld run`, and its API."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.log: list[Json] = []
        self.address = ""
        self.http: httpx2.AsyncClient | None = None
        self._ready = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def begin(cls, folder: Path, environment: dict[str, str]) -> "Daemon":
        """Start it, and return at once."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "venom_modeld",
            "run",
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=2**20,
        )
        return cls(process)

    async def answering(self) -> None:
        """Wait until its API answers."""
        async with asyncio.timeout(DEADLINE):
            await self._ready.wait()
        if not self.address:
            raise AssertionError(f"the daemon ended at once; the log ends {self.log[-3:]}")
        self.http = httpx2.AsyncClient(base_url=self.address, timeout=DEADLINE, verify=PLAIN)

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            line = raw.decode()
            self.log.append(json.loads(line) if line.startswith("{") else {"message": line})
            self.address = self.log[-1].get("address", self.address)
            if self.address:
                self._ready.set()
        self._ready.set()

    def kill(self) -> None:
        """Kill it as a crash does; nothing of it runs after this line."""
        os.kill(self.process.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait for its end, and return its exit code."""
        async with asyncio.timeout(DEADLINE):
            code = await self.process.wait()
            await self._reading
        if self.http is not None:
            await self.http.aclose()
        return code

    async def stop(self) -> int:
        """End it by SIGTERM where it still runs, and return its exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        return await self.ended()

    @property
    def client(self) -> httpx2.AsyncClient:
        """Return a client of its API."""
        assert self.http is not None
        return self.http

    async def get(self, path: str) -> Any:
        """Return the JSON of a resource."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, **body: Any) -> Any:
        """Send JSON, and return the JSON of the answer."""
        answer = await self.client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def items(self) -> AsyncIterator[tuple[str, Json]]:
        """Yield what the event stream tells, by name: `event`, `operation` and `snapshot`."""
        async with self.client.stream("GET", "/api/v1/events") as stream:
            name = ""
            async for line in stream.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    yield name, json.loads(value)

    async def told(self, name: str, truth: Callable[[Json], bool]) -> Json:
        """Wait for an item of the stream that is as wanted; a new reader is told first of what holds already."""
        last: Json = {}
        try:
            async with asyncio.timeout(DEADLINE):
                async for kind, data in self.items():
                    if kind == name:
                        last = data
                        if truth(data):
                            return data
        except TimeoutError as error:
            raise AssertionError(f"waited in vain; the last {name} was {last}; the log ends {self.log[-5:]}") from error
        raise AssertionError(f"the stream ended; the log ends {self.log[-5:]}")


class House:
    """A host: a sandbox, a models.yaml, a state folder, and the daemon while it runs."""

    def __init__(self, folder: Path, sandbox: Sandbox, ollama: OllamaClient) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.ollama = ollama
        self.file = folder / "models.yaml"
        self.run = Program(folder)
        self.run.environment = ENVIRONMENT | {"HF_HUB_OFFLINE": "1"}
        self.set(**PACE, FILE="models.yaml", STATE_DIR="state", REGISTRY_URL=sandbox.registry_url)
        self._daemon: Daemon | None = None
        self._began = ""

    def set(self, **settings: str) -> None:
        """Change settings of whatever is started from now on."""
        self.run.environment |= {f"VENOM_MODELD_{name}": value for name, value in settings.items()}

    @property
    def daemon(self) -> Daemon:
        """Return the running daemon."""
        assert self._daemon is not None
        return self._daemon

    async def start(self) -> None:
        """Start the daemon."""
        self._daemon = await Daemon.begin(self.folder, self.run.environment)
        await self._daemon.answering()

    async def stop(self) -> int:
        """End the daemon in order, and return its exit code."""
        return await self.daemon.stop()

    async def killed_at(self, bait: Callable[[Request], bool], *, start: bool = False) -> None:
        """Have the daemon killed when a request arrives, and wait for that; with `start`, it is started first.

        Call it before anything has awaited since the change that leads to the request.
        """
        journal = self.sandbox.requests
        assert isinstance(journal, Tripwire)
        journal.bait, journal.victim = bait, self._kill
        if start:
            self._daemon = await Daemon.begin(self.folder, self.run.environment)
        assert await self.daemon.ended() == -signal.SIGKILL

    def _kill(self) -> None:
        self.daemon.kill()

    def spec(self, *models: str | Json, **more: Any) -> Json:
        """Return the entry of a runtime on the sandbox."""
        return {"kind": "ollama", "url": self.sandbox.ollama_url, "prune": "managed", "models": list(models), **more}

    def write(self, content: str | Json) -> None:
        """Replace models.yaml in one step, as editors and git do."""
        atomic.write(self.file, (content if isinstance(content, str) else json.dumps(content)).encode())

    def declare(self, *models: str | Json, **more: Any) -> None:
        """Write a file with these models on the one runtime `ollama`."""
        self.write({"version": 1, "runtimes": {"ollama": self.spec(*models, **more)}})

    async def converged(self) -> Json:
        """Wait until the daemon says that all is as the file on disk says; return that status."""
        written = revision_of(self.file.read_bytes())
        return await self.daemon.told("snapshot", lambda status: judge(status, written).code is ExitCode.OK)

    async def furnish(self, *models: str | Json, **more: Any) -> None:
        """Begin a test: nothing fails, these models are there and declared, and no other is there or in memory."""
        self.sandbox.faults.reset()
        await self.sandbox.start_ollama()
        self.declare(*models, limits=WIDE, **more)
        await self.converged()
        for name in (
            self.sandbox.installed().keys() - {_tagged(model) for model in models} - {_tagged(more.get("alias"))}
        ):
            await self.ollama.delete(name)
        for name in set(self.sandbox.loaded()) - {more.get("active")}:
            await self.ollama.load(name, keep_alive=0)
        self.sandbox.requests.clear()
        self._began = (await self.daemon.get("/api/v1/status"))["made_at"]

    async def happened(self, kind: str, *, reason: str | None = None) -> Json:
        """Wait for an event of a type, and of a reason where one is given, since the house was furnished; return it."""

        def matches(event: Json) -> bool:
            return event["at"] >= self._began and event["type"] == kind and reason in (None, event["reason"])

        return await self.daemon.told("event", matches)

    async def cycles(self, more: int) -> None:
        """Wait until so many more cycles of the first runtime have ended."""

        async def done() -> int:
            return int((await self.daemon.get("/api/v1/runtimes"))["runtimes"][0]["cycles"])

        wanted = await done() + more
        async with asyncio.timeout(DEADLINE):
            while await done() < wanted:  # noqa: ASYNC110 - a cycle without news is told to nobody
                await asyncio.sleep(0.02)

    def changes(self) -> list[str]:
        """Return the requests to Ollama that change what it has on disk."""
        changing = ("/api/pull", "/api/delete", "/api/create", "/api/copy")
        found = self.sandbox.requests.matching(server="ollama")
        return [f"{one.path} {_model(one)}" for one in found if one.path in changing]


def _tagged(model: str | Json | None) -> str:
    name = str(model["name"]) if isinstance(model, dict) else str(model)
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _model(request: Request) -> str:
    body = request.body if isinstance(request.body, dict) else {}
    return str(body.get("model") or body.get("source"))


@asynccontextmanager
async def a_house(folder: Path, settings: SandboxSettings = QUICK) -> AsyncIterator[House]:
    """Give a house whose daemon is not started; what runs at the end is ended."""
    sandbox = Sandbox(replace(settings))
    sandbox.requests = Tripwire()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(sandbox)
        client = httpx2.AsyncClient(base_url=sandbox.ollama_url, timeout=DEADLINE, verify=PLAIN)
        http = await stack.enter_async_context(client)
        house = House(folder, sandbox, OllamaClient(http))
        try:
            yield house
        finally:
            if house._daemon is not None:
                await house.stop()


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Give what the shared daemon of a module is set to beside PACE; a module may override this fixture."""
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]) -> AsyncIterator[House]:
    """Give a house with a running daemon, shared by the tests of a module."""
    async with a_house(tmp_path_factory.mktemp("house")) as house:
        house.set(**settings)
        house.write({"version": 1, "runtimes": {}})
        await house.start()
        yield house

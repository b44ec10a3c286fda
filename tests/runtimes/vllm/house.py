"""A host with a Hub, a cache, a state folder, and the stand-in `vllm` command: everything that a driver needs."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import pytest

from tests.conftest import PLAIN
from venom_modeld.core.desired import ModelSpec, Prune, RuntimeSpec
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import ObservedState
from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.vllm.driver import DRIVER, VllmRuntime
from venom_modeld.runtimes.vllm.kind import KIND, ModelFields, RuntimeFields, parse_alias, parse_name
from venom_modeld.sandbox.hub import Hub, HubSettings

STAND_IN = [sys.executable, "-m", "venom_modeld.sandbox.vllm"]
A, B, C = "acme/alpha", "acme/beta", "acme/gamma"
DEADLINE = 30.0


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def model(text: str, **keys: Any) -> ModelSpec:
    """Return an entry as the file would give it."""
    entry = ModelFields.model_validate(keys)
    return KIND.to_spec(parse_name(text), _Entry(entry))


class _Entry:
    """An entry with the keys that every model has."""

    keep = False

    def __init__(self, fields: ModelFields) -> None:
        self._fields = fields

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fields, name)


@dataclass
class Host:
    """A host as a test arranges it; `deadline` is the seconds that a wait may take before it counts as a failure."""

    deadline: ClassVar[float] = DEADLINE
    hub: Hub
    folder: Path
    port: int = field(default_factory=free_port)
    made: list[VllmRuntime] = field(default_factory=list)
    servers: list[asyncio.Server] = field(default_factory=list)
    _pieces: set[Path] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Return where clients find the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> Path:
        """Return the folder of the daemon's state."""
        return self.folder / "state"

    @property
    def cache(self) -> Path:
        """Return the Hub cache."""
        return self.folder / "hub"

    def spec(
        self, *models: ModelSpec, active: str | None = None, alias: str | None = None, name: str = "gpu", **keys: Any
    ) -> RuntimeSpec:
        """Return a runtime of the file; `keys` are those of `server`."""
        server = {
            "command": STAND_IN,
            "env": {"VENOM_SANDBOX_VLLM": str(self.folder / "faults.json")},
            "start_timeout": "20s",
            "shutdown_timeout": "5s",
            **keys,
        }
        fields = RuntimeFields.model_validate({"server": server, "cache": str(self.cache), "endpoint": self.hub.url})
        return RuntimeSpec(
            name=name,
            kind="vllm",
            url=self.url,
            prune=Prune.MANAGED,
            models=models,
            active=parse_name(active) if active else None,
            alias=parse_alias(alias) if alias else None,
            options=KIND.to_options(fields),
        )

    def runtime(self, spec: RuntimeSpec | None = None, *, may_act: bool = True) -> VllmRuntime:
        """Make a driver, as a daemon that starts does, or with `may_act` off a command that only looks."""
        environment = Environment(
            connect_timeout=5.0,
            read_timeout=5.0,
            load_timeout=10.0,
            registry_url="http://127.0.0.1:1",
            user_agent="venom-modeld/test",
            state_dir=self.state,
            may_act=may_act,
        )
        runtime = DRIVER.make(spec or self.spec(), environment)
        assert isinstance(runtime, VllmRuntime)
        self.made.append(runtime)
        return runtime

    def fault(self, **dial: Any) -> None:
        """Set the dial of the stand-in, for the next start and request."""
        (self.folder / "faults.json").write_text(json.dumps(dial), encoding="utf-8")

    async def ask(self, path: str, body: Any = None) -> httpx2.Response:
        """Ask the server something, as a client does."""
        async with httpx2.AsyncClient(base_url=self.url, timeout=DEADLINE, verify=PLAIN) as http:
            return await (http.get(path) if body is None else http.post(path, json=body))

    async def names(self) -> list[str]:
        """Return the names under which clients reach anything; none where nobody answers."""
        with suppress(httpx2.HTTPError):
            return [entry["id"] for entry in (await self.ask("/v1/models")).json()["data"]]
        return []

    def processes(self) -> dict[int, str]:
        """Return the processes of the stand-in on this host, by their numbers; orphans are among them.

        They are told by their command lines, since other tests on this machine have processes of the same names.
        """
        return {pid: _said(pid, "comm").decode().strip() for pid in self.running(b"sandbox.vllm")}

    def running(self, word: bytes) -> list[int]:
        """Return the running processes of this host with a word on their command line."""
        pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
        return [
            pid for pid in pids if word in (line := _said(pid, "cmdline")) and bytes(self.folder) in line and _runs(pid)
        ]

    def told(self, file: str) -> list[bytes]:
        """Return what /proc has in a file of each process, the server itself first."""
        return [_said(pid, file) for pid in sorted(self.processes())]

    def shared_memory(self) -> list[Path]:
        """Return the pieces of shared memory that the processes hold, or have left behind."""
        lines = b"".join(self.told("maps")).splitlines()
        self._pieces |= {Path(line[line.index(b"/") :].decode()) for line in lines if b"/dev/shm/psm_" in line}
        return sorted(piece for piece in self._pieces if piece.exists())

    async def reachable(self) -> None:
        """Wait until a server answers."""
        async with asyncio.timeout(self.deadline):
            while not await self.names():  # noqa: ASYNC110 - the truth lies in another program
                await asyncio.sleep(0.02)

    async def until_served(self, *names: str) -> None:
        """Wait until exactly these names are answered to."""
        async with asyncio.timeout(self.deadline):
            while await self.names() != list(names):  # noqa: ASYNC110 - the truth lies in another program
                await asyncio.sleep(0.02)

    def pid_of(self, name: str) -> int:
        """Return the process of that name."""
        return next(pid for pid, other in self.processes().items() if other.startswith(name))

    @contextmanager
    def paused(self, *known: int) -> Iterator[None]:
        """Hold the newest start where it is: its worker, which is none of the known processes, stands still."""
        (worker,) = (pid for pid, name in self.processes().items() if name == "VLLM::Worker" and pid not in known)
        os.kill(worker, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGCONT)

    async def until(self, truth: Any) -> None:
        """Wait until something is true of other processes."""
        async with asyncio.timeout(self.deadline):
            while not truth():  # noqa: ASYNC110 - the truth lies in another program
                await asyncio.sleep(0.005)


def _said(pid: int, file: str) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}", file).read_bytes()
    return b""


def _runs(pid: int) -> bool:
    status = _said(pid, "stat").rpartition(b")")[2].split()
    return bool(status) and status[0] not in (b"Z", b"X")


def _hub() -> Hub:
    """Return a Hub with three small models; they have the same commits in every one."""
    made = Hub(HubSettings(catalogue=False))
    for name in (A, B, C):
        made.publish(name)
    return made


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """Start a Hub with three small models of its own."""
    async with _hub() as running:
        yield running


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the three models once; every test begins with a copy, which saves a child process for each."""
    folder = tmp_path_factory.mktemp("stock")

    async def fill() -> None:
        async with _hub() as running:
            host = Host(running, folder)
            runtime = host.runtime()
            await install(runtime, model(A), model(B), model(C))
            await runtime.close()

    asyncio.run(fill())
    asyncio.set_event_loop(None)
    return folder


@pytest.fixture
async def host(hub: Hub, stock: Path, tmp_path: Path) -> AsyncIterator[Host]:
    """Give a host with three models in its cache, and nothing served."""
    shutil.copytree(stock, tmp_path, symlinks=True, dirs_exist_ok=True)
    async with _living(Host(hub, tmp_path)) as made:
        yield made


@pytest.fixture
async def bare_host(hub: Hub, tmp_path: Path) -> AsyncIterator[Host]:
    """Give a host with nothing installed."""
    async with _living(Host(hub, tmp_path)) as made:
        yield made


@asynccontextmanager
async def _living(made: Host) -> AsyncIterator[Host]:
    yield made
    for server in made.servers:
        server.close()
    for runtime in made.made:
        await runtime.close()
    held = made.shared_memory()
    for pid in (*made.processes(), *made.running(b"relay.py")):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for piece in held:
        piece.unlink(missing_ok=True)
    _reap()


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


async def install(runtime: VllmRuntime, *specs: ModelSpec) -> None:
    """Install models, without caring for progress."""
    for spec in specs:
        await runtime.install(spec, expect=None, report=lambda _: None)


async def activate(runtime: VllmRuntime, spec: ModelSpec, alias: str | None = None) -> None:
    """Serve a model."""
    name = parse_alias(alias) if alias else None
    await runtime.activate(spec, alias=name, pin=True, report=lambda _: None)


async def observe(runtime: VllmRuntime) -> ObservedState:
    """Look."""
    return await runtime.observe(())


def named(text: str) -> ModelName:
    """Return the name of a model."""
    return parse_name(text)

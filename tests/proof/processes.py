"""The processes of a proof: the stage with its sandboxes, the daemon, and what the kernel knows of a process."""

import asyncio
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.conftest import PLAIN

Json = dict[str, Any]

DEADLINE = 120.0
"""Seconds after which a wait is a failure; generous, because the machine may be busy."""

ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("VENOM_MODELD_", "COVERAGE", "NO_COLOR"))
}
"""The environment without what changes the daemon; what is killed cannot write its coverage."""

QUIET = {"HF_HUB_OFFLINE": "1", "VENOM_MODELD_TRENDING_OLLAMA_SOURCE": "off", "VENOM_MODELD_LOG_FORMAT": "json"}


class Stage:
    """Sandboxes in another process."""

    def __init__(self, process: asyncio.subprocess.Process, addresses: list[Json]) -> None:
        self._process = process
        self._addresses = addresses
        self._http = httpx2.AsyncClient(timeout=DEADLINE, verify=PLAIN, headers={"user-agent": "somebody-else"})

    @classmethod
    async def begin(cls, count: int, log: Path | None = None, *, models: int = 0) -> "Stage":
        """Start so many sandboxes that write to one log, each with so many models."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.proof.stage",
            str(count),
            f"--models={models}",
            *([f"--log={log}"] if log else []),
            env=ENVIRONMENT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return cls(process, await _line(process))

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    async def end(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(DEADLINE):
            await self._process.wait()
        await self._http.aclose()

    async def order(self, **command: Any) -> None:
        """Give a command, and wait until it was taken; none takes back the last."""
        assert self._process.stdin is not None
        self._process.stdin.write((json.dumps(command) + "\n").encode())
        await _line(self._process)

    def url(self, number: int, server: str = "ollama") -> str:
        """Return the address of a server of one sandbox."""
        return str(self._addresses[number][server])

    async def control(self, number: int, method: str, path: str, **body: Any) -> Any:
        """Use the control port of one sandbox."""
        answer = await self._http.request(
            method, self.url(number, "control") + path, **({"json": body} if method in ("POST", "PATCH") else {})
        )
        assert answer.status_code == 200, f"{path} {body}: {answer.text}"
        return answer.json() if answer.content else None

    async def ollama(self, number: int, method: str, path: str, **body: Any) -> int:
        """Be another client of an Ollama; gives the status, or 0 where nobody answers."""
        try:
            return (await self._http.request(method, self.url(number) + path, json=body)).status_code
        except httpx2.TransportError:
            return 0


async def _line(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE):
        line = await process.stdout.readline()
    if not line:
        raise AssertionError("the stage ended")
    return json.loads(line)


class Daemon:
    """One process of `venom-modeld run`. `hear` gets each line of its log and when it was read."""

    def __init__(self, process: asyncio.subprocess.Process, hear: Callable[[float, Json], None]) -> None:
        self.process = process
        self.address = ""
        self.log_bytes = 0
        self.last: list[str] = []
        self._hear = hear
        self._told = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        self._client: httpx2.AsyncClient | None = None

    @classmethod
    async def begin(
        cls,
        folder: Path,
        environment: dict[str, str],
        hear: Callable[[float, Json], None] = lambda _t, _line: None,
        *,
        module: str = "venom_modeld",
    ) -> "Daemon":
        """Start it in a folder, and return at once; it does not outlive this process. `module` is what is started."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            "run",
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=2**22,
            preexec_fn=_die_with_parent,
        )
        return cls(process, hear)

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            text = raw.decode(errors="replace").rstrip("\n")
            self.log_bytes += len(raw)
            self.last = [*self.last[-9:], text]
            line = json.loads(text) if text.startswith("{") else {"message": text, "bare": True}
            self.address = line.get("address", self.address)
            if self.address:
                self._told.set()
            self._hear(time.monotonic(), line)
        self._told.set()

    async def answering(self) -> bool:
        """Wait until its API answers or it has ended; tell which."""
        async with asyncio.timeout(DEADLINE):
            await self._told.wait()
        return bool(self.address) and self.alive

    @property
    def alive(self) -> bool:
        """Tell whether it runs."""
        return self.process.returncode is None

    @property
    def pid(self) -> int:
        """Return its number."""
        return self.process.pid

    def kill(self) -> None:
        """Kill it as a crash does."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait for its end, and return its exit code."""
        async with asyncio.timeout(DEADLINE):
            code = await self.process.wait()
            await self._reading
        if self._client is not None:
            await self._client.aclose()
            self._client = None
        return code

    async def stop(self) -> int:
        """End it by SIGTERM where it still runs, and return its exit code."""
        if self.alive:
            self.process.terminate()
        return await self.ended()

    @property
    def client(self) -> httpx2.AsyncClient:
        """Return a client of its API."""
        if self._client is None:
            self._client = httpx2.AsyncClient(base_url=self.address, timeout=DEADLINE, verify=PLAIN)
        return self._client

    async def get(self, path: str) -> Any:
        """Return the JSON of a resource."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, whatever way."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What the kernel says of a process."""

    memory: int
    """Bytes of it that are in memory."""
    descriptors: int
    threads: int
    processor: float
    """Seconds of work since it started."""
    waited: float
    """Seconds for which its first thread could have run, and other programs had the processors."""

    @classmethod
    def of(cls, pid: int) -> "Vitals":
        """Look at a process."""
        folder = Path(f"/proc/{pid}")
        fields = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
        times = (folder / "stat").read_text().rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        return cls(
            memory=int(fields["VmRSS"].split()[0]) * 1024,
            descriptors=len(list((folder / "fd").iterdir())),
            threads=int(fields["Threads"]),
            processor=(int(times[11]) + int(times[12])) / ticks,
            waited=int((folder / "schedstat").read_text().split()[1]) / 1e9,
        )


def size_of(folder: Path) -> int:
    """Return the bytes of the files of a folder."""
    return sum(entry.stat().st_size for entry in folder.iterdir() if entry.is_file())

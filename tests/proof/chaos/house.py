"""A host on which a script is played: a stage, a daemon that is started again whenever it is gone, and a person."""

import asyncio
import os
import resource
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2

from tests.proof.chaos.record import Life, Line, Record
from tests.proof.chaos.script import DERIVED, GUESTS, OURS, Script
from tests.proof.processes import DEADLINE, ENVIRONMENT, QUIET, Daemon, Json, Stage
from venom_modeld.config import atomic
from venom_modeld.state.errors import StateError
from venom_modeld.state.store import STATE_FILE, Store

EVERY_MODEL = frozenset((*OURS, DERIVED))
"""What may have been approved where the daemon took an approval and was gone before it answered."""

RATE = 400e6
"""Bytes per second of a download while nothing slows it: most take about a second, so that much can happen in one."""

STATE_BYTES = 24_000_000
READ_SECONDS = 2.0

PACE = {
    "FILE": "models.yaml",
    "STATE_DIR": "state",
    "API_LISTEN": "127.0.0.1:0",
    "INTERVAL": "300ms",
    "POLL": "300ms",
    "UPDATE_CHECK": "300ms",
    "STALL_TIMEOUT": "1s",
    "RETRY_FIRST": "100ms",
    "RETRY_MAX": "300ms",
    "TIMEOUTS_CONNECT": "1s",
    "TIMEOUTS_READ": f"{READ_SECONDS:.0f}s",
    "TIMEOUTS_LOAD": "5s",
}


class House:
    """The host of one run."""

    def __init__(self, folder: Path, stage: Stage, count: int, *, clock: Path | None) -> None:
        self.folder = folder
        self.stage = stage
        self.count = count
        self.record = Record()
        self.daemon: Daemon | None = None
        self.prey = ""
        """The line of the log at which the daemon is killed."""
        self.clock = clock
        self.small_disk = False
        settings = PACE | {"REGISTRY_URL": stage.url(0, "registry")}
        self.environment = ENVIRONMENT | QUIET | {f"VENOM_MODELD_{key}": value for key, value in settings.items()}
        if clock is not None:
            self.environment |= _another_clock(folder, clock)

    # The daemon

    async def begin(self) -> None:
        """Start the daemon, and return at once."""
        number = len(self.record.lives)
        life = Life(began=time.monotonic())
        self.record.lives.append(life)
        self.daemon = await Daemon.begin(self.folder, self.environment, lambda at, line: self._hear(number, at, line))

    def _hear(self, life: int, at: float, line: Json) -> None:
        entry = Line(at=at, life=life, content=line)
        self.record.lines.append(entry)
        if entry.message == "state was damaged and begun anew":
            self.record.lost.append(self.record.lives[life].began)
        if self.prey and entry.message == self.prey and self.daemon is not None:
            self.prey = ""
            self.record.lives[life].wanted = True
            self.daemon.kill()

    async def up(self) -> bool:
        """Have a daemon that answers, where that can be had now; one that ends by itself is started once more."""
        for _ in range(2):
            if self.daemon is None or not self.daemon.alive:
                await self.gone()
                await self.begin()
            assert self.daemon is not None
            if await self.daemon.answering():
                return True
        return False

    async def gone(self) -> None:
        """Take note of the end of the daemon, where it has ended."""
        life = self.record.lives[-1] if self.record.lives else None
        if self.daemon is None or life is None or life.ended is not None:
            return
        life.code = await self.daemon.ended()
        life.ended, life.last = time.monotonic(), self.daemon.last

    async def kill(self) -> None:
        """Kill the daemon, and return when it is gone."""
        self.end()
        await self.gone()

    def end(self) -> None:
        """Kill the daemon at the end of the run."""
        if self.daemon is not None and self.daemon.alive:
            self.record.lives[-1].wanted = True
            self.daemon.kill()

    async def stop(self) -> None:
        """End the daemon in order."""
        if self.daemon is not None and self.daemon.alive:
            self.record.lives[-1].wanted = True
            await self.daemon.stop()
        await self.gone()

    async def ask(self, method: str, path: str, **body: object) -> Json | None:
        """Ask the API; None where it does not answer, or refuses."""
        if self.daemon is None or not self.daemon.alive or not self.daemon.address:
            return None
        try:
            answer = await self.daemon.client.request(
                method, path, timeout=5.0, **({"json": body} if method == "POST" else {})
            )
        except (httpx2.TransportError, httpx2.TimeoutException):
            return None
        found: Json = answer.json() if answer.status_code == 200 else {}
        return found or None

    # The person

    def write(self, text: str) -> None:
        """Replace the file in one step, as editors and git do."""
        content = self.fill_in(text)
        path = self.folder / "models.yaml"
        if path.is_dir():
            path.rmdir()
        self.record.wrote(content)
        atomic.write(path, content)

    def fill_in(self, text: str) -> bytes:
        """Return the content that a text of the script stands for."""
        for number in range(self.count):
            text = text.replace(f"@{number}", self.stage.url(number))
        return text.encode()

    async def approve(self) -> None:
        """Approve every unsafe plan that there is."""
        status = await self.ask("GET", "/api/v1/status")
        for runtime in (status or {}).get("runtimes", ()):
            if runtime["unsafe_digest"]:
                before = time.monotonic()
                said = await self.ask("POST", "/api/v1/plan/approve", digest=runtime["unsafe_digest"])
                models = frozenset(map(str, said["models"])) if said else EVERY_MODEL
                self.record.approved.append((before, runtime["name"], models))

    async def cancel(self) -> None:
        """Cancel the first operation that there is."""
        found = await self.ask("GET", "/api/v1/models/operations")
        open_ = [one for one in (found or {}).get("operations", ()) if one["status"] in ("in_progress", "pending")]
        for one in open_[:1]:
            await self.ask("POST", f"/api/v1/models/operations/{one['operation_id']}/cancel")

    async def retry(self) -> None:
        """Try everything again that waits for a person."""
        found = await self.ask("GET", "/api/v1/models/operations?limit=500")
        for one in (found or {}).get("operations", ()):
            if one["status"] == "pending":
                await self.ask("POST", f"/api/v1/models/operations/{one['operation_id']}/retry")

    # The history

    async def copy_history(self) -> None:
        """Note what is remembered now: as the daemon tells it, where it answers, and as its state has it."""
        before = ""
        while page := await self.ask("GET", f"/api/v1/history?limit=500{before}"):
            self.record.remember(
                (one["operation_id"], one["runtime"], one["operation_type"], one["model_name"])
                for one in page["operations"]
            )
            if not page["next"]:
                break
            before = f"&before={page['next']}"
        with suppress(StateError):
            await self._read_history()

    async def _read_history(self) -> None:
        """Read the state: it has operations in progress too, which the history tells of when they have ended."""
        path = self.folder / "state" / STATE_FILE
        if path.exists():
            async with await Store.open(path, read_only=True) as store:
                found = await store.operations(100_000)
                self.record.remember((one.id, one.runtime, one.type.value, one.model) for one in found)

    # The descriptors of the daemon

    def descriptors(self, left: int | None) -> None:
        """Leave the daemon only so many more descriptors, or as many as it had at first."""
        if self.daemon is None or not self.daemon.alive:
            return
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        with suppress(ProcessLookupError, FileNotFoundError, ValueError):
            if left is not None:
                soft = max(int(name) for name in os.listdir(f"/proc/{self.daemon.pid}/fd")) + 1 + left  # noqa: PTH208
            resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE, (soft, hard))

    # The disk of the state

    @property
    def ballast(self) -> Path:
        """Return the file that fills the disk of the state."""
        return self.folder / "state" / "ballast"

    def mount(self) -> None:
        """Put the state on a disk of its own that can be filled, where that is allowed."""
        state = self.folder / "state"
        state.mkdir(mode=0o700)
        command = ["mount", "-t", "tmpfs", "-o", f"size={STATE_BYTES},mode=700", "none", str(state)]
        if os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0:
            self.small_disk = True

    def unmount(self) -> None:
        """Take that disk away again."""
        if self.small_disk:
            subprocess.run(["umount", "--lazy", str(self.folder / "state")], check=True)


def _another_clock(folder: Path, library: Path) -> dict[str, str]:
    """Let the wall clock of the daemon be what a file says; its monotonic clock stays that of the host."""
    place = folder / "clock"
    place.write_text("+0\n")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(place),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


@asynccontextmanager
async def a_house(folder: Path, script: Script, *, clock: Path | None) -> AsyncIterator[House]:
    """Furnish a host as a script begins: guests on every runtime, a first file, and the daemon started."""
    count = 2 if "@1" in script.first else 1
    stage = await Stage.begin(count, folder / "world.jsonl")
    house = House(folder, stage, count, clock=clock)
    house.mount()
    try:
        for number in range(count):
            await stage.control(number, "PATCH", "/faults", rate=RATE)
            for guest in GUESTS:
                await stage.control(number, "POST", "/registry/publish", name=guest, size=50_000_000)
                await stage.control(number, "POST", "/install", name=guest)
        house.write(script.first)
        async with asyncio.timeout(DEADLINE):
            assert await house.up()
        yield house
    finally:
        house.end()
        house.unmount()
        await stage.end()
        await house.gone()

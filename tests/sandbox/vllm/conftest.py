"""A stand-in `vllm` command, run as a program."""

import asyncio
import json
import os
import signal
import socket
import struct
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import PLAIN

DEADLINE = 20.0
GRACE = 2.0


@dataclass
class Command:
    """The command in a folder of its own, with a model."""

    folder: Path
    port: int
    temporary: str
    """A folder of a short name: a socket in it may have some hundred letters in all."""
    started: list[Process] = field(default_factory=list)
    model: str = ""

    @property
    def log(self) -> Path:
        """Return the file that takes what it says."""
        return self.folder / "log"

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def fault(self, **dial: Any) -> None:
        """Set the dial."""
        (self.folder / "faults.json").write_text(json.dumps(dial), encoding="utf-8")

    def make(self, name: str = "model", config: Mapping[str, Any] | None = None, weights: bytes | None = None) -> str:
        """Write a model, and return its folder."""
        made = self.folder / name
        made.mkdir()
        (made / "config.json").write_text(
            json.dumps({"architectures": ["LlamaForCausalLM"], **(config or {})}), encoding="utf-8"
        )
        head = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
        whole = struct.pack("<Q", len(head)) + head + b"\0" * 4
        if weights != b"":
            (made / "model.safetensors").write_bytes(whole if weights is None else weights)
        return str(made)

    async def start(self, *words: str, model: str | None = None, **environ: str) -> Process:
        """Run `vllm serve`, and return at once."""
        command = [sys.executable, "-m", "venom_modeld.sandbox.vllm", "serve", model or self.model]
        command += ["--host", "127.0.0.1", "--port", str(self.port), *words]
        environment = {
            **os.environ,
            "VENOM_SANDBOX_VLLM": str(self.folder / "faults.json"),
            "TMPDIR": self.temporary,
            **environ,
        }
        with self.log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command, env=environment, stderr=log, start_new_session=True
            )
        self.started.append(process)
        return process

    async def ready(self, *words: str, **environ: str) -> Process:
        """Run it, and return when it answers."""
        process = await self.start(*words, **environ)
        await self.answering()
        return process

    async def answering(self) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(DEADLINE):
            while not await self.answers():  # noqa: ASYNC110 - the truth lies in another program
                await asyncio.sleep(0.01)

    async def answers(self) -> bool:
        """Tell whether it is ready."""
        with suppress(httpx2.HTTPError):
            return (await self.ask("/health")).status_code == 200
        return False

    async def ask(self, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Ask it something."""
        async with httpx2.AsyncClient(base_url=self.url, timeout=DEADLINE, verify=PLAIN, headers=headers) as http:
            return await (http.get(path) if body is None else http.post(path, json=body))

    async def fails(self, *words: str, model: str | None = None) -> tuple[int, str]:
        """Run it until it ends by itself, and return its code and what it said."""
        process = await self.start(*words, model=model)
        return await self.ended(process), self.log.read_text(encoding="utf-8")

    def members(self, process: Process) -> dict[str, int]:
        """Return the processes of its group by their names, those that ended left out."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                status = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                if int(status[2]) == process.pid and status[0] not in "ZX":
                    found[(entry / "comm").read_text(encoding="utf-8").strip()] = int(entry.name)
        return found

    async def ended(self, process: Process) -> int:
        """Wait until it ended, and return its code."""
        async with asyncio.timeout(DEADLINE):
            return await process.wait()


@pytest.fixture
async def command(tmp_path: Path) -> AsyncIterator[Command]:
    """Give the command with one model."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as temporary:
        made = Command(tmp_path, port, temporary)
        made.model = made.make()
        yield made
        for process in made.started:
            with suppress(ProcessLookupError, TimeoutError):
                process.terminate()
                async with asyncio.timeout(GRACE):
                    await process.wait()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

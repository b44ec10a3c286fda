"""The program as people start it, and as a function of this process."""

import asyncio
import json
import os
import pty
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.conftest import DEADLINE
from venom_modeld.cli.program import app
from venom_modeld.sandbox import Sandbox

SCRIPT = Path(sys.executable).with_name("venom-modeld")

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("VENOM_MODELD_", "NO_COLOR"))}
ENVIRONMENT |= {"VENOM_MODELD_TRENDING_OLLAMA_SOURCE": "off", "HF_HUB_OFFLINE": "1"}
"""The environment without anything that changes what the program does, and with nobody's catalogue to ask."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Read standard output as one JSON document."""
        return json.loads(self.out)


class Program:
    """The console script, started in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = dict(ENVIRONMENT)

    @asynccontextmanager
    async def started(self, *arguments: object) -> AsyncIterator[asyncio.subprocess.Process]:
        """Start it, and end it with the block."""
        process = await asyncio.create_subprocess_exec(
            SCRIPT,
            *map(str, arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def on_terminal(self, *arguments: object, until: str) -> str:
        """Run it on a terminal until something is shown there, then press Ctrl-C; return all that was shown."""
        master, slave = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            SCRIPT,
            *map(str, arguments),
            cwd=self.folder,
            env=self.environment | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        try:
            async with asyncio.timeout(DEADLINE):
                shown = await asyncio.to_thread(_shown, master, until, lambda: process.send_signal(signal.SIGINT))
                await process.wait()
            return shown
        finally:
            os.close(master)

    async def __call__(self, *arguments: object) -> Ended:
        """Run it to its end."""
        async with self.started(*arguments) as process, asyncio.timeout(DEADLINE):
            out, err = await process.communicate()
            return Ended(code=process.returncode or 0, out=out.decode(), err=err.decode())


def _shown(terminal: int, until: str, press: Callable[[], None]) -> str:
    """Read a terminal to its end, which is an error on Linux."""
    seen, pressed = b"", False
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return seen.decode()
        seen += piece
        if until in seen.decode(errors="ignore") and not pressed:
            pressed = True
            press()
        if not piece:
            return seen.decode()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Give the program, started in the temporary folder of the test."""
    return Program(tmp_path)


@pytest.fixture
def nobody() -> Iterator[str]:
    """Give an address where nothing answers: its port is bound, and nobody listens."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


Invoke = Callable[..., Result]


@pytest.fixture
def invoke() -> Invoke:
    """Give the program as a function of its arguments, run in this process."""

    def run(*arguments: object) -> Result:
        environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("VENOM_MODELD_")}
        return CliRunner().invoke(app, list(map(str, arguments)), env=environment, prog_name="venom-modeld")

    return run


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host: a runtime, a models.yaml and a settings file that fits both."""

    sandbox: Sandbox
    file: Path
    config: Path

    def write(self, *models: str, more: str = "") -> None:
        """Declare these models on the one runtime of the file."""
        names = ", ".join(f'"{model}"' for model in models)
        text = f"one: {{kind: ollama, url: '{self.sandbox.ollama_url}', prune: managed{more}, models: [{names}]}}"
        self.file.write_text(f"version: 1\nruntimes:\n  {text}\n")


@pytest.fixture
def host(sandbox: Sandbox, tmp_path: Path) -> Host:
    """Furnish a host whose runtime is a sandbox."""
    host = Host(sandbox=sandbox, file=tmp_path / "models.yaml", config=tmp_path / "modeld.yaml")
    host.config.write_text(
        f"file: models.yaml\nstate_dir: state\nregistry_url: {sandbox.registry_url}\n"
        "retry: {first: 100ms, max: 200ms}\napi: {listen: '127.0.0.1:0'}\n"
    )
    host.write()
    return host


async def line_of(process: asyncio.subprocess.Process) -> str:
    """Return the next line of a program's standard output."""
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE):
        return (await process.stdout.readline()).decode().rstrip("\n")

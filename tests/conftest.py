"""Fixtures that tests of several parts use."""

import asyncio
import json
import logging
import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import hypothesis
import pytest

from venom_modeld.sandbox import Sandbox, SandboxSettings

# looptime asks for the current event loop before a plain test too, and asyncio would make one that nobody closes,
# unless it was told that there is none.
asyncio.set_event_loop(None)

# Random tests try the same cases each time, so that a run tells of the change that was made and of nothing else.
# Whoever asks for more of them, by LIVES or VENOM_FUZZ_CASES, gets other ones.
hypothesis.settings.register_profile(
    "steady", deadline=None, derandomize=not {"LIVES", "VENOM_FUZZ_CASES"} & os.environ.keys()
)
hypothesis.settings.load_profile("steady")

DEADLINE = 20.0
"""Seconds after which a wait is a failure; generous, because the machine may be busy."""

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For `httpx2.AsyncClient(verify=PLAIN)`: loads no certificates, which saves 40 ms a client where TLS is not spoken."""


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Undo what a command that runs in this process sets up for its own log."""
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    parts = [logging.getLogger(name) for name in ("", "venom_modeld", "venom_modeld.engine")]
    levels = [part.level for part in parts]
    yield
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
    for part, level in zip(parts, levels, strict=True):
        part.setLevel(level)


class OllamaClient:
    """A client of the stand-in Ollama that knows the shapes of its answers."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def post(self, path: str, **body: Any) -> httpx2.Response:
        """Send a JSON object."""
        return await self.http.post(path, json=body)

    async def delete(self, model: str) -> int:
        """Delete a model; gives the status."""
        return (await self.http.request("DELETE", "/api/delete", json={"model": model})).status_code

    async def lines(self, path: str, **body: Any) -> list[dict[str, Any]]:
        """Send a JSON object, and read the whole stream."""
        async with self.http.stream("POST", path, json=body) as answer:
            return [json.loads(line) async for line in answer.aiter_lines()]

    async def pull(self, model: str, **more: Any) -> list[dict[str, Any]]:
        """Pull a model, and read the whole stream."""
        return await self.lines("/api/pull", model=model, **more)

    async def watch(self, model: str, until: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Pull a model, and leave when a line is as wanted."""
        seen = []
        async with asyncio.timeout(DEADLINE), self.http.stream("POST", "/api/pull", json={"model": model}) as answer:
            async for line in answer.aiter_lines():
                seen.append(json.loads(line))
                if until(seen[-1]):
                    break
        return seen

    async def tags(self) -> dict[str, dict[str, Any]]:
        """List the installed models by name."""
        return {entry["name"]: entry for entry in (await self.http.get("/api/tags")).json()["models"]}

    async def ps(self) -> dict[str, dict[str, Any]]:
        """List the loaded models by name."""
        return {entry["name"]: entry for entry in (await self.http.get("/api/ps")).json()["models"]}

    async def load(self, model: str, keep_alive: Any = -1, **more: Any) -> httpx2.Response:
        """Load a model, or unload it with `keep_alive` zero."""
        return await self.post("/api/generate", model=model, keep_alive=keep_alive, **more)


async def eventually(truth: Callable[[], bool]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(DEADLINE):
        while not truth():  # noqa: ASYNC110  # the truth lies in another program, which sends no event
            await asyncio.sleep(0.002)


QUICK = SandboxSettings(
    rate=1e12,
    load_rate=1e12,
    verify_rate=1e12,
    line_interval=0.005,
    stall_timeout=0.05,
    retry_delay=0.001,
    connect_timeout=0.2,
)
"""A sandbox without waiting: a download or a load takes about a millisecond. `sandbox.faults.rate` slows it down."""


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write in a folder: not its owner, and not root, who becomes another user for that long."""
    is_root = os.geteuid() == 0
    folder.chmod(0o555)
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Make a folder that every user may reach; those of pytest are for their owner alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def sandbox_settings() -> SandboxSettings:
    """Give the settings of the `sandbox` fixture; a test module may override this fixture."""
    return replace(QUICK)


@pytest.fixture
async def sandbox(sandbox_settings: SandboxSettings) -> AsyncIterator[Sandbox]:
    """Start a fresh stand-in Ollama with its registry, over real HTTP, with nothing installed."""
    async with Sandbox(sandbox_settings) as running:
        yield running


@pytest.fixture
async def ollama(sandbox: Sandbox) -> AsyncIterator[OllamaClient]:
    """Connect to the stand-in Ollama of the `sandbox` fixture."""
    async with httpx2.AsyncClient(base_url=sandbox.ollama_url, timeout=DEADLINE, verify=PLAIN) as http:
        yield OllamaClient(http)


@pytest.fixture
async def control(sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    """Connect to the control port of the `sandbox` fixture."""
    async with httpx2.AsyncClient(base_url=sandbox.control_url, timeout=DEADLINE, verify=PLAIN) as http:
        yield http

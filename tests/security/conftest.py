"""Fixtures for tests of what strangers may try: servers that answer what they like, and raw connections."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import host, invoke, program
from tests.runtimes.conftest import ScriptedServer
from venom_modeld.core.desired import Prune, RuntimeSpec
from venom_modeld.runtimes.base import Environment, Runtime
from venom_modeld.runtimes.registry import driver

__all__ = ["host", "invoke", "program"]

CASES = int(os.environ.get("VENOM_FUZZ_CASES", "100"))
"""How many cases each fuzzer tries; `make fuzz` tries many more."""


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """Start a server that answers by a script."""
    scripted = ScriptedServer()
    listening = await asyncio.start_server(scripted.serve, "127.0.0.1", 0, limit=2**20)
    scripted.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield scripted
    listening.close()
    await scripted.close()


class Drivers:
    """Makes drivers on any address."""

    def __init__(self, stack: AsyncExitStack, folder: Path) -> None:
        self.close_later = stack.push_async_callback
        self.environment = Environment(
            connect_timeout=5.0,
            read_timeout=10.0,
            load_timeout=10.0,
            registry_url="http://127.0.0.1:1",
            user_agent="venom-modeld/test",
            state_dir=folder,
        )

    def __call__(self, kind: str, url: str, *, registry_url: str = "http://127.0.0.1:1") -> Runtime:
        """Return the driver of a runtime."""
        spec = RuntimeSpec(name="gpu", kind=kind, url=url, prune=Prune.MANAGED)
        runtime = driver(kind).make(spec, replace(self.environment, registry_url=registry_url))
        self.close_later(runtime.close)
        return runtime


@pytest.fixture
async def drivers(tmp_path: Path) -> AsyncIterator[Drivers]:
    """Make drivers that are closed at the end."""
    async with AsyncExitStack() as stack:
        yield Drivers(stack, tmp_path)

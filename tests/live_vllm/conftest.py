"""A host with a real vLLM, the Hub of the sandbox, and the real daemon.

`make test-vllm` makes what these tests need, and names the folder of it in `VENOM_MODELD_LIVE_VLLM`; without that they
are not there. A start of a real vLLM takes half a minute and more, so tests share a house where they can; each first
asks for what it begins with.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest_asyncio

from tests.runtimes.vllm.daemons import House, Json
from tests.runtimes.vllm.house import A, B, Host
from venom_modeld.sandbox.hub import Hub, HubSettings

FOLDER = Path(os.environ.get("VENOM_MODELD_LIVE_VLLM", "")).absolute()
collect_ignore_glob = [] if "VENOM_MODELD_LIVE_VLLM" in os.environ else ["test_*.py"]

VLLM = FOLDER / "venv/bin/vllm"
MODELS = FOLDER / "models"
CUT, MISFIT, LORA = "acme/cut", "acme/misfit", "acme/lora"
"""A model whose file is cut short, one whose file is whole and does not fit its configuration, and an adapter."""

LAST_GASP = 5.0
"""Seconds in which a server ends that was told to stop while it had nothing to do."""

VARIABLES = {"VLLM_CPU_KVCACHE_SPACE": "1"}
ARGUMENTS: Json = {"max-model-len": 256, "enforce-eager": True}
FOR_ADAPTERS: Json = {"name": A, "args": {"enable-lora": True}}


class LiveHost(Host):
    """A host whose servers are real ones."""

    deadline = 400.0

    def processes(self) -> dict[int, str]:
        """Return the processes of vLLM on this host, orphans too: those that work among its temporary files."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                where = (entry / "cwd").readlink()
                state = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
                if where.is_relative_to(self.folder / "t") and state not in "ZX":
                    found[int(entry.name)] = (entry / "comm").read_text(encoding="utf-8").strip()
        return found


class LiveHouse(House):
    """A house whose daemon starts real servers."""

    deadline = 400.0

    def server(self) -> Json:
        """Return how the server is started."""
        return {
            "command": str(VLLM),
            "env": VARIABLES,
            "args": ARGUMENTS,
            "start_timeout": "5m",
            "shutdown_timeout": "10s",  # the time by hand is measured with the same
        }

    async def furnish(self, active: str, *models: str | Json, **more: Any) -> None:
        """Begin a test: the daemon runs, and that model is served."""
        if not self.daemons or self.daemon.process.returncode is not None:
            await self.start()
        self.declare(active, *models, **more)
        await self.converged()

    async def settled(self, name: str) -> None:
        """Wait until a client is served by processes that stay.

        With its daemon a server is told to stop, and while it does the next daemon may still find it well.
        """
        async with asyncio.timeout(self.deadline):
            while True:
                await self.converged()
                before = self.host.processes()
                await asyncio.sleep(LAST_GASP)
                with suppress(httpx2.HTTPError):
                    if await self.generates(name) and self.host.processes() == before:
                        return

    async def generates(self, name: str) -> bool:
        """Have a client ask for three tokens, and tell whether they came."""
        answer = await self.host.ask("/v1/completions", {"model": name, "prompt": "hello", "max_tokens": 3})
        return answer.status_code == 200 and answer.json()["usage"]["completion_tokens"] > 0


@asynccontextmanager
async def a_house() -> AsyncIterator[LiveHouse]:
    """Give a house with nothing installed, whose daemon is not started; its folder has a short name for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="live-"))
    (folder / "t").mkdir()
    async with _hub() as hub:
        house = LiveHouse(LiveHost(hub, folder))
        house.environment |= {"TMPDIR": str(folder / "t")}
        try:
            yield house
        finally:
            await house.close()
            try:
                await house.host.until(lambda: not house.host.processes())
            finally:
                for pid in house.host.processes():
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                shutil.rmtree(folder, ignore_errors=True)


def _hub() -> Hub:
    """Return a Hub with the models that were made."""
    made = Hub(HubSettings(catalogue=False))
    for name, folder in ((A, "alpha"), (B, "beta"), (MISFIT, "damaged"), (LORA, "lora")):
        made.publish_folder(name, MODELS / folder)
    files = {path.name: path.read_bytes() for path in (MODELS / "alpha").iterdir()}
    made.publish(CUT, {**files, "model.safetensors": files["model.safetensors"][:-1000]})
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[LiveHouse]:
    """Give a house that the tests of a module share."""
    async with a_house() as made:
        yield made

"""The server that the contract is held against: the sandbox always, and a live Ollama when one is named.

`OLLAMA_CONTRACT_URL` is its address and `OLLAMA_CONTRACT_MODEL` a small model that it can pull. On the live server
only that model is touched, and copies of it under names that begin with `venom-contract`. A model that was not there
before is deleted at the end, and one that was is left as it is.
"""

import contextlib
import ipaddress
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.conftest import PLAIN, OllamaClient
from venom_modeld.sandbox import Sandbox

URL = os.environ.get("OLLAMA_CONTRACT_URL", "")
MODEL = os.environ.get("OLLAMA_CONTRACT_MODEL", "")
OWN = "venom-contract"
COPY = "venom-contract-copy"
MISSING = "venom-contract-that-nobody-published"
LIVE_DEADLINE = 600.0
LIVE = [pytest.param("live", marks=[pytest.mark.live, pytest.mark.timeout(LIVE_DEADLINE)])] if URL and MODEL else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One server, and the model that the contract may use there."""

    ollama: OllamaClient
    model: str
    url: str

    @property
    def local(self) -> bool:
        """Whether the server listens on this machine alone."""
        host = urlsplit(self.url).hostname or ""
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(host).is_loopback
        return host == "localhost"

    async def copies(self) -> list[str]:
        """List the models that the contract made."""
        return [name for name in await self.ollama.tags() if name.startswith(OWN)]

    async def clear(self) -> None:
        """Unload the model, and delete what the contract made."""
        for name in [self.model, *await self.copies()]:
            await self.ollama.load(name, keep_alive=0)
        for name in await self.copies():
            await self.ollama.delete(name)


@pytest.fixture(scope="session")
def live_model() -> Iterator[str]:
    """Name the model of the live server, and delete it at the end when it was not there before."""
    with httpx2.Client(base_url=URL, timeout=LIVE_DEADLINE) as http:
        before = [entry["name"] for entry in http.get("/api/tags").json()["models"]]
        name = MODEL if ":" in MODEL.rpartition("/")[2] else f"{MODEL}:latest"
        yield name
        if name not in before:
            http.request("DELETE", "/api/delete", json={"model": name})


@pytest.fixture(params=["sandbox", *LIVE])
async def subject(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[Subject]:
    """Give a server where the model is installed and not loaded."""
    if request.param == "sandbox":
        sandbox.install("qwen3:0.6b")
        async with subject_at(sandbox.ollama_url, "qwen3:0.6b") as made:
            yield made
    else:
        async with subject_at(URL, request.getfixturevalue("live_model")) as made:
            await made.clear()
            if made.model not in await made.ollama.tags():
                await made.ollama.pull(made.model)
            yield made
            await made.clear()


@contextlib.asynccontextmanager
async def subject_at(url: str, model: str) -> AsyncIterator[Subject]:
    """Connect to a server."""
    async with httpx2.AsyncClient(base_url=url, timeout=LIVE_DEADLINE, verify=PLAIN) as http:
        yield Subject(ollama=OllamaClient(http), model=model, url=url)

"""The fixtures of tests of the vLLM driver."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.runtimes.vllm.house import bare_host, host, hub, stock
from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.vllm.client import Client

__all__ = ["bare_host", "host", "hub", "stock"]

MakeClient = Callable[..., Client]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[MakeClient]:
    """Make clients that are closed at the end."""
    made = []

    def make(url: str, key: str | None = None, patience: float = 10.0) -> Client:
        environment = Environment(
            connect_timeout=5.0,
            read_timeout=patience,
            load_timeout=patience,
            registry_url="http://127.0.0.1:1",
            user_agent="venom-modeld/test",
            state_dir=tmp_path,
        )
        made.append(Client(url, title="Runtime 'gpu'", environment=environment, key=key))
        return made[-1]

    yield make
    for one in made:
        await one.close()

"""Fixtures of the stand-in Hub: one that runs, a plain client of it, and the Hub's own client."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import DEADLINE, PLAIN
from venom_modeld.sandbox.hub import Hub, HubSettings


@pytest.fixture
def hub_settings() -> HubSettings:
    """Give the settings of the `hub` fixture; a test module may override this fixture."""
    return HubSettings(catalogue=False)


@pytest.fixture
async def hub(hub_settings: HubSettings) -> AsyncIterator[Hub]:
    """Start a Hub that holds nothing."""
    async with Hub(hub_settings) as running:
        yield running


@pytest.fixture
async def http(hub: Hub) -> AsyncIterator[httpx2.AsyncClient]:
    """Connect to the Hub."""
    async with httpx2.AsyncClient(base_url=hub.url, timeout=DEADLINE, verify=PLAIN) as client:
        yield client


class Official:
    """The Hub's own client, whose calls block, so each is made in a thread."""

    def __init__(self, url: str, cache: Path) -> None:
        self.url = url
        self.cache = cache

    async def api(self, name: str, *args: Any, token: str | None = None, **more: Any) -> Any:
        """Call a method of HfApi; what it yields comes as a list."""
        from huggingface_hub import HfApi  # noqa: PLC0415 - it is slow to load, and few tests need it

        api = HfApi(endpoint=self.url, token=token or False)

        def call() -> Any:
            result = getattr(api, name)(*args, **more)
            return list(result) if hasattr(result, "__next__") else result

        return await asyncio.to_thread(call)

    async def download(self, name: str, *, token: str | None = None, **more: Any) -> Path:
        """Download a snapshot."""
        from huggingface_hub import snapshot_download  # noqa: PLC0415

        def call() -> str:
            return snapshot_download(name, endpoint=self.url, cache_dir=self.cache, token=token or False, **more)

        return Path(await asyncio.to_thread(call))


@pytest.fixture
def official(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Official]:
    """Give the Hub's own client, with a cache of its own."""
    from huggingface_hub import close_session, constants  # noqa: PLC0415

    harnesses = tmp_path / "harnesses.json"
    harnesses.write_text("{}", encoding="utf-8")  # else the client asks the real Hub for them, whatever Hub it is given
    monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(harnesses))
    yield Official(hub.url, tmp_path / "cache")
    close_session()


@pytest.fixture
def refusal() -> Callable[[httpx2.Response], tuple[int, str | None]]:
    """Tell the status and the code of a refusal."""
    return lambda answer: (answer.status_code, answer.headers.get("x-error-code"))

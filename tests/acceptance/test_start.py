"""What a daemon loads before it answers, and what those get who ask for the rest at once."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import DEADLINE, House, a_house

pytestmark = pytest.mark.acceptance

STARTED = """
import os, signal, sys
from venom_modeld.cli.inputs import settings
from venom_modeld.cli.running import run

def ready(_):
    print(*sys.modules)
    os.kill(os.getpid(), signal.SIGTERM)

run(settings(None), on_ready=ready)
"""

LATER = {
    "apprise",
    "apscheduler",
    "huggingface_hub",
    "prometheus_client",
    "rich",
    "selectolax",
    "venom_modeld.api.metrics",
    "venom_modeld.config.editor",
    "venom_modeld.engine.edits",
    "venom_modeld.trending.assembly",
}
"""Needed for some calls, or for what is done in the background, but not for being ready."""


@pytest.fixture
async def quiet(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house whose daemon was not started yet."""
    async with a_house(tmp_path) as house:
        house.declare()
        yield house


async def test_nothing_is_loaded_that_a_ready_daemon_can_do_without(quiet: House) -> None:
    """Loading is what takes a start its time, so this is what keeps it short."""
    words = [sys.executable, "-c", STARTED]
    process = await asyncio.create_subprocess_exec(
        *words, cwd=quiet.folder, env=quiet.run.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    async with asyncio.timeout(DEADLINE):
        out, _ = await process.communicate()
    assert process.returncode == 0
    loaded = set(out.decode().split())
    assert "fastapi" in loaded
    assert loaded & LATER == set()


async def test_who_asks_at_once_gets_the_same(quiet: House) -> None:
    """A call that needs more waits for it: the catalogues, their numbers, and the file as an editor sees it."""
    await quiet.start()
    known = await quiet.daemon.get("/api/v1/models/trending?provider=ollama")
    assert known["error"].startswith("`trending.ollama.source` is `off`")
    numbers = await quiet.daemon.client.get("/metrics")
    assert "venom_modeld_catalogue_age_seconds" in numbers.text
    assert (await quiet.daemon.get("/api/v1/desired"))["problems"] == []

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from venom_modeld.state.store import STATE_FILE, Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the state of a test is, though nothing is there yet."""
    return tmp_path / STATE_FILE


@pytest.fixture
def unmeasured() -> dict[str, str]:
    """Return the environment for a process that cannot write its coverage, being killed or kept from writing files."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    """Return an open, empty store."""
    async with await Store.open(path) as opened:
        yield opened

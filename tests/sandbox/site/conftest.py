"""Fixtures of the stand-in ollama.com."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.conftest import DEADLINE, PLAIN
from venom_modeld.sandbox.site import Site, SiteSettings


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Start a site whose lists come three models at a time."""
    async with Site(SiteSettings(page_size=3)) as running:
        yield running


@pytest.fixture
async def http(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    """Connect to the site."""
    async with httpx2.AsyncClient(base_url=site.url, timeout=DEADLINE, verify=PLAIN) as client:
        yield client

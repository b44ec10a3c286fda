"""Which methods an address takes: told by `Allow`, whichever other method was used."""

import re

import httpx2
import pytest

from tests.api.conftest import furnished

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARAMETER = re.compile(r"\{[^}]*\}")
ADDRESSES = {path: sorted(map(str.upper, calls)) for path, calls in furnished().app().openapi()["paths"].items()}
"""The methods of every address, as the schema describes them."""


def pattern(path: str) -> str:
    """Return what the addresses of a path of the schema look like; only the name of a model may have slashes."""
    return PARAMETER.sub("[^/]+", path.replace("{name}", ".+"))


def taken(address: str) -> list[str]:
    """Return the methods that the schema describes for an address; a model's name may be any word."""
    found = (calls for path, calls in ADDRESSES.items() if re.fullmatch(pattern(path), address))
    return sorted({method for calls in found for method in calls})


async def test_some_address_takes_several_methods() -> None:
    """Else the tests here would show little."""
    assert max(map(len, ADDRESSES.values())) > 1


@pytest.mark.parametrize("path", ADDRESSES)
async def test_every_address_tells_all_that_it_takes(client: httpx2.AsyncClient, path: str) -> None:
    """`OPTIONS` and a wrong method are refused with the methods that would do."""
    address = PARAMETER.sub("some", path)
    for method in {"OPTIONS", "PUT", "PATCH"}.difference(taken(address)):
        answer = await client.request(method, address, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.headers["allow"].split(", ")) == (405, taken(address)), method

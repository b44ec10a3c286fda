"""The catalogues of a whole sandbox: started where they are asked for, with dials at the control port."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest

from tests.conftest import DEADLINE, PLAIN, QUICK
from venom_modeld.sandbox import Sandbox, SandboxSettings
from venom_modeld.sandbox.dials import turn
from venom_modeld.sandbox.hub import HubFaults
from venom_modeld.sandbox.site import SiteFaults


@pytest.fixture
def sandbox_settings() -> SandboxSettings:
    """Ask for both catalogues."""
    return replace(QUICK, site_port=0, hub_port=0)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client of everything."""
    async with httpx2.AsyncClient(timeout=DEADLINE, verify=PLAIN) as client:
        yield client


async def test_catalogues_are_there_where_they_are_asked_for(sandbox: Sandbox, control: httpx2.AsyncClient) -> None:
    """A sandbox without them does not name them."""
    told = (await control.get("/")).json()
    assert list(told) == ["ollama", "registry", "control", "site", "hub"]
    async with Sandbox(QUICK) as plain:
        assert list(plain.addresses.as_json()) == ["ollama", "registry", "control"]
        assert list(plain.dials) == ["ollama"]


async def test_all_requests_stand_in_one_journal(
    sandbox: Sandbox, control: httpx2.AsyncClient, http: httpx2.AsyncClient
) -> None:
    """Each with its server."""
    told = sandbox.addresses.as_json()
    await http.get(f"{told['site']}/library")
    await http.get(f"{told['hub']}/api/models?limit=1")
    found = (await control.get("/requests")).json()
    assert [(one["server"], one["path"]) for one in found] == [("site", "/library"), ("hub", "/api/models")]


async def test_each_dial_is_turned_by_its_name(sandbox: Sandbox, control: httpx2.AsyncClient) -> None:
    """A patch changes what it names, in place, and a delete turns everything off."""
    assert sandbox.site is not None
    assert sandbox.hub is not None
    assert (await control.patch("/faults/site", json={"design": "chips"})).json()["design"] == "chips"
    assert (await control.patch("/faults/hub", json={"portal": True})).json()["portal"] is True
    assert (sandbox.site.faults.design, sandbox.hub.faults.portal) == ("chips", True)
    assert (await control.get("/faults/site")).json() == sandbox.site.faults.as_json()
    assert (await control.delete("/faults/site")).json() == SiteFaults().as_json()
    assert sandbox.hub.faults.portal is True
    assert (await control.patch("/faults/ollama", json={"rate": 5})).json()["rate"] == 5


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/faults/cloud", {}, 404, "This sandbox has no cloud; it has ollama, site, hub."),
        ("/faults/site", {"rate": 5}, 400, "The fault dial has no rate."),
        ("/faults/site", {"design": "round"}, 400, "design: Input should be 'attributes', 'plain', 'icons' or 'chips'"),
    ],
)
async def test_a_dial_that_does_not_exist(
    sandbox: Sandbox, control: httpx2.AsyncClient, path: str, body: dict[str, object], status: int, words: str
) -> None:
    """It is told, and nothing is changed."""
    answer = await control.patch(path, json=body)
    assert (answer.status_code, answer.json()["error"]) == (status, words)
    assert sandbox.site is not None
    assert sandbox.site.faults == SiteFaults()


async def test_a_port_that_is_taken_stops_the_rest() -> None:
    """Nothing is left running."""
    async with Sandbox(replace(QUICK, site_port=0)) as first:
        assert first.site is not None
        port = int(first.site.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            async with Sandbox(replace(QUICK, site_port=port)):
                pass


@pytest.mark.parametrize("kind", ["garbage", "truncated", "cut"])
async def test_an_answer_of_the_hub_may_be_spoilt(sandbox: Sandbox, http: httpx2.AsyncClient, kind: str) -> None:
    """A page with 200 where JSON is due, half of it, or a connection that is closed."""
    assert sandbox.hub is not None
    url = f"{sandbox.hub.url}/api/models"
    sandbox.hub.faults.answers = {"/api/models": kind}  # type: ignore[dict-item]
    if kind == "cut":
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.get(url)
        return
    answer = await http.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answer.json()


def test_a_wrong_position_leaves_the_others() -> None:
    """Nothing is set where anything is wrong."""
    dial = HubFaults()
    with pytest.raises(KeyError, match="speed"):
        turn(dial, {"portal": True, "speed": 1})
    with pytest.raises(ValueError, match="latency"):
        turn(dial, {"portal": True, "latency": -1})
    assert dial == HubFaults()

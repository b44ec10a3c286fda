"""Many models cost no more requests than few."""

import pytest

from tests.acceptance.conftest import House

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

MANY = 1000
ACTIVE = "qwen3:0.6b"
CROWD = [f"crowd/model-{number:03}:latest" for number in range(MANY - 1)]


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Let the daemon look ten times a second."""
    return {"INTERVAL": "100ms"}


async def crowded(house: House) -> None:
    """Have somebody else install a thousand models, and declare all of them."""
    for name in CROWD:
        house.sandbox.publish(name, size=1_000_000)
    house.sandbox.install(ACTIVE, *CROWD)
    house.sandbox.requests.clear()
    house.declare(ACTIVE, *CROWD, active=ACTIVE)
    status = await house.converged()
    assert status["counts"]["declared"] == status["counts"]["installed"] == MANY


async def test_a_cycle_over_a_thousand_models_is_two_requests(house: House) -> None:
    """One for what is installed and one for what is loaded; nothing is read again, and no registry is asked."""
    await crowded(house)
    seen = house.sandbox.requests
    assert seen.count(server="registry") == 0
    assert seen.count(server="ollama", path="/api/show") <= 2
    assert house.changes() == []

    await house.cycles(1)
    seen.clear()
    await house.cycles(10)
    asked = [(one.server, one.method, one.path) for one in seen]
    tags, ps = asked.count(("ollama", "GET", "/api/tags")), asked.count(("ollama", "GET", "/api/ps"))
    assert len(asked) == tags + ps
    assert abs(tags - ps) <= 1
    assert 10 <= tags <= 15


async def test_an_edit_among_a_thousand_touches_one(house: House) -> None:
    """The new model is pulled; no other is looked at, pulled, loaded or removed."""
    await crowded(house)
    house.sandbox.requests.clear()
    house.write(house.file.read_text().replace(CROWD[500], "all-minilm"))
    await house.converged()
    assert house.changes() == ["/api/pull all-minilm:latest"]
    registry = house.sandbox.requests.matching(server="registry", path="/v2/*")
    assert {one.path.split("/")[3] for one in registry} == {"all-minilm"}
    assert house.sandbox.requests.count(path="/api/show") <= 1
    assert house.sandbox.requests.count(path="/api/generate") == 0

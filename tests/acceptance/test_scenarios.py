"""What tools of this kind get wrong on a host: those of the twelve scenarios that no other module tells.

The whole list, with the test of each, is in docs/reference/reliability.md.
"""

import pytest

from tests.acceptance.conftest import House
from tests.conftest import eventually

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

A, B, C, D = "qwen3:0.6b", "llama3.2:1b", "gemma3:270m", "smollm2:135m"
TWIN = "qwen3:0.6b-q4_K_M"


async def test_a_name_is_not_its_prefix(house: House) -> None:
    """`llama3` and `llama3.1:70b` beside each other: neither stands for the other, not in what is there or goes."""
    house.sandbox.publish("llama3:latest", size=1_000_000)
    house.sandbox.publish("llama3.1:70b", size=1_000_000)
    await house.furnish("llama3.1:70b")
    house.declare("llama3.1:70b", "llama3")
    await house.converged()
    assert set(house.sandbox.installed()) == {"llama3.1:70b", "llama3:latest"}
    house.sandbox.requests.clear()
    house.declare("llama3")
    await house.converged()
    assert house.changes() == ["/api/delete llama3.1:70b"]
    assert set(house.sandbox.installed()) == {"llama3:latest"}


async def test_names_that_differ_by_case_or_latest_are_one(house: House) -> None:
    """What a person pulled under another spelling is the declared model: nothing is pulled and nothing removed."""
    house.sandbox.publish("granite:latest", size=1_000_000)
    await house.furnish(D)
    await house.ollama.post("/api/pull", model="granite", stream=False)
    house.sandbox.requests.clear()
    for spelling in ("Granite", "granite:latest", "library/granite", "registry.ollama.ai/library/granite:LATEST"):
        house.declare(D, spelling, active=spelling)
        await house.converged()
    assert house.changes() == []
    assert house.sandbox.loaded() == ["granite:latest"]


async def test_what_two_entries_share_stays_while_one_needs_it(house: House) -> None:
    """Two tags of the same weights: one goes, the other one still answers."""
    await house.furnish(A, TWIN, active=A)
    house.declare(A, active=A)
    await house.converged()
    assert house.changes() == [f"/api/delete {TWIN}"]
    answer = await house.ollama.post("/api/generate", model=A, prompt="hi", stream=False)
    assert answer.status_code == 200
    house.declare(A, TWIN, active=A)
    await house.converged()
    house.declare(TWIN, active=TWIN)
    await house.converged()
    assert set(house.sandbox.installed()) == {TWIN}
    assert (await house.ollama.post("/api/generate", model=TWIN, prompt="hi", stream=False)).status_code == 200


async def test_five_of_six_entries_lost_in_a_merge_remove_nothing(house: House) -> None:
    """The brakes hold all of the removals, and a file that has its entries back asks for nothing."""
    models = (A, B, C, D, TWIN, "nomic-embed-text")
    await house.furnish(*models)
    house.declare(A)
    unsafe = await house.happened("PlanUnsafe")
    assert "5 of 6" in unsafe["message"]
    await house.cycles(3)
    assert house.changes() == []
    house.declare(*models)
    await house.converged()
    assert house.changes() == []


async def test_an_update_that_is_cancelled_half_way_leaves_the_installed_version(house: House) -> None:
    """The file stops following the tag while its new version is on its way: the one that is there goes on serving."""
    await house.furnish({"name": B, "update": "always"}, active=B)
    before = house.sandbox.installed()[B]
    house.sandbox.faults.rate = 10e6
    house.sandbox.move_tag(B)
    await eventually(lambda: bool(house.sandbox.pulling()))
    status = next(one for one in (await house.daemon.get("/api/v1/models"))["models"] if one["name"] == B)
    assert status["active"]
    house.declare(B, active=B)
    await house.happened("OperationCancelled")
    house.sandbox.faults.rate = None
    await house.converged()
    assert house.sandbox.installed() == {B: before}
    assert house.sandbox.loaded() == [B]

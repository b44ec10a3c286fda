"""What the daemon is for: Ollama follows the file, and nothing goes that should stay."""

import asyncio
import re

import pytest

from tests.acceptance.conftest import House
from tests.conftest import eventually
from venom_modeld.cli.exits import ExitCode

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

A, B, C, THEIRS = "qwen3:0.6b", "llama3.2:1b", "gemma3:270m", "smollm2:135m"


async def test_ollama_follows_the_file_and_status_tells_it(house: House) -> None:
    """Two models are installed and one answers; after an edit the third is there, the first gone, another active."""
    house.declare(A, B, active=A)
    await house.converged()
    assert set(house.sandbox.installed()) == {A, B}
    assert house.sandbox.loaded() == [A]
    answer = (await house.ollama.post("/api/generate", model=A, prompt="hi", stream=False, keep_alive=-1)).json()
    assert answer["done"]
    assert answer["eval_count"] > 0

    house.sandbox.faults.rate = 10e6
    house.declare(B, C, active=B)
    await eventually(lambda: bool(house.sandbox.pulling()))
    first, second = await _two_looks(house)
    assert first["model_name"] == second["model_name"] == C
    assert 0 < first["bytes_completed"] < second["bytes_completed"] < second["bytes_total"]
    assert set(house.sandbox.installed()) == {A, B}
    shown = await house.run("status", "--address", house.daemon.address)
    assert re.search(rf"downloading +{C} .* \d+ %  .* MB of .* MB", shown.out), shown.out

    house.sandbox.faults.rate = None
    await house.converged()
    assert set(house.sandbox.installed()) == {B, C}
    assert house.sandbox.loaded() == [B]
    status = await house.run("status", "--address", house.daemon.address)
    assert status.out.startswith("In sync")


async def _two_looks(house: House) -> tuple[dict[str, int], dict[str, int]]:
    """Return the download as two runs of `status` tell it, the second one with more bytes than the first.

    A run may be over before the daemon tells of the next bytes.
    """
    looks: list[dict[str, int]] = []
    async with asyncio.timeout(30):
        while len(looks) < 2:
            told = await house.run("status", "--address", house.daemon.address, "--format", "json")
            running = [one for one in told.json["operations"] if one["status"] == "in_progress"]
            known = max((one["bytes_completed"] for one in looks), default=0)
            looks += [
                one for one in running if one["operation_type"] == "install" and (one["bytes_completed"] or 0) > known
            ]
    return looks[0], looks[1]


async def test_plan_says_by_its_exit_code_whether_there_is_work(house: House) -> None:
    """Two before the edit is followed, nothing and zero afterwards."""
    await house.furnish(A, active=A)
    edited = house.folder / "edited.yaml"
    edited.write_text(house.file.read_text().replace(f'["{A}"]', f'["{A}", "{C}"]'))
    before = await house.run("plan", "--file", edited, "--detailed-exitcode")
    assert before.code == ExitCode.CHANGES
    assert f"install  {C}" in before.out
    house.write(edited.read_text())
    await house.converged()
    after = await house.run("plan", "--detailed-exitcode")
    assert (after.code, "nothing to do" in after.out) == (0, True)


async def test_an_unmanaged_model_is_never_touched(house: House) -> None:
    """Under `prune: managed` what somebody else pulled stays, also after the file named it for a while."""
    await house.furnish(A)
    await house.ollama.pull(THEIRS)
    house.sandbox.requests.clear()
    house.declare(A, THEIRS)
    await house.converged()
    house.declare(A, C)
    await house.converged()
    house.declare(C)
    await house.converged()
    await house.cycles(2)
    assert THEIRS in house.sandbox.installed()
    assert house.changes() == [f"/api/pull {C}", f"/api/delete {A}"]
    models = (await house.daemon.get("/api/v1/models"))["models"]
    assert [one["state"] for one in models if one["name"] == THEIRS] == ["unmanaged"]


async def test_an_emptied_list_removes_nothing_until_approved(house: House) -> None:
    """The removals wait, everywhere shown with their digest; another digest is refused, the right one does it."""
    await house.furnish(A, B)
    house.declare()
    status = await house.daemon.told("snapshot", lambda one: bool(one["runtimes"][0]["unsafe_digest"]))
    digest = status["runtimes"][0]["unsafe_digest"]
    await house.cycles(2)
    assert house.changes() == []
    wrong = await house.daemon.client.post("/api/v1/plan/approve", json={"digest": "sha256:00"})
    assert wrong.status_code == 404
    blocked = await house.run("wait", "--address", house.daemon.address)
    assert (blocked.code, digest in blocked.err) == (ExitCode.BLOCKED, True)
    assert house.changes() == []
    right = await house.run("approve", digest, "--address", house.daemon.address)
    assert right.code == 0
    await house.converged()
    assert house.sandbox.installed() == {}


async def test_an_ollama_that_is_away_is_left_alone_and_its_return_converges(house: House) -> None:
    """The file is edited while nobody answers: nothing happens then, everything once, afterwards."""
    await house.furnish(A, B, active=A)
    await house.sandbox.stop_ollama()
    house.declare(B, C, active=B)
    lost = await house.daemon.told("snapshot", lambda one: one["runtimes"][0]["reachable"] is False)
    assert lost["summary"] == "Unknown: ollama does not answer"
    await house.cycles(3)
    models = (await house.daemon.get("/api/v1/models"))["models"]
    assert {one["name"]: one["stale"] for one in models} == {A: True, B: True}
    await house.sandbox.start_ollama()
    await house.converged()
    assert house.changes() == [f"/api/pull {C}", f"/api/delete {A}"]
    assert house.sandbox.loaded() == [B]


async def test_a_list_that_makes_no_sense_is_not_an_empty_list(house: House) -> None:
    """Ollama answers, but not with its models: nothing is installed or removed until it does."""
    await house.furnish(A)
    house.sandbox.faults.answers = {"/api/tags": "garbage"}
    house.declare(B)
    await house.daemon.told("snapshot", lambda one: one["runtimes"][0]["reachable"] is False)
    for answer in ("garbage", "wrong", "null", "truncated", "cut"):
        house.sandbox.faults.answers = {"/api/tags": answer}
        await house.cycles(2)
        assert house.changes() == []
    house.sandbox.faults.reset()
    await house.converged()
    assert set(house.sandbox.installed()) == {B}

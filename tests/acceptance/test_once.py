"""Everything done once, without a daemon."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import House, a_house
from venom_modeld.cli.exits import ExitCode

pytestmark = [pytest.mark.acceptance]

A, B, C = "qwen3:0.6b", "llama3.2:1b", "gemma3:270m"


@pytest.fixture
async def quiet(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house without a daemon."""
    async with a_house(tmp_path) as house:
        yield house


async def test_apply_does_once_what_the_daemon_does(quiet: House) -> None:
    """It ends when all is done; a plan that was reviewed is done by its digest, and no other is."""
    quiet.declare(A, B, active=A)
    first = await quiet.run("apply")
    assert (first.code, first.out.splitlines()[-1].startswith("In sync")) == (0, True)
    assert set(quiet.sandbox.installed()) == {A, B}
    quiet.declare(B, C, active=C)
    digest = (await quiet.run("plan", "--format", "json")).json["digest"]
    quiet.sandbox.requests.clear()
    refused = await quiet.run("apply", "--plan", f"sha256:{'0' * 64}")
    assert (refused.code, quiet.changes()) == (ExitCode.OUTDATED, [])
    assert digest in refused.err
    reviewed = await quiet.run("apply", "--plan", digest)
    assert reviewed.code == 0
    assert set(quiet.sandbox.installed()) == {B, C}
    assert quiet.sandbox.loaded() == [C]


async def test_what_import_writes_asks_for_nothing(quiet: House) -> None:
    """A host is taken over as it is: the plan of the new file is empty, and what is loaded stays the active one."""
    quiet.sandbox.install(A, B)
    await quiet.ollama.load(A)
    quiet.sandbox.requests.clear()
    asked = ("--url", quiet.sandbox.ollama_url, "--kind", "ollama")
    written = await quiet.run("import", *asked, "--output", "models.yaml")
    assert written.code == 0
    assert f"active: {A}" in quiet.file.read_text()
    plan = await quiet.run("plan", "--detailed-exitcode")
    assert (plan.code, "nothing to do" in plan.out) == (0, True)
    assert (await quiet.run("apply")).code == 0
    assert quiet.changes() == []

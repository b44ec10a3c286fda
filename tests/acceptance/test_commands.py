"""The program as people use it: commands edit the file and the daemon follows; it starts alone, and ends when told."""

import pytest

from tests.acceptance.conftest import House
from venom_modeld.cli.exits import ExitCode

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

A, B, C = "qwen3:0.6b", "llama3.2:1b", "gemma3:270m"


async def test_models_are_managed_by_commands_that_edit_the_file(house: House) -> None:
    """Comments stay, the daemon follows each edit, and `wait` ends when it has."""
    await house.furnish(A, active=A)
    comment = "# Ours. Ask before you change it.\n"
    house.write(
        f"{comment}version: 1\nruntimes:\n  ollama:\n    kind: ollama\n    url: {house.sandbox.ollama_url}\n"
        f"    prune: managed\n    active: {A} # for now\n    models:\n      - {A} # the small one\n"
    )

    async def made(*command: str) -> None:
        assert (await house.run(*command)).code == 0
        waited = await house.run("wait", "--for", "converged", "--timeout", "30s", "--address", house.daemon.address)
        assert (waited.code, waited.out.startswith("In sync at revision")) == (0, True)

    await made("install", "ollama", C)
    assert set(house.sandbox.installed()) == {A, C}
    await made("activate", "ollama", C)
    assert house.sandbox.loaded() == [C]
    await made("remove", "ollama", A)
    assert set(house.sandbox.installed()) == {C}
    text = house.file.read_text()
    assert text.startswith(comment)
    assert "# for now" in text


async def test_a_suspended_daemon_shows_and_does_nothing(house: House) -> None:
    """What differs is seen and planned; `resume` has it done."""
    await house.furnish(A)
    assert (await house.run("suspend", "ollama")).code == 0
    assert (await house.run("install", "ollama", C)).code == 0
    status = await house.daemon.told("snapshot", lambda one: one["counts"]["drift"] == 1)
    assert status["runtimes"][0]["suspended"]
    await house.cycles(2)
    assert house.changes() == []
    assert (await house.run("resume", "ollama")).code == 0
    await house.converged()
    assert set(house.sandbox.installed()) == {A, C}


async def test_a_second_daemon_on_the_same_state_is_refused(house: House) -> None:
    """It says which process has it; an address that is taken is refused as clearly, and the first one goes on."""
    await house.furnish(A)
    second = await house.run("run")
    assert (second.code, "Traceback" in second.err) == (ExitCode.FAILED, False)
    assert f"pid {house.daemon.process.pid}" in second.err
    listen = house.daemon.address.removeprefix("http://")
    taken = await house.run("run", "--listen", listen, "--state-dir", "other")
    assert taken.code == ExitCode.FAILED
    assert f"The API cannot listen on {listen}: another program has it" in taken.err
    house.declare(A, C)
    await house.converged()
    assert set(house.sandbox.installed()) == {A, C}


async def test_sigterm_in_the_middle_of_a_pull_is_a_clean_end(house: House) -> None:
    """The daemon does not wait for the download; the next start goes on with it where it was."""
    await house.furnish(A)
    house.sandbox.faults.rate = 1e6
    house.declare(A, B)
    running = await house.daemon.told("operation", lambda one: bool(one["bytes_completed"]))
    log, before = house.daemon.log, len(house.daemon.log)
    assert await house.stop() == 0
    assert not [line for line in log[before:] if line.get("level") != "info"]
    assert set(house.sandbox.installed()) == {A}
    await house.start()
    resumed = await house.daemon.told("operation", lambda one: bool(one["bytes_completed"]))
    assert resumed["bytes_completed"] >= running["bytes_completed"]
    house.sandbox.faults.rate = None
    await house.converged()
    assert set(house.sandbox.installed()) == {A, B}
    history = (await house.daemon.get("/api/v1/history?limit=2"))["operations"]
    assert [(one["model_name"], one["status"]) for one in history] == [(B, "completed"), (B, "cancelled")]

"""The file as the daemon follows it: saved, broken, gone, edited while nobody looked."""

import asyncio
import mmap
import re
import signal

import pytest

from tests.acceptance.conftest import House, Json
from tests.conftest import eventually
from venom_modeld.config.loader import revision_of

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

A, B, C = "qwen3:0.6b", "llama3.2:1b", "gemma3:270m"
BROKEN = "version: 1\nruntimes:\n  ollama:\n    kind: olama\n    prune: managed\n"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Let nothing happen by the passing of time: only what is told to the daemon makes it look."""
    return {"INTERVAL": "1h", "POLL": "1h"}


def file_of(status: Json) -> Json:
    """Return what a status says of the file."""
    file: Json = status["file"]
    return file


def config_valid(status: Json) -> Json:
    """Return the condition ConfigValid of a status."""
    return next(one for one in status["conditions"] if one["type"] == "ConfigValid")


async def refused(house: House) -> Json:
    """Wait until the daemon refuses the file as it is, and return that status."""
    return await house.daemon.told("snapshot", lambda status: bool(file_of(status)["problems"]))


async def test_a_file_that_is_saved_is_followed(house: House) -> None:
    """Written in place, renamed over, or put there as a link: each is seen by itself, without a signal."""
    await house.furnish(A)
    text = house.file.read_text()
    house.file.write_text(text.replace(A, B))
    await house.converged()
    assert B in house.sandbox.installed()
    saved = house.folder / "saved.tmp"
    saved.write_text(text.replace(A, C))
    saved.rename(house.file)
    await house.converged()
    assert C in house.sandbox.installed()
    (house.folder / "checkout").mkdir()
    (house.folder / "checkout/models.yaml").write_text(text)
    link = house.folder / "link.tmp"
    link.symlink_to("checkout/models.yaml")
    link.rename(house.file)
    await house.converged()
    assert A in house.sandbox.installed()


async def test_sighup_rereads_at_once(house: House) -> None:
    """Here nothing else would: the kernel tells nobody of what is written through a mapping of the file.

    The runtimes are looked at too: a model that somebody deleted comes back.
    """
    await house.furnish(A, B)
    with house.file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as page:
        await house.ollama.delete(A)
        assert set(house.sandbox.installed()) == {B}
        at = page.find(B.encode())
        page[at : at + len(B)] = C.encode()
        page.flush()
        house.daemon.process.send_signal(signal.SIGHUP)
        await house.converged()
    assert set(house.sandbox.installed()) == {A, C}


async def test_a_broken_file_keeps_the_last_good_one_in_force(house: House) -> None:
    """The API says what is wrong, with line and column; what is in force is still kept; mending it converges."""
    await house.furnish(A, active=A)
    good = revision_of(house.file.read_bytes())
    house.write(BROKEN)
    status = await refused(house)
    file, condition = file_of(status), config_valid(status)
    assert (file["revision"], file["valid"]) == (good, False)
    assert file["attempted_revision"] == revision_of(BROKEN.encode())
    assert re.match(r".*models\.yaml:4:11: ", file["problems"][0])
    assert (condition["status"], condition["reason"]) == ("False", "Invalid")
    assert file["problems"][0] in condition["message"]

    await house.ollama.delete(A)
    house.daemon.process.send_signal(signal.SIGHUP)
    await eventually(lambda: A in house.sandbox.installed())
    waited = await house.run("wait", "--address", house.daemon.address)
    assert (waited.code, "models.yaml is not valid" in waited.err) == (1, True)
    house.declare(A, B, active=A)
    status = await house.converged()
    assert config_valid(status)["status"] == "True"
    assert set(house.sandbox.installed()) == {A, B}


async def test_a_file_that_is_deleted_and_comes_back(house: House) -> None:
    """Missing is not empty: nothing is removed, and the file that returns is followed."""
    await house.furnish(A, B)
    text = house.file.read_text()
    house.file.unlink()
    condition = config_valid(await refused(house))
    assert (condition["status"], condition["reason"]) == ("False", "FileMissing")
    assert house.changes() == []
    house.write(text.replace(B, C))
    await house.converged()
    assert set(house.sandbox.installed()) == {A, C}


async def test_a_daemon_that_starts_while_the_file_is_broken_uses_the_last_good_one(house: House) -> None:
    """It mends what went wrong meanwhile by the file that was last valid, and says what is wrong with this one."""
    await house.furnish(A, active=A)
    await house.stop()
    house.write(BROKEN)
    await house.ollama.delete(A)
    await house.start()
    status = await house.daemon.told("snapshot", lambda one: one["runtimes"] != [] and _is_ready(one["runtimes"][0]))
    assert file_of(status)["problems"]
    assert set(house.sandbox.installed()) == {A}
    assert house.sandbox.loaded() == [A]


def _is_ready(runtime: Json) -> bool:
    return any((one["type"], one["status"]) == ("Ready", "True") for one in runtime["conditions"])


async def test_a_file_that_was_edited_while_the_daemon_was_down(house: House) -> None:
    """The start reads it: what it asks for now is done, and what the daemon installed for the old one goes."""
    await house.furnish(A, B)
    assert await house.stop() == 0
    house.declare(B, C, active=C)
    await house.start()
    await house.converged()
    assert set(house.sandbox.installed()) == {B, C}
    assert house.sandbox.loaded() == [C]


async def test_half_a_file_changes_nothing(house: House) -> None:
    """A file that grows byte by byte is in force once it is whole, and no part of it is ever acted on."""
    await house.furnish(A, B)
    text = house.file.read_text().replace(B, C)
    with house.file.open("w") as growing:
        for sign in text:
            growing.write(sign)
            growing.flush()
            await asyncio.sleep(0)
    await house.converged()
    assert house.changes() == [f"/api/pull {C}", f"/api/delete {B}"]

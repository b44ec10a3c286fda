"""A unit of systemd is the server: exactly that unit is restarted, with what was written for it."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtimes.vllm.house import STAND_IN, A, B, Host, activate, model, named, observe
from tests.runtimes.vllm.systemctl import split
from venom_modeld.core.errors import PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.driver import VllmRuntime
from venom_modeld.runtimes.vllm.server.systemd import quoted_value, quoted_word

UNIT = "vllm-test.service"


class Systemd:
    """A systemd with one unit, which is the stand-in `vllm`."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.folder = host.folder / "systemd"
        self.file = host.folder / "vllm.env"

    def write(self, **more: Any) -> None:
        """Write the unit; `refuse` are verbs that are not allowed, each with what systemctl says."""
        unit = {"name": UNIT, "command": STAND_IN, "environment_file": str(self.file), **more}
        (self.folder / "unit.json").write_text(json.dumps(unit), encoding="utf-8")

    def state(self) -> dict[str, Any]:
        """Return what the unit does."""
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_bytes())
        return found

    def runtime(self, *texts: str, **keys: Any) -> VllmRuntime:
        """Make a driver that controls the unit."""
        server = {"control": "systemd", "unit": UNIT, "environment_file": str(self.file), **keys}
        return self.host.runtime(self.host.spec(*map(model, texts), active=texts[0], **server))

    def kill(self) -> None:
        """Kill the unit's process, and what it leaves behind."""
        os.killpg(self.state()["pid"], signal.SIGKILL)


@pytest.fixture
def systemd(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    """Put a `systemctl` of our own first on the path."""
    made = Systemd(host)
    made.folder.mkdir()
    made.write()
    programs = host.folder / "bin"
    programs.mkdir()
    source = Path(__file__).with_name("systemctl.py")
    for name in ("systemctl", "journalctl"):
        (programs / name).write_text(f"#!{sys.executable}\n{source.read_text(encoding='utf-8')}", encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SYSTEMD", str(made.folder))
    yield made
    if (made.folder / "state.json").exists() and made.state()["active"] == "active":
        made.kill()


async def test_the_unit_serves_what_was_written_for_it(systemd: Systemd) -> None:
    """The file of variables is complete, and the observation knows how the unit was started."""
    runtime = systemd.runtime(A, B)
    assert (await observe(runtime)).loaded == ()
    await activate(runtime, model(A))
    assert await systemd.host.names() == [A]
    state = await observe(runtime)
    serving = state.serving(named(A))
    assert serving is not None
    assert serving.pinned
    text = systemd.file.read_text(encoding="utf-8")
    assert 'HF_HUB_OFFLINE="1"' in text
    assert systemd.file.stat().st_mode & 0o777 == 0o600
    await activate(runtime, model(B))
    assert await systemd.host.names() == [B]


async def test_a_daemon_that_comes_back_finds_the_unit_as_it_left_it(systemd: Systemd) -> None:
    """Nothing is restarted for its sake."""
    await activate(systemd.runtime(A), model(A))
    before = systemd.state()
    runtime = systemd.runtime(A)
    assert (await observe(runtime)).serving(named(A)) is not None
    await activate(runtime, model(A))
    assert systemd.state() == before


async def test_a_unit_that_somebody_else_changed_is_started_anew(systemd: Systemd) -> None:
    """A file that is not as we wrote it says nothing of how the unit runs."""
    runtime = systemd.runtime(A)
    await activate(runtime, model(A))
    before = systemd.state()
    systemd.file.write_text(systemd.file.read_text(encoding="utf-8") + "X=1\n", encoding="utf-8")
    state = await observe(runtime)
    assert [loaded.pinned for loaded in state.loaded] == [False]
    await activate(runtime, model(A))
    assert systemd.state()["invocation"] != before["invocation"]


async def test_a_model_that_cannot_be_loaded_gives_way_to_the_one_before(systemd: Systemd) -> None:
    """The reason is that of the journal."""
    runtime = systemd.runtime(A, B)
    await activate(runtime, model(A))
    systemd.host.fault(refuse={B: "RuntimeError: no good"})
    with pytest.raises(PermanentError, match=rf"RuntimeError: no good\. .* {A} is served again as before"):
        await activate(runtime, model(B))
    assert await systemd.host.names() == [A]


async def test_a_unit_that_gives_no_reason_points_to_its_journal(systemd: Systemd) -> None:
    """A person is told where to look."""
    runtime = systemd.runtime(A)
    systemd.write(command=[sys.executable, "-c", ""])
    with pytest.raises(PermanentError, match=f"without a reason; see journalctl --unit {UNIT}"):
        await activate(runtime, model(A))


async def test_a_crash_is_counted_once(systemd: Systemd) -> None:
    """The second one in a row is followed by a wait."""
    runtime = systemd.runtime(A)
    for _ in range(2):
        await activate(runtime, model(A))
        systemd.kill()
        await systemd.host.until(lambda: systemd.state()["active"] != "active")
        for _ in range(2):
            assert (await observe(runtime)).loaded == ()
    with pytest.raises(TemporaryError, match="ended by itself 2 times"):
        await activate(runtime, model(A))


async def test_a_model_that_is_no_longer_served_stops_the_unit(systemd: Systemd) -> None:
    """Stopping it is no crash; stopping it again is nothing."""
    runtime = systemd.runtime(A, B)
    await activate(runtime, model(A))
    await runtime.deactivate(named(B))
    assert await systemd.host.names() == [A]
    for _ in range(2):
        await runtime.deactivate(named(A))
        assert (await observe(runtime)).loaded == ()
    assert await systemd.host.names() == []
    await activate(runtime, model(A))
    assert await systemd.host.names() == [A]


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(lambda state: state["wanted"], id="systemd was told"),
        pytest.param(lambda state: state["active"] == "active", id="the process runs"),
    ],
)
async def test_a_cancelled_start_stops_the_unit(systemd: Systemd, moment: Callable[[dict[str, Any]], Any]) -> None:
    """What the file no longer wants is not started behind its back, however far systemd had come with it."""
    systemd.host.fault(hang=True)
    runtime = systemd.runtime(A)
    starting = asyncio.create_task(activate(runtime, model(A)))
    await systemd.host.until(lambda: (systemd.folder / "state.json").exists() and moment(systemd.state()))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert (systemd.state()["active"], systemd.state()["wanted"]) in (("inactive", ""), ("failed", ""))


@pytest.mark.parametrize(
    ("words", "family", "reason"),
    [
        ("Interactive authentication required.", PermanentError, Reason.ACCESS_DENIED),
        ("Transport endpoint is not connected", TemporaryError, Reason.FAILED),
        ("", TemporaryError, Reason.FAILED),
    ],
)
async def test_what_systemctl_refuses_is_told(
    systemd: Systemd, words: str, family: type[Exception], reason: Reason
) -> None:
    """A missing permission waits for a person; the rest is tried again."""
    systemd.write(refuse={"restart": words})
    with pytest.raises(family, match=rf"systemctl restart {UNIT} failed: {words or 'code 1'}") as caught:
        await activate(systemd.runtime(A), model(A))
    assert caught.value.reason is reason  # type: ignore[attr-defined]


async def test_a_unit_that_is_not_there_makes_the_runtime_unknown(systemd: Systemd) -> None:
    """Nothing can be said of what is served."""
    runtime = systemd.runtime(A, unit="no-such.service")
    with pytest.raises(RuntimeUnreachable, match=r"no-such\.service cannot be used: the unit is not-found"):
        await observe(runtime)


async def test_a_systemd_that_says_nothing_makes_the_runtime_unknown(systemd: Systemd) -> None:
    """Neither where it fails, nor where there is none."""
    systemd.write(refuse={"show": "Failed to connect to bus"})
    with pytest.raises(RuntimeUnreachable, match=r"systemd does not tell its state .Failed to connect to bus"):
        await observe(systemd.runtime(A))
    shutil.rmtree(systemd.host.folder / "bin")
    (systemd.host.folder / "bin").mkdir()
    (systemd.host.folder / "bin" / "systemctl").write_text("no program", encoding="utf-8")
    (systemd.host.folder / "bin" / "systemctl").chmod(0o755)
    with pytest.raises(RuntimeUnreachable, match="systemd does not tell its state"):
        await observe(systemd.runtime(A))


async def test_a_file_of_variables_that_cannot_be_written_is_told(systemd: Systemd) -> None:
    """The unit is not restarted with what it had before."""
    systemd.file.mkdir()
    with pytest.raises(PermanentError, match=r"which vllm-test\.service is to read, cannot be written"):
        await activate(systemd.runtime(A), model(A))
    assert not (systemd.folder / "state.json").exists()


@pytest.mark.parametrize("word", ["plain", "two words", 'a "b" c', "it's", "back\\slash", '{"a b": "$x`y"}', ""])
def test_words_survive_the_file_and_the_unit(word: str) -> None:
    """What is quoted twice is read as it was."""
    import re  # noqa: PLC0415 - only here

    value = quoted_value(" ".join(map(quoted_word, ["serve", word, "end"])))
    assert value[0] == value[-1] == '"'
    assert split(re.sub(r"\\(.)", r"\1", value[1:-1])) == ["serve", word, "end"]

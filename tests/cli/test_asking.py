"""`status`, `wait` and `approve`, asked of the real application on a real server."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.api.builder import event, installed, inventory, observation, runtime, scene, snapshot, spec
from tests.api.conftest import House, serving
from tests.api.fakes import FakeHistory
from tests.cli.conftest import Program, line_of
from tests.conftest import DEADLINE
from venom_modeld.api.guard import Guard
from venom_modeld.cli.exits import ExitCode
from venom_modeld.state.snapshot import StatusSnapshot


def in_sync() -> StatusSnapshot:
    """Return a daemon with nothing to do."""
    observed = observation(installed("a:1b"))
    return snapshot(runtime(spec("a:1b"), observed, owned=inventory("a:1b")), version=9)


def waiting() -> StatusSnapshot:
    """Return a daemon with an installation to come."""
    return snapshot(runtime(spec("a:1b"), observation()), version=1)


def stuck() -> StatusSnapshot:
    """Return a daemon that waits for an approval."""
    names = ("a:1b", "b:1b")
    return snapshot(runtime(spec(), observation(*map(installed, names)), owned=inventory(*names)), version=1)


@asynccontextmanager
async def daemon(shown: StatusSnapshot, *, house: House | None = None) -> AsyncIterator[tuple[str, House]]:
    """Serve a snapshot; give the address and what serves it."""
    house = house or House(history=FakeHistory(scene().past))
    house.hub.publish(shown)
    async with serving(house.app()) as port:
        yield f"127.0.0.1:{port}", house


async def test_a_status_is_told_as_text_and_as_json(program: Program) -> None:
    """Both come from the same answers."""
    async with daemon(scene().snapshot) as (address, _):
        text = await program("status", "--address", address)
        told = await program("status", "--address", address, "--format", "json")
    assert (text.code, text.err) == (0, "")
    assert text.out.splitlines()[0] == told.json["status"]["summary"] == "Working: 1"
    assert sorted(told.json) == ["models", "operations", "runtimes", "status"]
    assert {one["name"] for one in told.json["models"]} == {
        "default:latest",
        "llama3.2:3b",
        "mistral:7b",
        "qwen2.5:7b",
    }


async def test_a_token_is_read_where_the_settings_say(program: Program) -> None:
    """Without it the daemon's own words are told."""
    house = House(guard=Guard(token="secret"))
    (program.folder / "token").write_text("secret\n")
    async with daemon(in_sync(), house=house) as (address, _):
        (program.folder / "modeld.yaml").write_text(f"api: {{listen: '{address}', token_file: token}}\n")
        good = await program("status", "--config", "modeld.yaml")
        bad = await program("status", "--address", address)
    assert good.code == 0
    assert (bad.code, bad.out) == (1, "")
    assert "token" in bad.err


@pytest.mark.parametrize(
    "command",
    [["status"], ["status", "--watch"], ["approve", "sha256:12"], ["retry", "a", "b"], ["cancel", "a", "b"]],
    ids=" ".join,
)
async def test_a_daemon_that_is_not_there_is_exit_code_4(command: list[str], program: Program, nobody: str) -> None:
    """The sentence says what to do."""
    ended = await program(*command, "--address", nobody)
    assert (ended.code, ended.out) == (ExitCode.UNREACHABLE, "")
    assert ended.err.startswith(f"No daemon answers at http://{nobody} (Connection refused).")


async def test_watching_elsewhere_than_on_a_terminal_is_lines(program: Program) -> None:
    """First how things are, then each thing as it happens."""
    async with (
        daemon(scene().snapshot) as (address, house),
        program.started("status", "--watch", "--address", address) as process,
    ):
        head = [await line_of(process)]
        while head[-1] != "" or len(head) < 12:
            head.append(await line_of(process))
        version = 2
        async with asyncio.timeout(DEADLINE):
            line = asyncio.create_task(line_of(process))
            while not line.done():
                told = (*scene().snapshot.events, event(version))
                house.hub.publish(replace(scene().snapshot, version=version, events=told))
                version += 1
                await asyncio.wait([line], timeout=0.2)
    assert head[0] == "Working: 1"
    assert "  ollama  OperationCompleted: event " in line.result()


async def test_watching_as_json_is_the_stream(program: Program) -> None:
    """Each line is one item; the first ones tell how things are."""
    async with (
        daemon(scene().snapshot) as (address, _),
        program.started("status", "--watch", "--format", "json", "--address", address) as process,
    ):
        items = [json.loads(await line_of(process)) for _ in range(2)]
    assert [item["event"] for item in items] == ["operation", "snapshot"]
    assert items[1]["data"]["summary"] == "Working: 1"


async def test_watching_on_a_terminal_draws_bars(program: Program) -> None:
    """The status and a bar for each download are drawn in place, until Ctrl-C."""
    async with daemon(scene().snapshot) as (address, _):
        shown = await program.on_terminal("status", "--watch", "--address", address, until="━")
    assert "Working: 1" in shown
    assert "41 %" in shown
    assert "Traceback" not in shown


async def test_waiting_ends_when_the_daemon_is_done(program: Program) -> None:
    """What is waited for is told on standard error; nothing is polled."""
    async with (
        daemon(waiting()) as (address, house),
        program.started("wait", "--for", "converged", "--timeout", "1m", "--address", address) as process,
    ):
        assert process.stderr is not None
        async with asyncio.timeout(DEADLINE):
            first = (await process.stderr.readline()).decode()
            house.hub.publish(in_sync())
            out, _err = await process.communicate()
    assert first == "ollama: a:1b: declared, not installed\n"
    assert out.decode() == "In sync at revision a1a1a1a1a1a1.\n"
    assert process.returncode == ExitCode.OK


ENDS = [
    (in_sync, "1m", ExitCode.OK, True),
    (stuck, "1m", ExitCode.BLOCKED, False),
    (waiting, "300ms", ExitCode.TIMEOUT, False),
]


@pytest.mark.parametrize(("make", "patience", "code", "converged"), ENDS, ids=[end[0].__name__ for end in ENDS])
async def test_waiting_ends_with_a_code_for_scripts(
    make: Callable[[], StatusSnapshot], patience: str, code: ExitCode, converged: bool, program: Program
) -> None:
    """JSON tells the same on standard output; the sentence is on standard error."""
    async with daemon(make()) as (address, _):
        ended = await program("wait", "--timeout", patience, "--address", address, "--format", "json")
    assert ended.code == code
    assert (ended.json["converged"], ended.json["exit_code"]) == (converged, code)
    assert converged or ended.json["message"] in ended.err


async def test_waiting_needs_a_time_with_a_unit(program: Program) -> None:
    """A bare number could be anything."""
    ended = await program("wait", "--timeout", "10")
    assert ended.code == ExitCode.USAGE
    assert "--timeout" in ended.err


async def test_an_approval_is_of_one_digest(program: Program) -> None:
    """Another one is refused with an exit code of its own, in words for the command line."""
    async with daemon(stuck()) as (address, house):
        good = await program("approve", house.commands.plan.digest, "--address", address)
        told = await program("approve", house.commands.plan.digest, "--address", address, "--format", "json")
        bad = await program("approve", "sha256:00", "--address", address)
    assert (good.code, good.err) == (0, "")
    assert "a:latest, b:latest" in good.out
    assert told.json["models"] == ["a:latest", "b:latest"]
    assert house.commands.told == [("approve", "sha256:1234")] * 2
    assert (bad.code, bad.out) == (ExitCode.OUTDATED, "")
    assert bad.err.startswith("No unsafe plan with the digest sha256:00 waits for an approval.")
    assert "/api/" not in bad.err


async def test_an_approval_that_the_daemon_does_not_take_is_a_failure(program: Program) -> None:
    """Where `api.operations` is off, the daemon says so."""
    house = House(guard=Guard(operations=False))
    async with daemon(stuck(), house=house) as (address, _):
        ended = await program("approve", "sha256:1234", "--address", address)
    assert ended.code == ExitCode.FAILED
    assert "api.operations" in ended.err

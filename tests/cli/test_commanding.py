"""`retry` and `cancel`, asked of the real application on a real server."""

from collections.abc import Callable

import pytest

from tests.api.builder import NOON, observation, runtime, scene, snapshot, spec
from tests.api.conftest import House
from tests.cli.conftest import Program
from tests.cli.test_asking import daemon, stuck
from venom_modeld.api.guard import Guard
from venom_modeld.cli.exits import ExitCode
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import Block, BlockKind
from venom_modeld.state.snapshot import StatusSnapshot

NEW = spec("qwen3:8b", "Owner/Thing:Q4", active="qwen3:8b")
INSTALL, OTHER, ACTIVATE = (step.key for step in runtime(NEW, observation()).plan.steps)  # type: ignore[union-attr]


def to_do(kind: BlockKind | None = None) -> StatusSnapshot:
    """Return a daemon with an installation and an activation to come, the first of them blocked in that way."""
    block = kind and Block(kind=kind, reason=Reason.FAILED, message="something broke", until=NOON + 60, attempts=1)
    return snapshot(runtime(NEW, observation(), blocks={INSTALL: block} if block else {}), version=1)


def suspended() -> StatusSnapshot:
    """Return a daemon that may not do anything."""
    return snapshot(runtime(spec("qwen3:8b", suspend=True), observation()), version=1)


def knowing(*operations: str) -> House:
    """Return a daemon that takes commands for these operations."""
    house = House()
    house.commands.operations = set(operations)
    return house


@pytest.mark.parametrize("kind", [BlockKind.STALLED, BlockKind.BACKOFF, BlockKind.HELD])
async def test_a_retry_ends_what_keeps_a_model_from_being_done(kind: BlockKind, program: Program) -> None:
    """The model is found by any spelling of its name; what nothing keeps is left alone."""
    async with daemon(to_do(kind), house=knowing(INSTALL)) as (address, house):
        ended = await program("retry", "ollama", "QWEN3:8b", "--address", address)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "install qwen3:8b on ollama is tried again now.\n"
    assert house.commands.told == [("retry", INSTALL)]


async def test_a_cancellation_stops_what_is_running(program: Program) -> None:
    """JSON tells the operations by the ids that the API has for them."""
    [running] = [one.id for one in scene().snapshot.runtimes[0].operations]
    async with daemon(scene().snapshot, house=knowing(running)) as (address, house):
        ended = await program("cancel", "ollama", "qwen2.5:7b", "--address", address, "--format", "json")
    assert ended.code == 0
    assert ended.json == {
        "runtime": "ollama",
        "model": "qwen2.5:7b",
        "operations": [{"operation_id": running, "operation": "install"}],
        "message": "install qwen2.5:7b on ollama is cancelled, and held until you retry it or change its entry in the"
        " file.",
    }
    assert house.commands.told == [("cancel", running)]


@pytest.mark.parametrize(
    ("kind", "cancelled"),
    [(None, INSTALL), (BlockKind.BACKOFF, INSTALL), (BlockKind.HELD, ACTIVATE)],
    ids=["free", "backoff", "held"],
)
async def test_a_cancellation_keeps_what_is_next_from_being_begun(
    kind: BlockKind | None, cancelled: str, program: Program
) -> None:
    """What is held already cannot be stopped again; what follows it can."""
    async with daemon(to_do(kind), house=knowing(INSTALL, ACTIVATE)) as (address, house):
        ended = await program("cancel", "ollama", "qwen3:8b", "--address", address)
    assert (ended.code, ended.err) == (0, "")
    assert house.commands.told == [("cancel", cancelled)]


async def test_a_name_that_is_none_of_ollamas_is_found_as_it_is_written(program: Program) -> None:
    """The runtime decides what its names look like."""
    async with daemon(to_do(), house=knowing(OTHER)) as (address, house):
        missed = await program("cancel", "ollama", "no//name", "--address", address)
        found = await program("cancel", "ollama", "Owner/Thing:Q4", "--address", address)
    assert missed.code == ExitCode.FAILED
    assert found.code == 0
    assert house.commands.told == [("cancel", OTHER)]


NOT_POSSIBLE: list[tuple[str, Callable[[], StatusSnapshot], str, str, str]] = [
    ("retry", to_do, "ollama", "qwen3:8b", "Nothing that concerns qwen3:8b on ollama failed or was cancelled, so"),
    ("retry", to_do, "ollama", "other:1b", "Nothing that concerns other:1b on ollama failed or was cancelled, so"),
    ("retry", suspended, "ollama", "qwen3:8b", "A retry does not help qwen3:8b on ollama: "),
    ("retry", stuck, "ollama", "a:1b", "A retry does not help a:1b on ollama: unsafe plan: "),
    ("cancel", stuck, "ollama", "a:1b", "Nothing is being done with a:1b on ollama, and nothing is about to be."),
    ("cancel", suspended, "ollama", "qwen3:8b", "Nothing is being done with qwen3:8b on ollama,"),
    ("cancel", to_do, "gpu", "qwen3:8b", "There is no runtime gpu; the daemon has ollama."),
    ("retry", snapshot, "gpu", "qwen3:8b", "There is no runtime gpu; the daemon has none."),
]


@pytest.mark.parametrize(
    ("command", "make", "name", "model", "message"),
    NOT_POSSIBLE,
    ids=[f"{row[0]} {row[3]} on {row[2]} {row[1].__name__}" for row in NOT_POSSIBLE],
)
async def test_what_is_not_possible_is_said_in_the_words_of_the_file(
    command: str, make: Callable[[], StatusSnapshot], name: str, model: str, message: str, program: Program
) -> None:
    """Nothing is told to the daemon then."""
    async with daemon(make()) as (address, house):
        ended = await program(command, name, model, "--address", address)
    assert (ended.code, ended.out) == (ExitCode.FAILED, "")
    assert ended.err.startswith(message)
    assert house.commands.told == []


async def test_an_operation_that_ended_meanwhile_is_said_so(program: Program) -> None:
    """The daemon no longer knows it."""
    async with daemon(to_do(), house=knowing()) as (address, _):
        ended = await program("cancel", "ollama", "qwen3:8b", "--address", address)
    assert ended.code == ExitCode.FAILED
    assert ended.err == "install qwen3:8b on ollama has ended meanwhile. See: venom-modeld status\n"


@pytest.mark.parametrize("command", ["retry", "cancel"])
async def test_a_daemon_that_takes_no_commands_says_so(command: str, program: Program) -> None:
    """`api.operations` is off there."""
    async with daemon(to_do(BlockKind.BACKOFF), house=House(guard=Guard(operations=False))) as (address, _):
        ended = await program(command, "ollama", "qwen3:8b", "--address", address)
    assert ended.code == ExitCode.FAILED
    assert "api.operations" in ended.err

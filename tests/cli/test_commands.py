"""How commands are found by their names."""

import gc
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from venom_modeld.cli.commands import Commands
from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.garbage import collect_as_ever, collect_seldom

PLACES = {"check": "commands_check.validate", "host": "commands_service.service", "gone": "no_such_module.gone"}

COMMANDS = Commands(name="program", places=PLACES)

CONTEXT = click.Context(COMMANDS)


def test_a_command_is_loaded_when_it_is_asked_for() -> None:
    """Until then its name alone is known, so a command that cannot be loaded harms no other."""
    assert COMMANDS.list_commands(CONTEXT) == ["check", "host", "gone"]
    assert CliRunner().invoke(COMMANDS, ["check", "--help"]).exit_code == 0
    assert isinstance(CliRunner().invoke(COMMANDS, ["gone"]).exception, ModuleNotFoundError)


def test_a_group_is_loaded_with_its_own_commands() -> None:
    """It is a command that has commands."""
    host = COMMANDS.get_command(CONTEXT, "host")
    assert isinstance(host, click.Group)
    assert list(host.commands) == ["install", "uninstall", "status"]


@pytest.mark.parametrize(
    ("word", "advice"),
    [("checks", "No such command 'checks'. Did you mean 'check'?"), ("xyz", "No such command 'xyz'.\n")],
)
def test_a_name_that_is_no_command_is_told_with_those_that_are_near(word: str, advice: str) -> None:
    """Nothing is loaded for it."""
    ended = CliRunner().invoke(COMMANDS, [word])
    assert ended.exit_code == ExitCode.USAGE
    assert advice in ended.stderr


@pytest.fixture
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("_as_before")
def test_garbage_is_collected_seldom_only_until_the_start_is_over() -> None:
    """What runs for long collects as often as any program does."""
    usual = gc.get_threshold()
    collect_seldom()
    assert gc.get_threshold()[0] > 10 * usual[0]
    collect_as_ever()
    assert gc.get_threshold() == usual

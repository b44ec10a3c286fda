"""How commands are found by their names."""

import gc
from collections.abc import Iterator

import pytest

from venom_modeld.cli.commands import Commands
from venom_modeld.cli.garbage import collect_as_ever, collect_seldom

COMMANDS = {"check": "commands_plan.validate", "host": "commands_service.service", "gone": "no_such_module.gone"}


def test_a_command_is_loaded_when_it_is_asked_for() -> None:
    """Until then its name alone is known, so a command that cannot be loaded harms no other."""
    commands = Commands(COMMANDS)
    assert list(commands) == ["check", "host", "gone"]
    assert commands["check"].name == "check"
    assert commands["check"] is commands["check"]
    with pytest.raises(ModuleNotFoundError):
        commands["gone"]


def test_a_group_is_loaded_with_its_own_commands() -> None:
    """A program of typer becomes a command that has commands."""
    assert set(Commands(COMMANDS)["host"].commands) == {"install", "uninstall", "status"}


def test_a_name_that_is_no_command_gives_none() -> None:
    """The program then says which names are near."""
    assert Commands(COMMANDS).get("nothing") is None


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

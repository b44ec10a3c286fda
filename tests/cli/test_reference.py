"""The reference of the command line says what is there."""

import re
from pathlib import Path

import click
import pytest

from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.program import app

REFERENCE = Path(__file__).parents[2] / "docs/reference"
CLI = (REFERENCE / "cli.md").read_text()
EXIT_CODES = (REFERENCE / "exit-codes.md").read_text()
CONTEXT = click.Context(app)
COMMANDS = {name: app.get_command(CONTEXT, name) or app for name in app.list_commands(CONTEXT)}


def section(command: str) -> str:
    """Return what the reference says of a command."""
    for title, text in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", CLI, re.MULTILINE | re.DOTALL):
        if command in title.split(", "):
            return text
    raise AssertionError(f"the reference has no section for {command}")


def options(command: str) -> dict[str, str]:
    """Return the options that a command shows in its help, each with the word for its value there."""
    shown = [one for one in COMMANDS[command].params if isinstance(one, click.Option) and not one.hidden]
    return {one.opts[0]: "" if one.is_flag else one.make_metavar(CONTEXT) for one in shown}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_section_with_every_option(command: str) -> None:
    """Each option stands in a table, and no other does; a value has the same word in the table and in the help."""
    cells = re.findall(r"^\| (`--.*?`) \| ", section(command), re.MULTILINE)
    told = dict(found for cell in cells for found in re.findall(r"`(--[a-z-]+) ?(.*?)`", cell))
    assert told.keys() == options(command).keys()
    assert {name: word.replace("\\|", "|") for name, word in told.items() if word}.items() <= options(command).items()


def test_every_command_stands_in_the_table_at_the_top() -> None:
    """The table has no other."""
    table = CLI.partition("| command |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z]+)`(?=[,\]])", table)) == set(COMMANDS)


def test_every_section_is_of_a_command() -> None:
    """A command that is gone leaves no text behind."""
    titles = re.findall(r"^## (.+)$", CLI, re.MULTILINE)[1:]
    assert {command for title in titles for command in title.split(", ")} == set(COMMANDS)


def test_every_exit_code_is_explained() -> None:
    """Number, name and meaning are those of the program."""
    rows = re.findall(r"^\| (\d+) \| `([A-Z]+)` \| (.+) \|$", EXIT_CODES, re.MULTILINE)
    assert {(int(number), name) for number, name, _ in rows} == {
        (code.value, name) for name, code in ExitCode.__members__.items()
    }
    assert all(f'"""{meaning}"""' in exits_source() for _, _, meaning in rows)


def exits_source() -> str:
    """Return the text of the module that defines the codes, on one line."""
    path = Path(__file__).parents[2] / "venom_modeld/cli/exits.py"
    return " ".join(path.read_text().split())


def test_the_exit_codes_of_every_command_are_told() -> None:
    """The second table has a row for each."""
    table = EXIT_CODES.partition("## By command")[2]
    rows = re.findall(r"^\| (`[a-z`, ]+) \|", table, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"[a-z]+", row)} == set(COMMANDS)

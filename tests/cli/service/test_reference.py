"""The reference of the service says what is there."""

import dataclasses
import re
from pathlib import Path

import pytest

from venom_modeld.cli.commands_service import service
from venom_modeld.cli.service.files import settings_files, unit_files, vllm_files
from venom_modeld.cli.service.state import State

REFERENCE = (Path(__file__).parents[3] / "docs/reference/service.md").read_text(encoding="utf-8")
COMMANDS = service.commands


def section(title: str) -> str:
    """Return what stands under a title."""
    return re.split(r"^#+ ", REFERENCE.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_section_with_every_option(command: str) -> None:
    """Each option stands in a table, and no other does."""
    cells = re.findall(r"^\| (`--.*?) \| ", section(f"service {command}"), re.MULTILINE)
    found = {option for one in COMMANDS[command].params for option in one.opts if option.startswith("--")}
    assert {option for cell in cells for option in re.findall(r"--[a-z-]+", cell)} == found


def test_every_file_that_is_put_on_a_host_is_listed() -> None:
    """Whoever looks for what was changed finds it there."""
    files = [*settings_files(), *unit_files(Path("/srv/venom-modeld"), 10**6), *vllm_files()]
    listed = re.findall(r"^\| `(/[^`]+)` \|", section("Files"), re.MULTILINE)
    assert {file.path for file in files} <= set(listed)


def test_every_field_of_the_status_is_listed() -> None:
    """Under the name that it has as JSON."""
    fields = {field.name.removeprefix("is_") for field in dataclasses.fields(State)}
    assert set(re.findall(r"`(\w+)`", section("service status").partition("JSON:")[2])) == fields

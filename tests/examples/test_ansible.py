"""The playbook: what it writes is valid, and what it calls is there."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import jinja2
import pytest
import yaml

from tests.examples.conftest import EXAMPLES
from venom_modeld.cli.program import app
from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.settings import load_settings
from venom_modeld.runtimes.registry import kinds

FOLDER = EXAMPLES / "ansible"
[PLAY] = yaml.safe_load((FOLDER / "playbook.yaml").read_text(encoding="utf-8"))
GROUP = yaml.safe_load((FOLDER / "inventory.yaml").read_text(encoding="utf-8"))["models"]


@pytest.mark.parametrize("host", GROUP["hosts"])
def test_the_file_of_every_host_is_valid(host: str) -> None:
    """As the template makes it of the inventory."""
    loader = jinja2.FileSystemLoader(FOLDER / "templates")
    templates = jinja2.Environment(loader=loader, trim_blocks=True, autoescape=False)  # noqa: S701 - it makes YAML
    templates.filters["to_json"] = json.dumps
    values: dict[str, Any] = GROUP["vars"] | (GROUP["hosts"][host] or {})
    text = templates.get_template("models.yaml.j2").render(values)
    [runtime] = parse_models(text.encode(), path="models.yaml", kinds=kinds()).runtimes
    assert [one.name.text for one in runtime.models][: len(values["models"])]
    assert (runtime.active.text if runtime.active else None) == values.get("active")


def test_the_settings_are_valid() -> None:
    """And leave the file to Ansible."""
    assert not load_settings(FOLDER / "modeld.yaml", {}, {}).api.edits


def test_the_commands_that_are_called_are_there() -> None:
    """With the options that they are given."""
    text = (FOLDER / "playbook.yaml").read_text(encoding="utf-8")
    calls = re.findall(r"\{\{ program \}\} ([^\"]+)\"", text)
    assert len(calls) == 3
    for call in calls:
        command: click.Command = app
        words = call.split()
        while isinstance(command, click.Group) and (found := command.get_command(click.Context(command), words[0])):
            command, words = found, words[1:]
        options = {name for one in command.params for name in one.opts}
        assert {word for word in words if word.startswith("--")} <= options, call


def test_every_module_is_one_of_ansible_itself() -> None:
    """Nothing has to be installed beside it."""
    known = {"name", "register", "changed_when", "notify", "when"}
    modules = {key for task in [*PLAY["tasks"], *PLAY["handlers"]] for key in task.keys() - known}
    assert all(module.startswith("ansible.builtin.") for module in modules)
    assert all((FOLDER / name).exists() for name in ("modeld.yaml", "templates/models.yaml.j2"))


def test_ansible_itself_takes_the_playbook(tmp_path: Path) -> None:
    """Where it is installed."""
    program = shutil.which("ansible-playbook")
    if program is None:
        pytest.skip("ansible-playbook is not here; the package ansible-core has it")
    command = [program, "-i", "inventory.yaml", "--syntax-check", "playbook.yaml"]
    ended = subprocess.run(
        command, cwd=FOLDER, env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr

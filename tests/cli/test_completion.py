"""Shells complete what is typed."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT, SCRIPT

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["pl"], {"plan"}),
        (["service", ""], {"install", "uninstall", "status"}),
        (["status", "--w"], {"--watch"}),
        (["plan", "--format", ""], {"text", "json", "markdown"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_commands_options_and_words_are_completed(typed: list[str], words: set[str]) -> None:
    """Commands of a group are found too."""
    asked = {"_VENOM_MODELD_COMPLETE": "bash_complete", "COMP_CWORD": str(len(typed))}
    asked |= {"COMP_WORDS": " ".join(["venom-modeld", *typed])}
    ended = subprocess.run([SCRIPT], capture_output=True, text=True, env=ENVIRONMENT | asked, check=False)
    assert {line.partition(",")[2] for line in ended.stdout.splitlines()} == words


def test_the_line_for_bash_turns_completion_on() -> None:
    """As the reference has it."""
    [line] = re.findall(r"\| bash \| .*? \| `(.+?)` \|", (DOCS / "reference/cli.md").read_text(encoding="utf-8"))
    environment = ENVIRONMENT | {"PATH": f"{SCRIPT.parent}:{ENVIRONMENT['PATH']}"}
    command = ["bash", "--norc", "-c", f"{line}; complete -p venom-modeld"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith(" venom-modeld\n")

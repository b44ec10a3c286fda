"""Every line that can be logged is a constant message with fields, and has its place in the reference."""

import re
from pathlib import Path

import pytest

from tests.config_files.logged import Logged, logged

REFERENCE = (Path(__file__).parents[2] / "docs/reference/logs.md").read_text(encoding="utf-8")
ROWS = {
    message: (level, set(re.findall(r"`(\w+)`", fields)))
    for message, level, fields in re.findall(r"^\| `([^`]+)` \| (\w+) \| ([^|]*)\| .+ \|$", REFERENCE, re.MULTILINE)
}
FIELDS = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", REFERENCE.partition("## Fields")[2], re.MULTILINE))
ALL = list(logged())
LEVELS = {"exception": "error"}


@pytest.mark.parametrize("line", ALL, ids=lambda line: line.place)
def test_a_message_is_constant(line: Logged) -> None:
    """Nothing is built into it: what differs stands in the fields, so that it can be searched for and counted."""
    assert line.plain
    assert line.messages, "the message is made at run time; put what differs into `extra`"


@pytest.mark.parametrize("line", ALL, ids=lambda line: line.place)
def test_a_message_has_its_row(line: Logged) -> None:
    """With its level and its fields."""
    for message in line.messages:
        assert message in ROWS, (
            f"docs/reference/logs.md needs a row: | `{message}` | {line.level} | {line.fields} | … |"
        )
        level, fields = ROWS[message]
        assert line.level == "log" or LEVELS.get(line.level, line.level) == level
        assert set(line.fields) == fields


def test_the_reference_has_no_other_messages() -> None:
    """A line that is gone is gone from the reference."""
    assert set(ROWS) == {message for line in ALL for message in line.messages}


def test_every_field_is_explained_once() -> None:
    """And no other."""
    assert set(FIELDS) == {field for line in ALL for field in line.fields}

"""A launch becomes a command line, a digest and a record."""

from dataclasses import replace
from typing import Any

import pytest

from venom_modeld.runtimes.vllm.server.launch import Launch

PLAIN = Launch(name="a/b", commit="c0", path="/hub/c0")


def test_the_command_line_holds_everything_that_the_daemon_decides() -> None:
    """The names in their order, and the shutdown in whole seconds, rounded up."""
    launch = replace(PLAIN, alias="default", shutdown_timeout=0.5)
    assert launch.serve_arguments("127.0.0.1", 8000) == (
        *("serve", "/hub/c0", "--host", "127.0.0.1", "--port", "8000"),
        *("--served-model-name", "a/b", "default", "--shutdown-timeout", "1"),
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (8, ("--x", "8")),
        (0.5, ("--x", "0.5")),
        ("text", ("--x", "text")),
        (True, ("--x",)),
        (False, ("--no-x",)),
        (["a", 1], ("--x", "a", "1")),
        ({"a": [1]}, ("--x", '{"a": [1]}')),
    ],
)
def test_an_argument_is_written_as_vllm_reads_it(value: object, words: tuple[str, ...]) -> None:
    """A switch, a value, several values, or JSON."""
    found = replace(PLAIN, arguments={"x": value}).serve_arguments("h", 1)
    assert found[-len(words) :] == words
    assert len(found) == len(PLAIN.serve_arguments("h", 1)) + len(words)


def test_a_server_for_adapters_says_so() -> None:
    """It takes them while it runs."""
    assert replace(PLAIN, lora=True).serve_arguments("h", 1)[-1] == "--enable-lora"


@pytest.mark.parametrize(
    ("wanted", "good"),
    [
        ({}, True),
        ({"alias": "default"}, True),
        ({"alias": "other"}, False),
        ({"commit": "c1"}, False),
        ({"arguments": {"seed": 1}}, False),
        ({"variables": {"A": "b"}}, False),
        ({"key_digest": "k"}, False),
        ({"command": ("other",)}, False),
        ({"lora": True}, True),
    ],
)
def test_what_makes_another_server(wanted: dict[str, Any], good: bool) -> None:
    """An alias more, and room for adapters, do no harm; everything else starts it anew."""
    there = replace(PLAIN, alias="default", lora=True)
    assert there.serves(replace(PLAIN, **wanted)) is good


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({}, ()),
        ({"alias": "other"}, ()),
        ({"arguments": {"seed": 1, "dtype": None}, "variables": {"A": "b"}}, ("args (dtype, seed)", "env (A)")),
        ({"command": ("other",), "key_digest": "k"}, ("command", "api_key_file")),
        ({"shutdown_timeout": 1.0, "lora": True}, ("shutdown_timeout", "adapters")),
    ],
)
def test_what_differs_is_told_by_the_keys_of_the_file(wanted: dict[str, Any], words: tuple[str, ...]) -> None:
    """With names and without values, since a variable may be a secret."""
    assert PLAIN.differences(replace(PLAIN, **wanted)) == words


def test_a_server_without_room_for_adapters_is_started_anew_for_them() -> None:
    """It cannot take them later."""
    assert not PLAIN.serves(replace(PLAIN, lora=True))


def test_a_launch_survives_its_record() -> None:
    """What is written down is read as it was; what makes no sense is none."""
    launch = replace(PLAIN, alias="default", arguments={"x": [1, {"a": True}]}, variables={"A": "b"}, lora=True)
    assert Launch.from_json(launch.as_json()) == launch
    for nonsense in (None, {}, {"command": []}, {**launch.as_json(), "more": 1}, []):
        assert Launch.from_json(nonsense) is None

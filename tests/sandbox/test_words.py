"""Go's words for durations, options and broken JSON."""

import math
from typing import Any

import pytest

from venom_modeld.sandbox.durations import DurationError, keep_alive
from venom_modeld.sandbox.gojson import describe_error
from venom_modeld.sandbox.options import OptionError, check_options, context_length
from venom_modeld.sandbox.runners import timestamp


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 300),
        (0, 0),
        ("0", 0),
        (90, 90),
        (-1, math.inf),
        (-0.5, math.inf),
        ("10m", 600),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        ("+250ms", 0.25),
        ("-1m", math.inf),
    ],
)
def test_keep_alive(value: Any, seconds: float) -> None:
    """Numbers are seconds, words are Go durations, and below zero is for ever."""
    assert keep_alive(value) == seconds


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("-1", 'time: missing unit in duration "-1"'),
        ("5", 'time: missing unit in duration "5"'),
        ("forever", 'time: invalid duration "forever"'),
        ("", 'time: invalid duration ""'),
        ("3 weeks", 'time: unknown unit " weeks" in duration "3 weeks"'),
        ([], "invalid keep_alive: []"),
        (True, "invalid keep_alive: True"),
    ],
)
def test_what_is_no_keep_alive(value: Any, words: str) -> None:
    """A number as a word has no unit, and is refused."""
    with pytest.raises(DurationError) as caught:
        keep_alive(value)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temperature": "hot"}, 'option "temperature" must be of type float32'),
        ({"num_ctx": "big"}, 'option "num_ctx" must be of type integer'),
        ({"num_ctx": True}, 'option "num_ctx" must be of type integer'),
        ({"use_mmap": 1}, 'option "use_mmap" must be of type boolean'),
        ({"stop": "</s>"}, 'option "stop" must be of type array'),
    ],
)
def test_options_of_the_wrong_type(options: dict[str, Any], words: str) -> None:
    """The first option of a wrong type is named."""
    with pytest.raises(OptionError) as caught:
        check_options(options)
    assert str(caught.value) == words


def test_unknown_options_are_ignored() -> None:
    """Ollama only checks the options that it knows."""
    check_options({"nonsense": "x", "temperature": 1, "num_ctx": 512, "use_mmap": True, "stop": []})


@pytest.mark.parametrize(("options", "length"), [({}, 4096), ({"num_ctx": 512}, 512), ({"num_ctx": 99999}, 8192)])
def test_context_length(options: dict[str, Any], length: int) -> None:
    """A model gets the context asked for, the default, or as much as it was trained for."""
    assert context_length(options, 8192) == length


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{bad", "invalid character 'b' looking for beginning of object key string"),
        (b"zzz", "invalid character 'z' looking for beginning of value"),
        (b"nonsense", "invalid character 'o' in literal null (expecting 'u')"),
        (b"nu", "unexpected EOF"),
        (b"{", "unexpected EOF"),
        (b"", "EOF"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b'{"a" 1}', "invalid character '1' in JSON input"),
        (b"[1]", "json: cannot unmarshal value"),
        (b"[nul]", "invalid character ']' in literal null (expecting 'l')"),
    ],
)
def test_broken_json(raw: bytes, words: str) -> None:
    """What is wrong with a text is said as Go's decoder says it."""
    assert describe_error(raw) == words


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_500_000_000, "1970-01-01T00:00:01.5Z"),
        (1_000_000_123, "1970-01-01T00:00:01.000000123Z"),
    ],
)
def test_timestamps_have_up_to_nine_digits(nanoseconds: int, text: str) -> None:
    """Times are in UTC, and trailing zeros are left out."""
    assert timestamp(nanoseconds) == text

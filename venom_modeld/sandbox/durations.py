"""`keep_alive` as Ollama reads it: a number of seconds, or a duration in Go's notation; below zero is for ever."""

import re
from typing import Any

FOREVER = float("inf")
DEFAULT = 300.0

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
_UNIT = re.compile(r"[^\d.]*")


class DurationError(ValueError):
    """The value is no duration; the text is Go's."""


def keep_alive(value: Any) -> float:
    """Seconds that a model stays loaded; raises `DurationError`."""
    if value is None:
        return DEFAULT
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        message = f"invalid keep_alive: {value}"
        raise DurationError(message)
    seconds = parse_duration(value) if isinstance(value, str) else float(value)
    return FOREVER if seconds < 0 else seconds


def parse_duration(text: str) -> float:
    """Read a duration such as `1h30m`, in seconds; raises `DurationError`."""
    rest = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    sign = -1.0 if text.startswith("-") else 1.0
    if rest == "0":
        return 0.0
    total = 0.0
    if not rest:
        raise _invalid(text)
    while rest:
        number = _NUMBER.match(rest)
        if number is None:
            raise _invalid(text)
        unit = _UNIT.match(rest, number.end())
        letters = unit.group() if unit else ""
        total += float(number.group()) * _unit(letters, text)
        rest = rest[number.end() + len(letters) :]
    return sign * total


def _unit(letters: str, text: str) -> float:
    if not letters:
        message = f'time: missing unit in duration "{text}"'
        raise DurationError(message)
    if letters not in _UNITS:
        message = f'time: unknown unit "{letters}" in duration "{text}"'
        raise DurationError(message)
    return _UNITS[letters]


def _invalid(text: str) -> DurationError:
    return DurationError(f'time: invalid duration "{text}"')

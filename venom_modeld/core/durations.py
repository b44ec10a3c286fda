"""Times as people write them: a number and a unit."""

import re

from venom_modeld.core.wording import describe

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,3})?)(?P<unit>ms|s|m|h|d)")
_LEAST, _MOST = 0.1, 365 * 86400.0
_FORM = "write a number with ms, s, m, h or d, such as 30s or 15m"


def parse_duration(value: object) -> float:
    """Return the seconds of a text such as `30s`, `15m` or `1.5h`; raise ValueError with what to write instead.

    Nothing here is meant to happen more often than ten times a second or less often than once a year.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{describe(value)} has no unit; write {value}s for seconds, or another of ms, m, h and d")  # noqa: TRY004 - pydantic collects ValueError
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{describe(value)} is no duration; {_FORM}")
    seconds = float(found["number"]) * _UNITS[found["unit"]]
    if not _LEAST <= seconds <= _MOST:
        raise ValueError(f"{describe(value)} is too {'short' if seconds < _LEAST else 'long'}; write 100ms to 365d")
    return seconds


def in_units(seconds: float) -> str:
    """Return the shortest text that `parse_duration` reads as these seconds."""
    unit, size = next(
        ((unit, size) for unit, size in reversed(_UNITS.items()) if seconds >= size and seconds % size == 0),
        ("ms", 0.001),
    )
    return f"{round(seconds / size)}{unit}"

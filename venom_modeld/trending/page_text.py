"""How ollama.com writes numbers, times and labels; texts only, no markup.

Labels are known by what they say, never by how they look: the classes of the page change several times a year. Sizes
in parameters are lower case (`270m`), counts are upper case (`7M`); nothing else tells them apart.
"""

import re
from datetime import UTC, datetime

from venom_modeld.core.sizes import LARGEST

CAPABILITIES = frozenset(
    {"vision", "tools", "thinking", "embedding", "audio", "decision", "insert", "completion", "image", "video", "code"}
)
"""The labels for what a model can do: those of the site's filters, and of Ollama's own list of capabilities."""

CLOUD = "cloud"
"""The label of models that run on Ollama's own servers."""

_SIZE = re.compile(r"(?:e?[0-9]+(?:\.[0-9]+)?|[0-9]+x[0-9]+(?:\.[0-9]+)?)[mbt]")
_COUNT = re.compile(r"(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?)(?P<unit>[KMB]?)")
_DOWNLOADS = re.compile(r"(?P<number>[0-9][0-9,]*) downloads?")
_MOMENT = re.compile(
    r"(?P<month>[A-Z][a-z]{2}) (?P<day>[0-9]{1,2}), (?P<year>[0-9]{4})"
    r" (?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}) (?P<half>AM|PM) UTC"
)
_BYTES = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?) ?(?P<unit>[KMGT]?B)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_THOUSANDS = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
_BYTE_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def is_size(text: str) -> bool:
    """Tell whether a label is a size in parameters, such as `8b`, `e4b`, `8x22b` or `270m`."""
    return _SIZE.fullmatch(text) is not None


def is_count(text: str) -> bool:
    """Tell whether a text is a count, such as `58.1K` or `5,802`."""
    return _COUNT.fullmatch(text) is not None


def count(text: str | None) -> int | None:
    """Return the number that a count stands for; None where it is none."""
    found = _COUNT.fullmatch(text or "")
    if found is None:
        return None
    return _believed(float(found["number"].replace(",", "")) * _THOUSANDS[found["unit"]])


def _believed(number: float) -> int | None:
    """Return a number as a whole one; None where nothing has so many."""
    return round(number) if number <= LARGEST else None


def downloads(title: str) -> int | None:
    """Return the exact number of a title such as `7,012,052 downloads`; None for another text."""
    found = _DOWNLOADS.fullmatch(title)
    return count(found["number"]) if found else None


def moment(title: str) -> float | None:
    """Return seconds since the epoch of a title such as `Aug 14, 2026 4:54 PM UTC`; None for another text."""
    found = _MOMENT.fullmatch(title)
    if found is None or found["month"] not in _MONTHS:
        return None
    hour = int(found["hour"]) % 12 + (12 if found["half"] == "PM" else 0)
    month = _MONTHS.index(found["month"]) + 1
    try:
        return datetime(
            int(found["year"]), month, int(found["day"]), hour, int(found["minute"]), tzinfo=UTC
        ).timestamp()
    except ValueError:
        return None


def size_in_bytes(text: str | None) -> int | None:
    """Return the bytes of a size such as `18GB`, the larger one of a range; None where it is none."""
    found = _BYTES.findall(text or "")
    sizes = [_believed(float(number) * _BYTE_UNITS[unit]) for number, unit in found]
    return max((size for size in sizes if size is not None), default=None)


def is_size_in_bytes(text: str) -> bool:
    """Tell whether a text is a size in bytes, or a range of two."""
    parts = [part.strip() for part in re.split("[-–]", text)]
    return len(parts) <= 2 and all(_BYTES.fullmatch(part) for part in parts)

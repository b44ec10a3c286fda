"""Times and counts in words: short, with their unit, never more exact than they are known."""

from datetime import datetime

_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def duration(seconds: float) -> str:
    """Return `8 s`, `2 min`, `3 h 5 min` or `2 d 4 h`."""
    left = max(0, round(seconds))
    for index, (length, unit) in enumerate(_STEPS):
        if left < length:
            continue
        whole, rest = divmod(left, length)
        smaller = _STEPS[index + 1] if index + 1 < len(_STEPS) else None
        tail = f" {rest // smaller[0]} {smaller[1]}" if smaller and rest >= smaller[0] else ""
        return f"{whole} {unit}{tail}"
    return f"{left} s"


def ago(at: float, now: float) -> str:
    """Return how long ago a moment was, as `8 s ago`."""
    return f"{duration(now - at)} ago"


def seconds_of(text: str) -> float:
    """Return the seconds that an RFC 3339 moment is after the epoch."""
    return datetime.fromisoformat(text).timestamp()


def counted(number: int, one: str) -> str:
    """Return `1 model` or `3 models`."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def short_digest(digest: str | None) -> str:
    """Return the first twelve digits of a digest, as people quote it."""
    return (digest or "-").removeprefix("sha256:")[:12]


def clock(at: float) -> str:
    """Return the time of day of a moment where the reader is, as `15:04:05`."""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")

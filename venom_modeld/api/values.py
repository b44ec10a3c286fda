"""How the API writes times and sizes, and the base of everything it answers."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from venom_modeld.core.desired import GB

Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339 in UTC, with `Z`."""


class Answer(BaseModel):
    """A value of the API. Its schema is built when it is first used, which keeps the start short."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=True, json_schema_serialization_defaults_required=True
    )


def encoded(answer: Answer) -> bytes:
    """Return an answer as JSON on one line."""
    return to_json(answer, inf_nan_mode="null")


def timestamp(seconds: float | None) -> str | None:
    """Return seconds since the epoch as RFC 3339 in UTC; None for none, and for 0, which means never."""
    return None if not seconds else _written(datetime.fromtimestamp(seconds, UTC))


@lru_cache(maxsize=4096)
def in_utc(text: str | None) -> str | None:
    """Return a runtime's RFC 3339 time in UTC; None where it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
        return _written(moment.astimezone(UTC)) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def gigabytes(size_bytes: int | None) -> float | None:
    """Return a size in decimal GB: two decimals, and two digits where that would be nothing."""
    if size_bytes is None:
        return None
    size = size_bytes / GB
    return round(size, 2) if size >= 0.1 else float(f"{size:.2g}")


def elapsed(since: float | None, until: float) -> float | None:
    """Return the seconds from one time to another, to a tenth and never negative; None while the first is unknown."""
    return None if since is None else max(0.0, round(until - since, 1))

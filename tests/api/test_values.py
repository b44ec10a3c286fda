"""Times and sizes as the API writes them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venom_modeld.api.values import elapsed, gigabytes, in_utc, timestamp


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (None, None),
        (0.0, None),
        (1_772_366_400.0, "2026-03-01T12:00:00.000Z"),
        (1_772_366_400.1239, "2026-03-01T12:00:00.123Z"),
    ],
)
def test_times_are_utc_with_z(seconds: float | None, written: str | None) -> None:
    """A time is RFC 3339 in UTC, and a time that never was is null."""
    assert timestamp(seconds) == written


@given(st.floats(min_value=1, max_value=4e9))
def test_times_can_be_read_back(seconds: float) -> None:
    """What is written means the same moment, to a millisecond."""
    written = timestamp(seconds)
    assert written is not None
    assert abs(datetime.fromisoformat(written).timestamp() - seconds) <= 0.001


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (None, None),
        ("", None),
        ("yesterday", None),
        ("2026-03-01T12:00:00", None),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01T12:00:00.123456789+01:00", "2026-03-01T11:00:00.123Z"),
        ("2319-06-01T00:00:00Z", "2319-06-01T00:00:00.000Z"),
        ("0001-01-01T00:00:00+01:00", None),
    ],
)
def test_times_of_a_runtime_are_brought_to_utc(text: str | None, written: str | None) -> None:
    """A runtime's time keeps its moment, and what is no moment is null."""
    assert in_utc(text) == written


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (None, None),
        (0, 0.0),
        (2_019_393_189, 2.02),
        (4_400_000_000, 4.4),
        (99_999_999, 0.1),
        (3_141_592, 0.0031),
        (45, 4.5e-08),
    ],
)
def test_sizes_are_decimal_gigabytes(size: int | None, written: float | None) -> None:
    """A size has two decimals, a small one two digits, and one that is not known is null, never 0."""
    assert gigabytes(size) == written


@pytest.mark.parametrize(("since", "until", "expected"), [(None, 5.0, None), (2.0, 5.04, 3.0), (6.0, 5.0, 0.0)])
def test_ages_are_never_negative(since: float | None, until: float, expected: float | None) -> None:
    """An age is zero where a clock was set back, and null where there is nothing to have an age."""
    assert elapsed(since, until) == expected


def test_a_written_time_says_utc() -> None:
    """The moment of a written time has the offset of UTC."""
    assert datetime.fromisoformat(timestamp(1.5) or "").tzinfo == UTC

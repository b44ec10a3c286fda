"""Progress: what people see of a download never goes back, and never says more than is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.strategies import progresses
from venom_modeld.core.progress import Part, Phase, Progress, Transfer, advance, start


def down(*parts: Part, expected: int | None = None) -> Progress:
    """Return a report of a download with these parts."""
    named = {str(number): part for number, part in enumerate(parts)}
    return Progress(phase=Phase.DOWNLOADING, parts=named, expected_bytes=expected)


def of(completed: int, total: int | None = 100) -> Progress:
    """Return a report of a download of one part."""
    return down(Part(completed=completed, total=total))


def after(*reports: tuple[float, Progress]) -> Transfer:
    """Return what is shown after reports at these times; the download was begun at 0."""
    shown = start(Phase.WAITING, now=0.0)
    for now, report in reports:
        shown = advance(shown, report, now=now)
    return shown


@given(reports=st.lists(st.tuples(progresses(), st.floats(0.0, 60.0)), max_size=12))
def test_what_is_shown_makes_sense_whatever_is_reported(reports: list[tuple[Progress, float]]) -> None:
    """Bytes never decrease nor pass the total, percent stays below 100, and no speed or time is negative."""
    shown, now = start(Phase.WAITING, now=0.0), 0.0
    for report, pause in reports:
        now += pause
        before, shown = shown, advance(shown, report, now=now)
        assert shown.completed_bytes >= max(before.completed_bytes, report.completed_bytes)
        assert shown.total_bytes is None or shown.total_bytes >= shown.completed_bytes
        assert before.total_bytes is None or shown.total_bytes is not None
        assert shown.percent is None or 0.0 <= shown.percent < 100.0
        assert shown.bytes_per_second is None or shown.bytes_per_second >= 0.0
        assert shown.seconds_left is None or shown.seconds_left >= 0.0
        assert before.moved_at <= shown.moved_at <= now
        assert shown.phase is report.phase


@pytest.mark.parametrize(
    ("report", "completed", "total"),
    [
        (down(), 0, None),
        (down(expected=50), 0, 50),
        (down(Part(completed=3)), 3, 3),
        (down(Part(completed=3), Part(completed=4, total=10)), 7, 13),
        (down(Part(completed=12, total=10)), 10, 10),
        (down(Part(completed=5, total=10), expected=50), 5, 50),
        (down(Part(completed=5, total=100), expected=50), 5, 100),
    ],
)
def test_parts_are_summed(report: Progress, completed: int, total: int | None) -> None:
    """No part counts for more than its size, and the whole is never less than its parts."""
    assert (report.completed_bytes, report.total_bytes) == (completed, total)


@pytest.mark.parametrize(
    ("shown", "percent", "left"),
    [
        (Transfer(phase=Phase.DOWNLOADING), None, None),
        (Transfer(phase=Phase.DOWNLOADING, completed_bytes=1), None, None),
        (Transfer(phase=Phase.DOWNLOADING, completed_bytes=1, total_bytes=3), 33.3, None),
        (Transfer(phase=Phase.DOWNLOADING, completed_bytes=100, total_bytes=100, bytes_per_second=1.0), 99.9, 0.0),
        (Transfer(phase=Phase.DOWNLOADING, completed_bytes=40, total_bytes=100, bytes_per_second=20.0), 40.0, 3.0),
        (Transfer(phase=Phase.DOWNLOADING, completed_bytes=40, total_bytes=100, bytes_per_second=0.0), 40.0, None),
    ],
)
def test_percent_and_time_left_are_told_where_they_are_known(
    shown: Transfer, percent: float | None, left: float | None
) -> None:
    """Without a size there is no percent, without a speed no time left, and 100 is for success alone."""
    assert (shown.percent, shown.seconds_left) == (percent, left)


def test_bytes_that_were_there_before_are_no_speed() -> None:
    """A resumed download starts at what it has, and is as fast as what comes after."""
    shown = after((1.0, of(50)))
    assert (shown.completed_bytes, shown.bytes_per_second) == (50, None)
    assert after((1.0, of(50)), (2.0, of(60))).bytes_per_second == 10.0


def test_the_speed_forgets() -> None:
    """A stop brings the speed down little by little, and after some time constants to nothing."""
    begun = ((0.0, of(1)), (1.0, of(11)))
    assert after(*begun, (5.0, of(11))).bytes_per_second == 5.0
    assert after(*begun, (60.0, of(11))).bytes_per_second == 0.0


def test_reports_in_quick_succession_do_not_slow_it_down() -> None:
    """Many lines within a second that bring nothing new are no stop, and two at the same time no division by zero."""
    begun = ((0.0, of(1)), (1.0, of(11)))
    assert after(*begun, (1.0, of(12)), (1.5, of(12))).bytes_per_second == 10.0


def test_a_move_is_a_new_byte_or_a_new_phase() -> None:
    """What goes back or stands still does not count as moving."""
    assert after((1.0, of(10)), (2.0, of(5)), (3.0, of(10))).moved_at == 1.0
    assert after((1.0, of(10)), (4.0, Progress(phase=Phase.VERIFYING))).moved_at == 4.0


def test_a_size_that_was_known_stays_known() -> None:
    """Verifying, which tells no parts, does not take the total away."""
    shown = after((1.0, of(100)), (2.0, Progress(phase=Phase.VERIFYING)))
    assert (shown.total_bytes, shown.percent) == (100, 99.9)

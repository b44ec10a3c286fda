"""The arithmetic of a download."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venom_modeld.sandbox.transfer import MAX_TRIES, Pace, Transfer, TransferError


def make(size: int = 250, part_size: int = 100) -> Transfer:
    """Make a transfer of three parts."""
    return Transfer.of("sha256:0", size, part_size)


def test_a_blob_is_cut_into_parts() -> None:
    """The last part is what is left over."""
    assert [part.size for part in make().parts] == [100, 100, 50]


def test_an_empty_blob_is_done_at_once() -> None:
    """A blob without bytes has no parts and nothing to wait for."""
    assert make(size=0).done


@given(st.lists(st.floats(0.001, 5), min_size=1, max_size=30), st.floats(1, 500))
def test_bytes_arrive_at_the_rate(steps: list[float], rate: float) -> None:
    """After any steps of time the bytes are time times rate, up to one byte, and never more than the blob."""
    transfer = make()
    for seconds in steps:
        transfer.advance(seconds, Pace(rate=rate))
    expected = min(transfer.size, sum(steps) * rate)
    assert abs(transfer.completed - expected) <= 1 + len(steps) * 1e-6
    assert all(part.completed <= part.size for part in transfer.parts)


def test_parts_are_downloaded_side_by_side() -> None:
    """Every part gets its share."""
    transfer = make(size=300)
    transfer.advance(1, Pace(rate=90))
    assert [part.completed for part in transfer.parts] == [30, 30, 30]


def test_a_crash_loses_what_was_not_kept() -> None:
    """What was saved earlier is still there after a loss, and the rest is gone."""
    transfer = make()
    transfer.advance(1, Pace(rate=60))
    transfer.save(now=1.0)
    transfer.advance(1, Pace(rate=60))
    assert transfer.completed == 120
    transfer.lose()
    assert transfer.completed == 60


def test_a_stalled_blob_goes_backwards_after_the_stall_time() -> None:
    """The retry throws away what unfinished parts had received, and the next try stops at the same byte."""
    transfer = make()
    pace = Pace(rate=1000, stall_at=150, stall_timeout=2)
    transfer.advance(1, pace)
    assert transfer.completed == 150
    transfer.advance(1, pace)
    assert (transfer.completed, transfer.retries) == (50, 2)
    transfer.advance(0.5, pace)
    assert transfer.completed == 150


def test_a_stalled_part_leaves_the_others_alone() -> None:
    """A part that is shorter than the stall is completed."""
    transfer = make()
    transfer.advance(10, Pace(rate=1000, stall_part_at=60))
    assert [part.completed for part in transfer.parts] == [60, 60, 50]


def test_what_was_on_disk_survives_a_stall() -> None:
    """A retry falls back to where its try began, not to zero."""
    transfer = make()
    transfer.advance(1, Pace(rate=90))
    transfer.save(now=1.0)
    transfer.begin()
    pace = Pace(rate=1000, stall_at=150, stall_timeout=1)
    transfer.advance(0.5, pace)
    transfer.advance(0.5, pace)
    assert [part.completed for part in transfer.parts] == [30, 30, 50]


def test_a_cut_part_goes_on_after_a_wait_that_doubles() -> None:
    """The bytes before the cut stay, and the waits grow."""
    transfer = make(size=100)
    pace = Pace(rate=1000, cut_part_at=40, retry_delay=1)
    transfer.advance(0.1, pace)
    assert (transfer.completed, transfer.parts[0].wait) == (40, 1)
    transfer.advance(0.9, pace)
    assert transfer.completed == 40
    transfer.advance(0.2, pace)
    assert (transfer.completed, transfer.parts[0].wait) == (80, 2)
    transfer.advance(2.1, pace)
    assert transfer.done


def test_a_part_that_is_cut_too_often_fails() -> None:
    """After six tries the transfer is given up."""
    transfer = make(size=100)
    pace = Pace(rate=1000, cut_part_at=1, retry_delay=1)
    for _ in range(MAX_TRIES):
        transfer.advance(100, pace)
    with pytest.raises(TransferError, match="max retries exceeded"):
        transfer.advance(100, pace)


def test_a_full_disk_stops_the_transfer() -> None:
    """The bytes that fit arrive, and then the disk is full."""
    transfer = make()
    transfer.advance(1, Pace(rate=1000, room=70))
    assert transfer.completed == 70
    with pytest.raises(TransferError, match="no space left on device"):
        transfer.advance(1, Pace(rate=1000, room=0))


def test_the_ceiling_is_hit_to_the_byte() -> None:
    """A transfer that is much too fast stops exactly where the dial wants something to happen."""
    transfer = make()
    transfer.advance(1, Pace(rate=1e12, ceiling=123))
    assert transfer.completed == 123


def test_the_pause_is_as_long_as_the_rest_takes() -> None:
    """A fast transfer is looked at again soon, and one that does not move at the next line."""
    transfer = make()
    assert transfer.pause(Pace(rate=1000), 1.0) == 0.25
    stalled = Pace(rate=1000, stall_at=10, stall_timeout=100)
    transfer.advance(1, stalled)
    transfer.advance(1, stalled)
    assert transfer.pause(stalled, 1.0) == 1.0

"""What a long garbage collection leaves is not looked through again."""

import gc
import sys
from collections.abc import Iterator

import pytest

from venom_modeld.supervision.pauses import LONG_SECONDS, OLDEST, Pauses, short_pauses


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def thawed() -> Iterator[None]:
    """Begin and end with nothing that is put aside."""
    gc.unfreeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("thawed")
def test_what_is_there_at_the_start_is_put_aside() -> None:
    """The program itself is put aside, and is looked through again only when the daemon has ended."""
    before = list(gc.callbacks)
    with short_pauses():
        assert gc.get_freeze_count() > 1000
    assert gc.get_freeze_count() == 0
    assert gc.callbacks == before


@pytest.mark.usefixtures("thawed")
def test_the_start_waits_for_no_collection() -> None:
    """Nothing is looked through before the first answer."""
    before = gc.get_stats()[OLDEST]["collections"]
    with short_pauses():
        assert gc.get_stats()[OLDEST]["collections"] == before


@pytest.mark.usefixtures("thawed")
@pytest.mark.parametrize(
    ("generation", "seconds", "aside"),
    [
        pytest.param(2, LONG_SECONDS * 1.01, True, id="long"),
        pytest.param(2, LONG_SECONDS * 0.99, False, id="short"),
        pytest.param(1, LONG_SECONDS * 9, False, id="young"),
    ],
)
def test_only_a_long_look_at_everything_puts_aside(*, generation: int, seconds: float, aside: bool) -> None:
    """A short collection changes nothing, nor does one that looks at young objects only."""
    clock = Clock()
    watching = Pauses(clock)
    told = {"generation": generation, "collected": 0, "uncollectable": 0}
    watching.heard("start", told)
    clock.now += seconds
    watching.heard("stop", told)
    assert (gc.get_freeze_count() > 0) == aside


@pytest.mark.usefixtures("thawed")
def test_what_is_put_aside_goes_when_nobody_refers_to_it() -> None:
    """Memory is given back as ever."""
    ended: list[str] = []

    class Ends:
        def __del__(self) -> None:
            ended.append("gone")

    kept = [Ends()]
    with short_pauses():
        kept.clear()
        assert ended == ["gone"]


def test_threads_take_short_turns_while_it_lasts() -> None:
    """The event loop gets its turn sooner beside a thread that works; afterwards it is as it was."""
    before = sys.getswitchinterval()
    with short_pauses():
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before

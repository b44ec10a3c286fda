"""The small values that everything speaks in."""

import re

import pytest

from tests.core.values import inventory, loaded, name, observed
from venom_modeld.core import events
from venom_modeld.core.durations import in_units, parse_duration
from venom_modeld.core.errors import ModeldError, PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.inventory import Entry, Role
from venom_modeld.core.reasons import Reason
from venom_modeld.core.sizes import human
from venom_modeld.core.wording import describe


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (None, "unknown size"),
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (522_653_767, "523 MB"),
        (4_683_087_332, "4.7 GB"),
        (43_000_000_000, "43.0 GB"),
        (404_000_000_000, "404 GB"),
        (1_340_000_000_000, "1.3 TB"),
    ],
)
def test_sizes_are_said_in_decimal_units(size_bytes: int | None, words: str) -> None:
    """Sizes have one decimal below a hundred and none above, as model pages write them."""
    assert human(size_bytes) == words


def test_errors_carry_a_word_for_programs_and_a_sentence_for_people() -> None:
    """A temporary error may also say when to come back; a runtime that is not there is one of them."""
    error = RuntimeUnreachable("one: no answer; check that it runs", reason=Reason.UNREACHABLE, retry_after=3.0)
    assert isinstance(error, TemporaryError)
    assert (str(error), error.message, error.reason, error.retry_after) == (
        "one: no answer; check that it runs",
        "one: no answer; check that it runs",
        Reason.UNREACHABLE,
        3.0,
    )
    assert TemporaryError("later", reason=Reason.FAILED).retry_after is None
    assert not isinstance(PermanentError("never", reason=Reason.NOT_FOUND), TemporaryError)
    assert issubclass(PermanentError, ModeldError)


def test_a_model_may_have_several_holds() -> None:
    """The holds of a model are found among all entries by what they hold."""
    mine = Entry(name=name("held/a"), role=Role.HOLD, holds=name("a"))
    other = Entry(name=name("held/b"), role=Role.HOLD, holds=name("b"))
    assert inventory("a", mine, other).holds_of(name("a")) == (mine,)
    assert inventory("a", other).holds_of(name("a")) == ()


def test_a_loaded_model_answers_for_every_name_of_its_version() -> None:
    """`serving` finds the runner behind a name, whichever name it is listed under."""
    runner = loaded("a", "twin")
    now = observed("a", "twin=a", "b", loaded=(runner,))
    assert now.serving(name("twin")) is runner
    assert now.serving(name("b")) is None


def test_events_are_told_in_the_past_tense_once_each() -> None:
    """The words of events are distinct, and every one is listed."""
    words = {value for key, value in vars(events).items() if key.isupper() and isinstance(value, str)}
    assert set(events.EVENT_TYPES) == words
    assert len(events.EVENT_TYPES) == len(words)
    assert events.Event(at=1.0, type=events.FILE_ACCEPTED).runtime == ""


def test_reasons_are_one_camel_case_word() -> None:
    """Scripts match on reasons, so each is one word, and none is there twice."""
    assert all(reason.value.isalpha() and reason.value[0].isupper() for reason in Reason)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        ("qwen", "'qwen'"),
        (True, "true"),
        (False, "false"),
        (3, "the number 3"),
        (2.5, "the number 2.5"),
        ([1], "a list"),
        ({"a": 1}, "a mapping"),
    ],
)
def test_what_people_wrote_is_said_back_to_them(value: object, words: str) -> None:
    """A wrong value is told by what it is."""
    assert describe(value) == words


@pytest.mark.parametrize(("text", "seconds"), [("100ms", 0.1), ("30s", 30.0), ("15m", 900.0), ("1.5h", 5400.0)])
def test_durations_are_a_number_and_a_unit(text: str, seconds: float) -> None:
    """A duration is read as seconds, and written in the largest unit that divides it."""
    assert parse_duration(text) == pytest.approx(seconds)
    assert parse_duration(in_units(seconds)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (30, "the number 30 has no unit; write 30s"),
        (True, "true is no duration"),
        ("soon", "'soon' is no duration"),
        ("1ms", "'1ms' is too short"),
        ("400d", "'400d' is too long"),
    ],
)
def test_what_is_no_duration_is_refused_with_what_to_write(value: object, words: str) -> None:
    """A number without a unit, another word, and what is never meant are refused."""
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_duration(value)

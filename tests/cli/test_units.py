"""Times, counts and columns in words."""

import pytest

from venom_modeld.cli.render.columns import align
from venom_modeld.cli.render.diff_text import diff_text
from venom_modeld.cli.render.paint import Paint
from venom_modeld.cli.render.units import ago, clock, counted, duration, seconds_of, short_digest


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (119, "1 min"),
        (3600, "1 h"),
        (11_100, "3 h 5 min"),
        (86_400, "1 d"),
        (187_200, "2 d 4 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: float, words: str) -> None:
    """Seconds are left out from a minute on."""
    assert duration(seconds) == words


@pytest.mark.parametrize(("at", "words"), [(92.0, "8 s ago"), (101.0, "0 s ago")])
def test_an_age_is_never_negative(at: float, words: str) -> None:
    """A clock that runs ahead makes no age below zero."""
    assert ago(at, 100.0) == words


@pytest.mark.parametrize(("count", "words"), [(0, "0 models"), (1, "1 model"), (2, "2 models")])
def test_a_count_agrees_with_its_word(count: int, words: str) -> None:
    """One is singular, all else plural."""
    assert counted(count, "model") == words


@pytest.mark.parametrize(("digest", "short"), [("sha256:" + "ab" * 32, "abababababab"), (None, "-"), ("", "-")])
def test_a_digest_is_quoted_by_its_first_twelve_digits(digest: str | None, short: str) -> None:
    """The name of the algorithm is left out."""
    assert short_digest(digest) == short


def test_the_time_of_day_is_that_of_the_reader() -> None:
    """A moment of the API and its time of day name the same minute."""
    assert clock(seconds_of("2026-03-01T12:34:56.789Z"))[3:] == "34:56"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    """Short rows end early, numbers stand flush on the right, and no line ends in blanks."""
    rows = [["1.", "install", "a"], ["10.", "rm"]]
    assert align(rows, right=frozenset({0})) == ["   1.  install  a", "  10.  rm"]


def test_colours_do_not_move_columns() -> None:
    """The width of a painted cell is that of its word."""
    paint = Paint(colour=True)
    assert align([[("a", paint.good), "x"], ["bb", "y"]], indent="") == ["\x1b[32ma\x1b[0m   x", "bb  y"]


def test_nothing_is_painted_where_colours_are_off() -> None:
    """Every meaning leaves the text as it is."""
    paint = Paint()
    assert [paint.good("a"), paint.bad("a"), paint.warning("a"), paint.dim("a"), paint.strong("a")] == ["a"] * 5


def test_a_diff_keeps_its_text_under_its_colours() -> None:
    """Added, removed and placing lines differ in colour; the rest is plain."""
    lines = diff_text("--- f\n+++ f\n@@ -1 +1 @@\n-a\n+b\n c\n", Paint(colour=True)).split("\n")
    assert lines == [
        "\x1b[1m--- f\x1b[0m",
        "\x1b[1m+++ f\x1b[0m",
        "\x1b[2m@@ -1 +1 @@\x1b[0m",
        "\x1b[31m-a\x1b[0m",
        "\x1b[32m+b\x1b[0m",
        " c",
    ]

"""What a row of the performance table says of its measurements."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench.__main__ import merged, table
from bench.rows import Above, Row, Target, Untold, compared, in_turns, limited, said


def row(target: Target | Above | Untold, ours: list[float], reference: list[float]) -> Row:
    """Return a row of two series in seconds."""
    return compared("a claim", ours, reference, unit="s", against="a floor", target=target)


@pytest.mark.parametrize(
    ("target", "ours", "reference", "holds"),
    [
        (Target(limit=1.5), 1.5, 1.0, True),
        (Target(limit=1.5), 1.6, 1.0, False),
        (Target(limit=0.85, at_least=True), 85.0, 100.0, True),
        (Target(limit=0.85, at_least=True), 84.0, 100.0, False),
        (Above(seconds=0.060), 0.061, 0.001, True),
        (Above(seconds=0.060), 0.062, 0.001, False),
        (Untold(), 99.0, 1.0, True),
    ],
)
def test_a_claim_holds_up_to_its_target(
    target: Target | Above | Untold, ours: float, reference: float, holds: bool
) -> None:
    """The target itself is still good enough."""
    assert row(target, [ours], [reference]).holds is holds


def test_the_ratio_is_that_of_the_medians() -> None:
    """One run that was disturbed changes nothing; the spread is that of the single runs."""
    found = row(Target(limit=2), [1.0, 1.0, 9.0], [1.0, 1.0, 1.0])
    assert found.ratio == 1.0
    assert found.spread == "1.00 to 5.00"


def test_a_limit_is_for_the_worst() -> None:
    """A single run above it breaks the claim."""
    assert limited("a claim", [0.1, 0.2], 0.25, unit="s", told="the limit").holds
    assert not limited("a claim", [0.1, 0.3], 0.25, unit="s", told="the limit").holds


def test_a_line_of_the_report_has_these_keys() -> None:
    """Whoever reads the report can rely on them, and on values that JSON has."""
    keys = ["claim", "ours", "reference", "ratio", "target", "holds", "runs", "spread"]
    written = json.loads(json.dumps(row(Above(seconds=0.06), [0.05], [0.001]).as_json()))
    assert list(written) == keys
    assert written["target"] == "≤ reference + 60 ms"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.0603, "s", "60.3 ms"), (7.49, "s", "7.49 s"), (12345.0, "/s", "12,345 /s"), (2e-7, "s", "200 ns")],
)
def test_numbers_are_said_with_three_digits(value: float, unit: str, text: str) -> None:
    """Times take the unit that fits them."""
    assert said(value, unit) == text


def test_sides_take_turns_and_each_begins() -> None:
    """The first round is a warm-up, which counts for neither side."""
    numbers: Iterator[int] = iter(range(100))
    assert in_turns(2, lambda: float(next(numbers)), lambda: float(next(numbers))) == ([3.0, 4.0], [2.0, 5.0])


def test_the_table_is_markdown() -> None:
    """Every line has the same width, and a claim that fell short says so."""
    lines = table([row(Target(limit=1), [2.0], [1.0]), row(Target(limit=3), [2.0], [1.0])]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "| no " in lines[2]
    assert "| yes " in lines[3]


def test_rows_stay_until_their_claim_is_measured_again() -> None:
    """A claim has its place, and all of its rows, of which there may be several, are replaced at once."""

    def rows(*claims: str, runs: int) -> list[Row]:
        found = row(Target(limit=2), [1.0] * runs, [1.0] * runs)
        return [replace(found, claim=claim) for claim in claims]

    found = merged(rows("start", "start", "idle", runs=3), rows("saved", "start", runs=5))
    assert [(one.claim, one.runs) for one in found] == [("start", 5), ("idle", 3), ("saved", 5)]

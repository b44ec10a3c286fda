"""Measurements that are taken again and again, and whether they stay flat."""

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was measured at one time; `at` is seconds since the beginning."""

    at: float
    memory: int
    descriptors: int
    threads: int
    state: int
    """Bytes of the state folder."""
    log: int
    """Bytes that were logged since the beginning."""
    history: int
    """Operations that are remembered."""


ALLOWED = {"memory": 8e6, "descriptors": 8, "threads": 2, "state": 1.5e6, "history": 0}
"""How much more the last quarter may show than the second, beside a twentieth of that; history may not grow at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How one measure went: the medians of the quarters, the highest value, and whether that is flat."""

    name: str
    quarters: tuple[float, ...]
    most: float
    flat: bool


def courses(samples: Sequence[Sample]) -> list[Course]:
    """Return how each measure went; the first quarter is for warming up and decides nothing."""
    measured = {field.name: [float(getattr(one, field.name)) for one in samples] for field in fields(Sample)}
    rates = [(b.log - a.log) / (b.at - a.at) * 60 for a, b in itertools.pairwise(samples)]
    found = [_course(name, measured[name], ALLOWED[name]) for name in ALLOWED]
    return [*found, _course("log bytes a minute", rates, 0.35 * statistics.median(rates))]


def _course(name: str, values: Sequence[float], allowed: float) -> Course:
    quarter = len(values) // 4
    medians = tuple(statistics.median(values[start * quarter : (start + 1) * quarter]) for start in range(4))
    flat = medians[3] <= medians[1] * 1.05 + allowed
    return Course(name=name, quarters=medians, most=max(values), flat=flat)


def table(found: Sequence[Course]) -> str:
    """Return the courses for people."""
    lines = [f"{'measure':<20}{'1st quarter':>14}{'2nd':>14}{'3rd':>14}{'4th':>14}{'most':>14}"]
    for one in found:
        cells = "".join(f"{value:>14,.0f}" for value in (*one.quarters, one.most))
        lines.append(f"{one.name:<20}{cells}  {'flat' if one.flat else 'GROWS'}")
    return "\n".join(lines)

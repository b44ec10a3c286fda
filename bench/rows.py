"""A claim and what was measured of it: the ratio of ours to a reference, over runs that take turns."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any

_SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the ratio to the reference must be: at most, or at least, a number."""

    limit: float
    at_least: bool = False

    def holds(self, ours: float, reference: float) -> bool:
        """Tell whether ours is good enough."""
        ratio = ours / reference
        return ratio >= self.limit if self.at_least else ratio <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}×"


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """How many seconds ours may be above the reference."""

    seconds: float

    def holds(self, ours: float, reference: float) -> bool:
        """Tell whether ours is good enough."""
        return ours <= reference + self.seconds

    def __str__(self) -> str:
        return f"≤ reference + {said(self.seconds, 's')}"


class Untold:
    """Nothing is claimed; the row is there for orientation."""

    def holds(self, ours: float, reference: float) -> bool:  # noqa: ARG002 - any will do
        """Return true."""
        return True

    def __str__(self) -> str:
        return "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the report; `ours` and `reference` are sizes with their unit, in words."""

    claim: str
    ours: str
    reference: str
    ratio: float
    target: str
    holds: bool
    runs: int
    spread: str

    def as_json(self) -> dict[str, Any]:
        """Return the line as it is written to the report."""
        return asdict(self)


def compared(
    claim: str,
    ours: Sequence[float],
    reference: Sequence[float],
    *,
    unit: str,
    against: str,
    target: Target | Above | Untold,
) -> Row:
    """Return the line for two series that were measured in turns, run by run.

    The ratio is that of the medians. The spread is the middle half of the ratios of single runs.
    """
    ratio = median(ours) / median(reference)
    return Row(
        claim=claim,
        ours=said(median(ours), unit),
        reference=f"{said(median(reference), unit)} ({against})",
        ratio=round(ratio, 3),
        target=str(target),
        holds=target.holds(median(ours), median(reference)),
        runs=len(ours),
        spread=_spread([one / other for one, other in zip(ours, reference, strict=True)]),
    )


def limited(claim: str, ours: Sequence[float], limit: float, *, unit: str, told: str) -> Row:
    """Return the line for the worst of a series, which has to stay under a limit that is no measurement."""
    worst = max(ours)
    return Row(
        claim=claim,
        ours=said(worst, unit),
        reference=f"{said(limit, unit)} ({told})",
        ratio=round(worst / limit, 3),
        target="≤ 1×",
        holds=worst <= limit,
        runs=len(ours),
        spread=_spread([one / limit for one in ours]),
    )


def said(value: float, unit: str) -> str:
    """Return a number with its unit, three digits of it."""
    if unit == "s":
        scale, unit = next(
            (pair for pair in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")) if value >= pair[0]), (1e-9, "ns")
        )
        value /= scale
    return f"{value:,.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}"


def _spread(ratios: Sequence[float]) -> str:
    if len(ratios) < 2:
        return "one run"
    low, _, high = quantiles(ratios, n=4, method="inclusive")
    return f"{low:.2f} to {high:.2f}"


def in_turns(runs: int, *sides: Callable[[], float]) -> tuple[list[float], ...]:
    """Call each side once a round, the first of a round being another one each time; a warm-up round is thrown away."""
    series: tuple[list[float], ...] = tuple([] for _ in sides)
    for number in range(runs + 1):
        order = [(number + place) % len(sides) for place in range(len(sides))]
        for place in order:
            value = sides[place]()
            if number:
                series[place].append(value)
    return series

"""`make chaos`: many runs, each from its own seed; prints what was done, and what of it went wrong."""

import argparse
import asyncio
import signal
import statistics
import sys
import traceback
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from tests.proof.chaos.play import Played, another_clock, play
from tests.proof.chaos.script import script

LONGEST = 300.0
"""Seconds after which a run counts as stuck; it takes about a quarter of a minute."""


async def run(seeds: Sequence[int], jobs: int, done: list[Played]) -> None:
    """Play the scripts of some seeds, a few at a time; what came of each is appended to `done`."""
    turn = asyncio.Semaphore(jobs)

    async def one(seed: int) -> None:
        async with turn:
            played = await _played(seed)
            done.append(played)
            _say(_line(played))

    await asyncio.gather(*map(one, seeds))


async def _played(seed: int) -> Played:
    try:
        async with asyncio.timeout(LONGEST):
            return await play(script(seed))
    except Exception:  # noqa: BLE001 - one run that breaks is told, and the others go on
        return Played(seed=seed, seconds=None, cycles=0, violations=(f"the run broke: {traceback.format_exc()}",))


def _line(played: Played) -> str:
    took = "did not converge" if played.seconds is None else f"{played.seconds:5.1f} s, {played.cycles:3} cycles"
    wrong = "".join(f"\n    {one}" for one in played.violations)
    return f"seed {played.seed}: {took}{wrong}" + (f"\n    see {played.kept}" if played.kept else "")


def report(played: Sequence[Played]) -> str:
    """Return the figures of some runs."""
    faults = Counter(fault for one in played for fault in one.faults)
    skipped = Counter(fault for one in played for fault in one.skipped)
    times = [one.seconds for one in played if one.seconds is not None]
    cycles = [one.cycles for one in played if one.seconds is not None]
    made = sum((Counter(one.counts) for one in played), Counter())
    lines = [
        f"runs                  {len(played)}",
        f"faults                {sum(faults.values()) - sum(skipped.values())}",
        *(f"  {name:<40}{count - skipped[name]:>5}" for name, count in sorted(faults.items())),
        *(f"  not possible here: {name}" for name in sorted(skipped)),
        f"daemons started       {made['daemons']}",
        f"changes of the world  {made['writes']} written, {made['removals']} removed",
        f"invariant violations  {sum(len(one.violations) for one in played)}",
        f"time to converge      median {statistics.median(times):.1f} s, worst {max(times):.1f} s" if times else "",
        f"cycles to converge    median {statistics.median(cycles):.0f}, worst {max(cycles)}" if times else "",
    ]
    bad = [str(one.seed) for one in played if one.violations]
    return "\n".join([*lines, f"seeds that failed     {', '.join(bad)}"] if bad else lines)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Read the command line, and play."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="the first; each run has the next one")
    parser.add_argument("--jobs", type=int, default=2, help="how many runs at the same time")
    chosen = parser.parse_args()
    if another_clock() is None:
        _say("The clock is not moved: install Debian's libfaketime, or name the library in FAKETIME_LIBRARY.")
    played: list[Played] = []
    with suppress(KeyboardInterrupt):
        asyncio.run(run(range(chosen.seed, chosen.seed + chosen.runs), chosen.jobs, played))
    _say(report(played))
    raise SystemExit(any(one.violations for one in played))


if __name__ == "__main__":
    main()

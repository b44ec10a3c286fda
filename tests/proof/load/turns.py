"""The daemon, with every turn of its event loop measured in time of the processor, which other programs do not change.

A turn is one callback, or what a task does between two waits. `python -m tests.proof.load.turns run` is the daemon.
When it ends it writes `turns.json` into its folder: of each turn that took some time, when it began on the monotonic
clock, how long the loop's thread worked on it, and how long the whole process worked meanwhile. The first is the least
for which others had to wait, the second the most, if nothing but the daemon wants the processor.
"""

import asyncio
import atexit
import json
import time
from pathlib import Path

RESULT = "turns.json"

SOME_SECONDS = 0.005
"""Turns that are shorter are not written down."""

Turn = tuple[float, float, float]


def watch() -> list[Turn]:
    """Measure every turn from now on; return the list that they come into."""
    turns: list[Turn] = []
    run = asyncio.Handle._run  # type: ignore[attr-defined]

    def measured(handle: asyncio.Handle) -> None:
        began, thread, process = time.monotonic(), time.thread_time(), time.process_time()
        run(handle)
        worked = time.process_time() - process
        if worked > SOME_SECONDS:
            turns.append((began, time.thread_time() - thread, worked))

    asyncio.Handle._run = measured  # type: ignore[attr-defined]
    return turns


def read(folder: Path, began: float, ended: float) -> list[Turn]:
    """Return the turns that began between two moments, of a daemon that has ended."""
    found: list[Turn] = json.loads((folder / RESULT).read_text())
    return [turn for turn in found if began <= turn[0] <= ended]


def main() -> None:
    """Be the daemon."""
    from venom_modeld.cli.main import run  # noqa: PLC0415 - what is imported here is measured with it

    turns = watch()
    atexit.register(lambda: Path(RESULT).write_text(json.dumps(turns)))
    run()


if __name__ == "__main__":
    main()

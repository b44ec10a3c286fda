"""Keeps the garbage collector, and threads that work, from holding up everything else.

A full collection looks at every object there is, and nothing else runs meanwhile: with ten thousand models, an eighth
of a second each time. Nearly all of these objects are the models themselves and the program's own code, which stay. So
what survived a collection that took long is put aside (`gc.freeze`) and never looked through again. It goes when nobody
refers to it any more, as everything does; only what refers to itself in a circle, and became garbage after it was put
aside, would stay. Where there is little to look through, nothing is put aside after the start.

What is there at the start is put aside without a look: of the ninety thousand objects of a daemon that was loaded, a
collection found fifty that nobody needed, and held up the first answer for that by a twentieth of a second.
"""

import gc
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

LONG_SECONDS = 0.01
"""A collection that takes longer, in time of a processor, puts aside what it leaves: a fifth of a long pause."""

OLDEST = 2
"""The generation whose collection looks at everything."""


class Pauses:
    """Watches the collections of this process, by a clock that counts the processor's time."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._began = 0.0

    def heard(self, phase: str, collection: Mapping[str, int]) -> None:
        """Take note that a collection begins or ends, as `gc.callbacks` tells it."""
        if phase == "start":
            self._began = self._clock()
        elif collection["generation"] == OLDEST and self._clock() - self._began > LONG_SECONDS:
            gc.freeze()


TURN_SECONDS = 0.001
"""How long a thread that works keeps the event loop from going on, each time that the loop has sent or read something.
Python's own five milliseconds become fifty where a snapshot is told to ten readers while a list is written."""


@contextmanager
def short_pauses() -> Iterator[None]:
    """Keep pauses short until the end of the block; what is there now is put aside as it is."""
    pauses, turn = Pauses(), sys.getswitchinterval()
    gc.freeze()
    gc.callbacks.append(pauses.heard)
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(turn)
        gc.callbacks.remove(pauses.heard)
        gc.unfreeze()

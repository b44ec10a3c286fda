"""Tells in the instant when a file grows, by inotify: a server says most things in its log, and tells nobody else.

What watches the file of the models gathers changes for tens of milliseconds first, which are what is to be spared here.
"""

import asyncio
import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_IN_MODIFY = 2
_libc = ctypes.CDLL(None)


@contextmanager
def growing(path: Path) -> Iterator[asyncio.Event]:
    """Give an event that is set each time that a file is written to; where nothing can watch that file, never."""
    grown = asyncio.Event()
    descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:  # the host has a limit to them
        yield grown
        return
    loop = asyncio.get_running_loop()

    def note() -> None:
        with suppress(BlockingIOError):
            os.read(descriptor, 64 * 1024)
        grown.set()

    _libc.inotify_add_watch(descriptor, os.fsencode(path), _IN_MODIFY)
    loop.add_reader(descriptor, note)
    try:
        yield grown
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)

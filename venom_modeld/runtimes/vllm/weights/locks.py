"""Locks on files, as every client of the Hub takes them: an advisory `flock`, which the kernel drops with its process.

Some network file systems have no such locks. There they are taken as free, as huggingface_hub itself does it: a lock
only saves double work, and never the cache, in which files appear whole or not at all.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Held(Exception):
    """Somebody else holds the lock."""


@contextmanager
def holding(path: Path, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold a lock for the length of the block. Raises Held where it is taken, unless told to wait; OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o664)
    try:
        _take(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Tell whether somebody holds a lock, without leaving a file where there was none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        _take(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except Held:
        return True
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int, operation: int) -> None:
    with suppress(OSError):
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError as error:
            raise Held from error

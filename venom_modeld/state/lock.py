"""One daemon on a state: a lock that the kernel holds for a process, so that no crash can leave it behind.

The lock is `flock` on the file `lock` of the state folder. The kernel lets go of it when the process ends, however it
ends; programs that the daemon starts do not inherit it. The file holds the pid of its holder, for people; it is never
removed, since a lock on a removed file guards nothing. No link is followed: where others may write to the folder, one
could lead to any file of ours, and what it leads to would be written over.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from venom_modeld.state.errors import StateLocked, StateUnusable

LOCK_FILE = "lock"

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def hold(state_dir: Path) -> Iterator[None]:
    """Hold the state folder for this process, and make the folder (0700) where it is missing.

    Raise StateLocked where another process holds it, StateUnusable where the folder cannot be used.
    """
    with ExitStack() as opened:
        try:
            state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(state_dir / LOCK_FILE, _FLAGS, 0o600)
            opened.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _locked(state_dir) from error
        except OSError as error:
            raise _unusable(state_dir, error) from error
        _write_pid(descriptor)
        yield


def _write_pid(descriptor: int) -> None:
    """Name the holder for whoever is refused; the lock holds as well without, as on a full disk."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _locked(state_dir: Path) -> StateLocked:
    with (state_dir / LOCK_FILE).open("rb") as lock:
        pid = lock.read(32).strip()
    holder = f" (pid {pid.decode()})" if pid.isdigit() else ""
    return StateLocked(
        f"The state folder {state_dir} is in use by another venom-modeld{holder}. Stop that one, or give this one a"
        " folder of its own with --state-dir."
    )


def _unusable(state_dir: Path, error: OSError) -> StateUnusable:
    if error.errno == errno.ELOOP and state_dir.is_dir():
        return StateUnusable(
            f"{state_dir / LOCK_FILE} is a link, which is not followed. Remove it, and see who may write to the folder."
        )
    in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
    problem = "a file stands where a folder must be" if in_the_way else error.strerror
    return StateUnusable(
        f"The state folder {state_dir} cannot be used: {problem}. Make it a folder that the user running"
        " venom-modeld may write to, or name another one with --state-dir."
    )

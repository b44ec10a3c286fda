"""Processes as Linux shows them in /proc: who is who, who belongs together, and what they leave behind.

A number of a process says little, because it is given again. Together with the boot and the tick at which the process
began it names one process for ever. A server is a session of its own, so all of its processes, orphans too, are
those of one group whose number is that of its first process.
"""

import asyncio
import errno
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps shared memory; nothing is created here


@dataclass(frozen=True, slots=True)
class Identity:
    """One process for ever: the boot of the host, its number, and the tick of that boot at which it began."""

    boot: str
    pid: int
    ticks: int


@dataclass(frozen=True, slots=True)
class _Status:
    state: str
    group: int
    session: int
    ticks: int


def boot_id() -> str:
    """Return what names this boot of the host."""
    return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def identify(pid: int) -> Identity | None:
    """Return which process has a number now, or None."""
    status = _status(pid)
    return None if status is None else Identity(boot_id(), pid, status.ticks)


def is_alive(identity: Identity) -> bool:
    """Tell whether a process runs; one that ended and was not waited for does not."""
    status = _status(identity.pid)
    return status is not None and status.ticks == identity.ticks and status.state not in "ZX" and _is_now(identity)


def members(leader: Identity) -> tuple[int, ...]:
    """Return the running processes of the group that a process began, itself among them if it runs.

    A process that was given the leader's number later began a group of its own; its members are not counted.
    """
    if not _is_now(leader):
        return ()
    there = _status(leader.pid)
    if there is not None and there.ticks != leader.ticks:
        return ()
    return tuple(
        pid
        for pid, status in _all()
        if status.group == leader.pid and status.session == leader.pid and status.state not in "ZX"
        if status.ticks >= leader.ticks
    )


def kill_group(leader: Identity, number: signal.Signals) -> None:
    """Send a signal to all of a group; one that is gone is none."""
    if members(leader):
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, number)


def _is_now(identity: Identity) -> bool:
    return identity.boot == boot_id()


def _all() -> Iterator[tuple[int, _Status]]:
    for pid in (int(path.name) for path in PROC.iterdir() if path.name.isdecimal()):
        status = _status(pid)
        if status is not None:
            yield pid, status


def _status(pid: int) -> _Status | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold anything
    return _Status(state=fields[0], group=int(fields[2]), session=int(fields[3]), ticks=int(fields[19]))


# What they leave behind


def shared_memory(pids: Iterable[int]) -> frozenset[str]:
    """Return the names of the pieces of Python's shared memory that processes hold."""
    start = f"{SHARED_MEMORY}/psm_"
    found = set()
    for pid in pids:
        with suppress(OSError):
            for line in (PROC / str(pid) / "maps").read_text(encoding="utf-8", errors="replace").splitlines():
                path = line.partition("/")[1] + line.partition("/")[2]
                if path.startswith(start) and not path.endswith("(deleted)"):
                    found.add(path.removeprefix(f"{SHARED_MEMORY}/"))
    return frozenset(found)


def drop_shared_memory(names: Iterable[str]) -> None:
    """Remove pieces of shared memory; those that are gone are no trouble."""
    for name in names:
        with suppress(OSError):
            (SHARED_MEMORY / name).unlink()


# How they end


class Exit:
    """Watches one process, a child of ours or not, and knows when it has ended; nothing is polled.

    `ended` is called once, on the event loop.
    """

    def __init__(self, identity: Identity, ended: Callable[[], None]) -> None:
        self._identity = identity
        self._ended = ended
        self._over = asyncio.Event()
        self._descriptor: int | None = None
        self._loop = asyncio.get_running_loop()
        self.code: int | None = None
        """How it ended, as the shell says it (negative for a signal); None if it was no child, or still runs."""
        self._begin()

    @property
    def over(self) -> bool:
        """Tell whether it has ended."""
        return self._over.is_set()

    async def wait(self) -> int | None:
        """Return when it has ended, with how if that is known."""
        await self._over.wait()
        return self.code

    def send(self, number: signal.Signals) -> None:
        """Send a signal to exactly this process."""
        if self._descriptor is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def close(self) -> None:
        """Stop watching; the process goes on."""
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _begin(self) -> None:
        try:
            self._descriptor = os.pidfd_open(self._identity.pid)
        except ProcessLookupError:
            self._finish()
            return
        there = _status(self._identity.pid)
        if there is None or there.ticks != self._identity.ticks:
            self._finish()
            return
        self._loop.add_reader(self._descriptor, self._finish)

    def _finish(self) -> None:
        if self._descriptor is not None:
            self.code = _reap(self._descriptor)
        self.close()
        self._over.set()
        self._ended()


def reap(identity: Identity) -> None:
    """Take away what is left of a child of ours that has ended and that nobody watched."""
    status = _status(identity.pid)
    if status is not None and status.ticks == identity.ticks and status.state == "Z":
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, identity.pid, os.WEXITED | os.WNOHANG)


def _reap(descriptor: int) -> int | None:
    """Take the exit code of a child of ours, so that it is no zombie; None for the child of another."""
    try:
        found = os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOHANG)
    except OSError as error:
        if error.errno not in (errno.ECHILD, errno.EINVAL):
            raise
        return None
    if found is None:
        return None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status

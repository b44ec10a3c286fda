"""What a process, with its children, has used: read from the kernel's own books under /proc."""

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the seconds of processor that a process and all its ended or living children have used."""
    return sum(map(_cpu_seconds, family(pid)))


def resident_bytes(pid: int) -> int:
    """Return the memory of a process and its living children, what they share counted once for each."""
    return sum(_resident_bytes(one) for one in family(pid))


def family(pid: int) -> Iterator[int]:
    """Yield a process and its living children, theirs too."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from family(int(child))


def _cpu_seconds(pid: int) -> float:
    """Return utime, stime, and those of the children that were waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))

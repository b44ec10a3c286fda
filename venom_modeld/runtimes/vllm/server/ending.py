"""How a server is ended: asked, asked again, and at last taken down with everything that it began.

vLLM swallows a first SIGTERM between the birth of its engine and readiness, and a server that is killed leaves its
engine and its workers behind, which keep the memory for ever. So the first process is asked twice, and then the whole
group is killed, whatever became of the first process.
"""

import asyncio
import signal
from collections.abc import Iterable, Sequence

from venom_modeld.runtimes.vllm.server.processes import (
    Exit,
    Identity,
    drop_shared_memory,
    identify,
    kill_group,
    shared_memory,
)
from venom_modeld.runtimes.vllm.server.runs import Run

SECOND_WAIT = 5.0
"""Seconds after the second request, where the first was given at least as many."""

LAST_WAIT = 2.0
"""Seconds in which what is left of a server that has ended may tidy up behind itself."""

KILL_WAIT = 30.0
"""Seconds after which a killed process is given up; the kernel holds it, for a disk or a device."""


async def end(run: Run, *, patience: float) -> None:
    """Return when nothing of a server is left; `patience` is the seconds that the first request may take."""
    identity = run.identity()
    if identity is not None:
        await _ask(identity, patience)
        await clear(run)


async def clear(run: Run) -> None:
    """Remove all that a server has left whose first process is gone or is to go: processes, shared memory, files."""
    identity = run.identity()
    if identity is None:
        return
    if not await _gone(run.members(), LAST_WAIT):
        pieces = shared_memory(run.members())
        run.note(shared_memory=sorted({*run.fact("shared_memory", ()), *pieces}))
        kill_group(identity, signal.SIGKILL)
        await _gone(run.members(), KILL_WAIT)
    if not run.members():
        drop_shared_memory(run.fact("shared_memory", ()))


async def _ask(identity: Identity, patience: float) -> None:
    exit_ = Exit(identity, lambda: None)
    try:
        for seconds in (patience, min(patience, SECOND_WAIT)):
            exit_.send(signal.SIGTERM)
            if await _within(seconds, [exit_]):
                return
        kill_group(identity, signal.SIGKILL)
        await _within(KILL_WAIT, [exit_])
    finally:
        exit_.close()


async def _gone(pids: Iterable[int], seconds: float) -> bool:
    """Wait until processes are gone, and tell whether they are."""
    watched = [Exit(identity, lambda: None) for identity in map(identify, pids) if identity is not None]
    try:
        return await _within(seconds, watched)
    finally:
        for one in watched:
            one.close()


async def _within(seconds: float, exits: Sequence[Exit]) -> bool:
    """Tell whether processes have ended, as soon as they have, or when the time is over."""
    ends = [asyncio.ensure_future(one.wait()) for one in exits]
    try:
        return not ends or not (await asyncio.wait(ends, timeout=seconds))[1]
    finally:
        for one in ends:
            one.cancel()

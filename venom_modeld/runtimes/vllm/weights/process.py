"""The daemon's side of the child: starts it in a group of its own, listens, and kills it without a word when told to.

A job is cut by cancelling the task that runs it. The child is dead and gone when the task has ended, and what it had
fetched is on the disk.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import venom_modeld
from venom_modeld.runtimes.vllm.weights.hub import Hub
from venom_modeld.runtimes.vllm.weights.job import Install, Remove

MODULE = "venom_modeld.runtimes.vllm.weights.child"

GRACE = 5.0
"""Seconds that a child may take to end once it has told its result."""

_MAX_LINE = 64 * 1024 * 1024
_MAX_ERRORS = 4096
_SECRETS = frozenset({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"})
_OFFLINE = frozenset({"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"})

Listen = Callable[[Mapping[str, Any]], None]
"""Takes each line of a child as it comes."""


class Died(Exception):
    """A child that ended without telling a result; the text says how."""


async def run(job: Install | Remove, hub: Hub, listen: Listen) -> Mapping[str, Any]:
    """Run a job in a child, and return its last line, which has `done` or `failed`. Raises Died, and OSError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        MODULE,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=_environment(hub),
        start_new_session=True,
        limit=_MAX_LINE,
    )
    errors = asyncio.create_task(_last_words(process))
    try:
        result = await _talk(process, job, listen)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await process.wait()
    finally:
        _kill(process)
        await process.wait()
        await asyncio.gather(errors, return_exceptions=True)
    if result is None:
        raise Died(_how(process.returncode or 0, errors.result()))
    return result


async def _talk(process: Process, job: Install | Remove, listen: Listen) -> Mapping[str, Any] | None:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(_with_parent(job))
        await process.stdin.drain()
    async for raw in process.stdout:
        line = _parse(raw)
        if "done" in line or "failed" in line:
            return line
        listen(line)
    return None


def _with_parent(job: Install | Remove) -> bytes:
    return json.dumps({**job.as_json(), "parent": os.getpid()}).encode() + b"\n"


def _parse(raw: bytes) -> Mapping[str, Any]:
    """Read a line of the child; what a library prints beside it is passed over."""
    with suppress(ValueError):
        value = json.loads(raw)
        if isinstance(value, dict):
            return value
    return {}


async def _last_words(process: Process) -> bytes:
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    said = b""
    while chunk := await process.stderr.read(_MAX_ERRORS):
        said = (said + chunk)[-_MAX_ERRORS:]
    return said


def _kill(process: Process) -> None:
    """Kill the child and whatever it started."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _how(status: int, errors: bytes) -> str:
    if status < 0:
        return f"the process that does it was killed ({signal.Signals(-status).name}); is there enough memory?"
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return f"the process that does it ended with status {status}: {lines[-1] if lines else 'it said nothing'}"


def _environment(hub: Hub) -> dict[str, str]:
    """Return the child's environment: the daemon's, without tokens, and with the Hub that this runtime uses.

    The library reads these when it is imported, so they cannot be given later.
    """
    kept = {key: value for key, value in os.environ.items() if key not in _SECRETS | _OFFLINE}
    package = str(Path(venom_modeld.__file__).parent.parent)
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(filter(None, (package, kept.get("PYTHONPATH")))),
        "HF_HOME": kept.get("HF_HOME") or str(hub.cache.parent),
        "HF_ENDPOINT": hub.endpoint,
        "HF_HUB_CACHE": str(hub.cache),
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }

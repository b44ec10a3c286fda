"""The processes behind the server: an engine, and a worker behind that, forked so that they cost nothing.

They end as the real ones do: the worker with the engine, the engine by SIGTERM, and neither with the server, which is
why a server that is killed leaves both behind. They hold a piece of shared memory and a socket among the temporary
files, which stay where nobody takes the time to remove them.
"""

import ctypes
import mmap
import os
import secrets
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from venom_modeld.sandbox.vllm import speech
from venom_modeld.sandbox.vllm.faults import Faults
from venom_modeld.sandbox.vllm.model import Model, Unreadable, load

_PR_SET_NAME = 15
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps shared memory
_READY = b"R"


class Engine:
    """An engine as its server sees it: `ready` gives a byte once it is, and nothing if it ends before that."""

    def __init__(self, pid: int, ready: int) -> None:
        self.pid = pid
        self.ready = ready

    def end(self) -> None:
        """Tell it to end, and return when it has."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def begin(model: Model, name: str, faults: Faults, *, port: socket.socket) -> Engine:
    """Start an engine; it loads a model, or says why not and ends. It does not hold the server's port."""
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ready)
        port.close()
        _child("VLLM::EngineCor", lambda: _engine(tell, model, name, faults))
    os.close(tell)
    return Engine(pid, ready)


def _child(title: str, run: object) -> None:
    """Be another process until it is over; never return."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_NAME, title.encode(), 0, 0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        code = run()  # type: ignore[operator]
    finally:
        os._exit(code)


def _engine(tell: int, model: Model, name: str, faults: Faults) -> int:
    alive, life = os.pipe()  # the worker ends when this process, the only one to hold `life`, does
    loaded, done = os.pipe()
    worker = os.fork()
    if worker == 0:
        for descriptor in (tell, life, loaded):
            os.close(descriptor)
        _child("VLLM::Worker", lambda: _worker(alive, done, model, name, faults))
    os.close(done)
    os.close(alive)
    if os.read(loaded, 1) != _READY:
        for place in ("EngineCore failed to start.", "Process EngineCore:"):
            speech.complain("EngineCore", "Exception", speech.IN_THE_BACKGROUND, before=place)
        return 1
    with _leftovers():
        os.write(tell, _READY)
        _until_told(worker)
    os.close(life)
    return 0


def _worker(alive: int, done: int, model: Model, name: str, faults: Faults) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(faults.engine_seconds)
    try:
        _load(model, faults.refuse.get(name))
    except Unreadable as error:
        kind, _, words = str(error).partition(": ")
        speech.complain("Worker", *((kind, words) if words else ("RuntimeError", kind)), before="failed to start.")
        return 1
    if not faults.hang:
        os.write(done, _READY)
    os.read(alive, 1)
    return 0


def _load(model: Model, refusal: str | None) -> None:
    if refusal is not None:
        raise Unreadable(refusal)
    load(model)


def _until_told(worker: int) -> None:
    """Return after SIGTERM, or when the worker died."""

    def stop(*_: object) -> None:
        raise _Told

    signal.signal(signal.SIGTERM, stop)
    with suppress(_Told):
        os.waitpid(worker, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class _Told(BaseException):
    """A request to end."""


@contextmanager
def _leftovers() -> Iterator[None]:
    """Hold what a process that is killed leaves behind."""
    memory = _SHARED_MEMORY / f"psm_{secrets.token_hex(4)}"
    path = Path(tempfile.gettempdir()) / secrets.token_hex(16)
    with memory.open("wb+") as file, socket.socket(socket.AF_UNIX) as listening:
        file.truncate(mmap.PAGESIZE)
        held = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        listening.bind(str(path))
        try:
            yield
        finally:
            held.close()
            memory.unlink(missing_ok=True)
            path.unlink(missing_ok=True)

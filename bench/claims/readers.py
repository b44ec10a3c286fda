"""One change told to 500 readers of the event stream, against a Starlette route that sends each the same bytes.

A change is an event at the end of an operation; the status of a host with 20 models comes with it.
"""

import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles

from bench.rows import Row, Target, compared, in_turns
from bench.servers import AnOllama

READERS, RUNS, MODELS = 500, 40, 20
PACE = 0.4
"""Seconds between two changes; the daemon tells a reader at most four times a second."""
END = b"\n\n\r\n"
"""An item of the stream and a chunk of HTTP end."""


def measure() -> list[Row]:
    """Return the one row."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ollama = stack.enter_context(AnOllama(models=MODELS))
        file, body = folder / "models.yaml", folder / "body"
        file.write_text(ollama.declared())
        ours = stack.enter_context(_told("bench.our_events", str(file), path="/api/v1/events"))
        ours.change()
        body.write_bytes(ours.last)
        bare = stack.enter_context(_told("bench.bare_starlette", str(body), "", path="/events"))
        series = in_turns(RUNS, ours.change, bare.change)
    claim = f"one change to {READERS} readers of events, p99"
    against = f"a bare Starlette route, the same {len(ours.last):,} bytes to each"
    return [compared(claim, *series, unit="s", against=against, target=Target(limit=2))]


class _Readers:
    """A server that tells changes, and the connections that it tells them on."""

    def __init__(self, server: subprocess.Popen[str], path: str) -> None:
        self._server = server
        port = int(self._line())
        self._selector = selectors.DefaultSelector()
        self.last = b""
        for _ in range(READERS):
            reader = socket.create_connection(("127.0.0.1", port))
            reader.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            self._selector.register(reader, selectors.EVENT_READ)
        self._delays(time.perf_counter())

    def change(self) -> float:
        """Have a change told, and return the seconds after which all but one in a hundred readers had it whole."""
        time.sleep(PACE)
        assert self._server.stdin is not None
        self._server.stdin.write("change\n")
        self._server.stdin.flush()
        return quantiles(self._delays(float(self._line())), n=100)[98]

    def close(self) -> None:
        """Hang up."""
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()

    def _delays(self, began: float) -> list[float]:
        """Read until each reader has an item, and return how long each waited."""
        had: dict[int, bytes] = {}
        delays: list[float] = []
        while len(delays) < READERS:
            for key, _ in self._selector.select():
                assert isinstance(key.fileobj, socket.socket)
                had[key.fd] = had.get(key.fd, b"") + key.fileobj.recv(1 << 20)
                if b"event: snapshot" in had[key.fd] and had[key.fd].endswith(END):
                    delays.append(time.perf_counter() - began)
        _, _, self.last = next(iter(had.values())).removesuffix(b"\r\n").partition(b"\r\n")
        return delays

    def _line(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()


@contextmanager
def _told(module: str, *words: str, path: str) -> Iterator[_Readers]:
    """Give the readers of a server that is run."""
    command = [sys.executable, "-m", module, *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        readers = _Readers(server, path)
        yield readers
        readers.close()
        server.kill()

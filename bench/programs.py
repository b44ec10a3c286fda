"""Programs that are started at a port and waited for: the daemon, a bare one, and a peer."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from bench.daemons import settings

PEERS = Path(__file__).parents[1] / "var/peers/bin"
"""Where `make bench` installs ollama-herd from the package index, in an environment of its own."""
NO_HERD = "ollama-herd is not there, see `make peers`: nothing is compared with it.\n"
PATIENCE, LOOK_EVERY = 120.0, 0.005


@dataclass(frozen=True, slots=True)
class Program:
    """What is run in a folder, and what is asked there until it answers with 200; `PORT` stands for the port.

    The answer has to hold `knows` as well.
    """

    words: Sequence[str]
    path: str
    knows: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def running(self, folder: Path) -> Iterator[tuple[int, float]]:
        """Give the process id once it is ready, and the seconds from the start until then."""
        port = _free_port()
        named = {key: value.replace("PORT", str(port)) for key, value in self.environ.items()}
        words = [word.replace("PORT", str(port)) for word in self.words]
        began = time.perf_counter()
        with subprocess.Popen(
            words,
            cwd=folder,
            env=os.environ | named,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                self._wait(process, port)
                yield process.pid, time.perf_counter() - began
            finally:
                os.killpg(process.pid, signal.SIGKILL)

    def _wait(self, process: subprocess.Popen[bytes], port: int) -> None:
        url, end = f"http://127.0.0.1:{port}{self.path}", time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            with suppress(OSError), urlopen(url) as answer:
                if self.knows in answer.read().decode():
                    return
            time.sleep(LOOK_EVERY)
        raise RuntimeError(f"{process.args!r} did not get ready")

    def start(self, folder: Path) -> float:
        """Start it, wait until it is ready, stop it, and return the seconds that the start took."""
        with self.running(folder) as (_, seconds):
            return seconds


def daemon(**more: str) -> Program:
    """Return the daemon, on `models.yaml` in its folder."""
    return Program(
        [sys.executable, "-m", "venom_modeld", "run"],
        "/readyz",
        environ=settings(API_LISTEN="127.0.0.1:PORT", **more),
    )


def bare() -> Program:
    """Return a bare process of the same libraries."""
    return Program([sys.executable, str(Path(__file__).with_name("bare_fastapi.py")), "PORT"], "/readyz")


def herd(folder: Path, ollama: str, model: str) -> Program | None:
    """Return the peer: its router, and its node beside an Ollama, ready when the router knows a model of that.

    It keeps its files in a folder and tells nobody of itself. None where it is not installed.
    """
    if not (PEERS / "herd").exists():
        sys.stderr.write(NO_HERD)
        return None
    router = f"'{PEERS}/herd' --host 127.0.0.1 --port PORT"
    node = f"'{PEERS}/herd-node' --ollama-host {ollama} --router-url http://127.0.0.1:PORT"
    environ = {"HOME": str(folder), "FLEET_TELEMETRY": "false", "FLEET_NODE_TELEMETRY": "false"}
    return Program(["sh", "-c", f"{router} & exec {node}"], "/api/tags", model, environ)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port

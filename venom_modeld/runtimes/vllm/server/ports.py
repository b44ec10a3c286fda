"""At which address a server listens, and how clients reach it there.

Where one server takes the place of another, both listen at the address that the file names, one after the other. Where
they overlap, each has a port of its own, and a relay, a process of its own, holds the address.
"""

import asyncio
import errno
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from venom_modeld.core.errors import TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.server import relay
from venom_modeld.runtimes.vllm.server.files import read_json, write_text
from venom_modeld.runtimes.vllm.server.processes import Exit, Identity, is_alive
from venom_modeld.runtimes.vllm.server.spawning import HANDED, spawn

LOOPBACK = "127.0.0.1"

KNOCK_WAIT = 5.0
"""Seconds in which a server takes up a new connection and answers it, if it ever does."""

_KNOCK = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Address:
    """The address that the file names; `title` is how sentences call the runtime."""

    def __init__(self, title: str, host: str, port: int) -> None:
        self.title = title
        self.host = host
        self.port = port

    def check(self) -> None:
        """Raise TemporaryError where another program listens there."""
        self.bind().close()

    def bind(self) -> socket.socket:
        """Take the address. Raises TemporaryError where another program has it."""
        taken = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind((self.host, self.port))
        except OSError as error:
            taken.close()
            said = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used ({error})"
            raise TemporaryError(
                f"{self.title}: port {self.port} of {self.host} {said}. Stop that program, or choose another `url`;"
                " it is tried again.",
                reason=Reason.FAILED,
            ) from error
        return taken


class Relay:
    """The process that holds the address, in a folder of its own."""

    def __init__(self, address: Address, folder: Path) -> None:
        self._address = address
        self._folder = folder

    def point(self, port: int) -> None:
        """Pass new connections on to a port of this host; the relay is started where it does not run."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_text(self._target, str(port))
        if self._identity() is None:
            with self._address.bind() as listening:
                listening.listen(relay.BACKLOG)
                self._start(listening)

    def hold(self, port: int) -> None:
        """Start the relay again where it does not run."""
        if self._identity() is None:
            self.point(port)

    async def stop(self) -> None:
        """End the relay."""
        identity = self._identity()
        if identity is not None:
            exit_ = Exit(identity, lambda: None)
            exit_.send(signal.SIGTERM)
            await exit_.wait()

    @property
    def _target(self) -> Path:
        return self._folder / "port"

    @property
    def _record(self) -> Path:
        return self._folder / "process.json"

    def _start(self, listening: socket.socket) -> None:
        address = self._address
        try:
            spawn(
                [sys.executable, "-I", "-S", relay.__file__, str(HANDED), str(self._target)],
                record=self._record,
                folder=self._folder,
                log=self._folder / "log",
                environment=os.environ,
                handed=listening,
            )
        except OSError as error:
            raise TemporaryError(
                f"{address.title}: the relay cannot be started: {error.strerror}. It is tried again.",
                reason=Reason.FAILED,
            ) from error

    def _identity(self) -> Identity | None:
        """Return who it is, if it runs."""
        found = read_json(self._record)
        try:
            identity = Identity(str(found["boot"]), int(found["pid"]), int(found["ticks"]))
        except (KeyError, TypeError, ValueError):
            return None
        return identity if is_alive(identity) else None


async def knock(host: str, port: int) -> None:
    """Return when a server has answered at a new connection; one that does not has nothing left to take up.

    Connections are taken up in the order in which they came, and what came over one is read no later than what came
    over the next. So whatever arrived before the knock is being worked on when that is answered.
    """
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(KNOCK_WAIT):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_KNOCK)
                await reader.read()
            finally:
                writer.close()
                await writer.wait_closed()


def free_port() -> int:
    """Return a port of the loopback address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])

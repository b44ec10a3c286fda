"""Speaks with the service manager by systemd's notification protocol.

A message is one datagram of `NAME=VALUE` lines, sent to the Unix socket that `NOTIFY_SOCKET` names (man 3 sd_notify).
A name that begins with `@` is one of Linux' abstract sockets, which no file stands for. Without the variable there is
nobody to tell, and telling does nothing.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Self

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 5.0
"""How long a manager that takes no messages is waited for."""


class Notifier:
    """Sends messages to the service manager.

    `address` is what `NOTIFY_SOCKET` says, or None for no manager; `watchdog` is after how many seconds of silence the
    manager takes the daemon for stuck, or None where it does not watch.
    """

    def __init__(self, address: str | None, *, watchdog: float | None = None) -> None:
        self._address = f"\0{address[1:]}" if address and address.startswith("@") else address
        self.watchdog = watchdog
        self._broken = False

    @classmethod
    def take(cls, environ: MutableMapping[str, str]) -> Self:
        """Return the notifier that the environment asks for.

        Its variables are taken out of there, so that no child of the daemon speaks in its name.
        """
        address = environ.pop("NOTIFY_SOCKET", None)
        microseconds, whose = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        if address and not address.startswith(("/", "@")):
            logger.warning("service manager has an address of an unknown kind", extra={"address": address})
            address = None
        watched = microseconds.isdecimal() and int(microseconds) > 0 and whose in ("", str(os.getpid()))
        return cls(address or None, watchdog=int(microseconds) / 1e6 if address and watched else None)

    async def tell(self, **fields: str | int) -> None:
        """Send one message; a manager that cannot be told is logged, once until it can be told again."""
        if self._address is None:
            return
        message = "\n".join(f"{name}={_one_line(value)}" for name, value in fields.items())
        try:
            with _connected(self._address) as manager:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await asyncio.get_running_loop().sock_sendall(manager, message.encode())
        except OSError as error:
            if not self._broken:
                logger.warning("service manager cannot be told", extra={"detail": str(error) or "it takes no messages"})
            self._broken = True
        else:
            self._broken = False


@contextmanager
def _connected(address: str) -> Iterator[socket.socket]:
    """Give a socket to the manager; only a connected one can be waited for while the manager's queue is full."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as manager:
        manager.connect(address)
        yield manager


def _one_line(value: str | int) -> str:
    return " ".join(str(value).splitlines())

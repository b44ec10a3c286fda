"""A service manager that takes messages on a real socket."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DEADLINE


class Manager:
    """Receives what a daemon tells, as systemd does."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.setblocking(False)
        self.told: list[dict[str, str]] = []

    async def message(self) -> dict[str, str]:
        """Wait for the next message."""
        async with asyncio.timeout(DEADLINE):
            text = (await asyncio.get_running_loop().sock_recv(self._socket, 65536)).decode()
        self.told.append(dict(line.split("=", 1) for line in text.split("\n")))
        return self.told[-1]

    async def until(self, name: str, value: str = "1") -> dict[str, str]:
        """Wait for a message that says this."""
        while (message := await self.message()).get(name) != value:
            pass
        return message

    def has(self, name: str) -> bool:
        """Tell whether any message until now had this name."""
        return any(name in message for message in self.told)

    def close(self) -> None:
        """Take no more messages."""
        self._socket.close()

    def leave(self) -> None:
        """Take no more messages, and make room for another manager at the address."""
        self.close()
        Path(self.address).unlink()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """Give a service manager."""
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.close()

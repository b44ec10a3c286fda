"""A service that takes notices over real HTTP, as any that Apprise knows."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEADLINE


class Receiver:
    """Takes what is posted to it; answers with `status`."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.status = 200
        self.asked = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.asked += 1
                if receiver.status == 200:
                    receiver.taken.append(body)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def url(self) -> str:
        """Return its address as Apprise writes it."""
        return f"json://127.0.0.1:{self.server.server_port}/secret-path"

    def close(self) -> None:
        """Take no more."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    async def until(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many notices were taken."""
        async with asyncio.timeout(DEADLINE):
            while len(self.taken) < count:  # noqa: ASYNC110 - it is filled by another thread
                await asyncio.sleep(0.02)
        return self.taken

    async def until_asked(self, count: int) -> None:
        """Wait until so many were offered."""
        async with asyncio.timeout(DEADLINE):
            while self.asked < count:  # noqa: ASYNC110 - it is counted by another thread
                await asyncio.sleep(0.02)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a service that takes notices."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def addresses(receiver: Receiver, tmp_path: Path) -> Path:
    """Give a file with its address."""
    file = tmp_path / "urls"
    file.write_text(f"# on call\n\n{receiver.url}\n")
    return file

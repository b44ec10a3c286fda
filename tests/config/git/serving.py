"""Repositories served over HTTP by git's own backend, with a password; and a server that never answers."""

import base64
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

USER, PASSWORD = "token", "sesame"


class _Handler(BaseHTTPRequestHandler):
    folder = Path()

    def _answer(self) -> None:
        sent = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
        if self.headers["Authorization"] != sent:
            self._write(401, {"WWW-Authenticate": 'Basic realm="models"'}, b"")
            return
        path, _, query = self.path.partition("?")
        environment = os.environ | {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers["Content-Type"] or "",
            "HTTP_CONTENT_ENCODING": self.headers["Content-Encoding"] or "",
            "HTTP_GIT_PROTOCOL": self.headers["Git-Protocol"] or "",
        }
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        made = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=True)
        head, _, content = made.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self._write(int(fields.pop("Status", "200").split()[0]), fields, content)

    def do_GET(self) -> None:
        """Answer what git asks first."""
        self._answer()

    def do_POST(self) -> None:
        """Answer what git asks then."""
        self._answer()

    def _write(self, status: int, fields: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {**fields, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the repositories in a folder; give the address of that folder."""
    handler = type("Handler", (_Handler,), {"folder": folder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def silent() -> Iterator[tuple[str, threading.Event, threading.Event]]:
    """Accept one caller and say nothing; give the address, and what is set when it has called and when it has gone."""
    called, gone = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with server.accept()[0] as caller:
                called.set()
                while caller.recv(4096):
                    pass
            gone.set()

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/models.git", called, gone
        thread.join()

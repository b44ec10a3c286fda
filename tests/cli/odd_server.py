"""A server of one's own answers, for everything that a daemon never says."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def answering(*answers: bytes, keep_open: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """Answer one connection after the other with these bytes; give the address and the requests that came.

    With `keep_open`, the last connection stays open until the block ends.
    """
    requests: list[bytes] = []
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, answers, requests, done if keep_open else None))
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}", requests
        finally:
            done.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(
    listener: socket.socket, answers: Sequence[bytes], requests: list[bytes], done: threading.Event | None
) -> None:
    for number, answer in enumerate(answers, 1):
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            requests.append(_request(connection))
            connection.sendall(answer)
            if done is not None and number == len(answers):
                done.wait()


def _request(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65536)
    return head


def response(body: bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Return an answer with a length."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def stream(*items: bytes) -> bytes:
    """Return a stream of events without an end of its own."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + b"".join(items)

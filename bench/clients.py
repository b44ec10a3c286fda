"""A client that costs little: many requests of one kind over a few connections that stay open."""

import socket
import threading
import time
from urllib.parse import urlsplit


def requests_a_second(url: str, path: str, *, requests: int, connections: int = 4, headers: str = "") -> float:
    """Return how many answers come a second; every answer is read whole."""
    turns = requests // connections
    threads = [threading.Thread(target=_ask, args=(url, path, headers, turns)) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return turns * connections / (time.perf_counter() - began)


def _ask(url: str, path: str, headers: str, turns: int) -> None:
    parts = urlsplit(url)
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{headers}\r\n".encode()
    buffer = bytearray(1 << 20)
    with socket.create_connection((str(parts.hostname), parts.port)) as connection:
        for _ in range(turns):
            connection.sendall(request)
            _read(connection, buffer)


def _read(connection: socket.socket, buffer: bytearray) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65536)
    head, _, body = head.partition(b"\r\n\r\n")
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    left = 0 if b" 304 " in head[:16] else int(length.partition(b":")[2]) - len(body)
    while left > 0:
        left -= connection.recv_into(buffer, min(left, len(buffer)))

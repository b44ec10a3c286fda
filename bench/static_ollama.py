"""A server that answers as an Ollama with so many models does, from bytes that were made beforehand.

It does as little as a server can, so that what is measured on the other side is the client. Run as a program it prints
its port; its lines of standard input are commands: `count` prints how many requests there were since the last time,
`next` prints when the next request came, on the clock of `time.perf_counter`, after a line that says it waits.
"""

import asyncio
import json
import sys
import time

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: "


def names(models: int) -> list[str]:
    """Return the names of the models that are there."""
    return [f"model-{number}:{number % 9 + 1}b" for number in range(models)]


def digest(number: int) -> str:
    """Return the digest of the model of that number."""
    return f"{number:064x}"


def _tags(models: int) -> bytes:
    entries = [
        {
            "name": name,
            "model": name,
            "modified_at": "2026-03-01T10:00:00.123456789Z",
            "size": 4_000_000_000 + number,
            "digest": digest(number),
            "details": {
                "parent_model": "",
                "format": "gguf",
                "family": "llama",
                "families": ["llama"],
                "parameter_size": "8.0B",
                "quantization_level": "Q4_K_M",
            },
        }
        for number, name in enumerate(names(models))
    ]
    return json.dumps({"models": entries}).encode()


def answers(models: int) -> dict[bytes, bytes]:
    """Return what is answered to each path; one model is loaded to stay."""
    loaded = {
        "name": names(models)[0],
        "model": names(models)[0],
        "size": 5_000_000_000,
        "digest": digest(0),
        "details": {"format": "gguf", "family": "llama", "parameter_size": "8.0B", "quantization_level": "Q4_K_M"},
        "expires_at": "2318-06-01T10:00:00Z",
        "size_vram": 5_000_000_000,
        "context_length": 4096,
    }
    return {
        b"/api/tags": _tags(models),
        b"/api/ps": json.dumps({"models": [loaded]}).encode(),
        b"/api/version": b'{"version":"0.13.0"}',
        b"/api/show": b'{"details":{"family":"llama"},"model_info":{},"modelfile":"FROM /blobs/sha256-0"}',
    }


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests without a body, or with one that comes in the same packet."""

    seen = 0
    waiting = False

    def __init__(self, known: dict[bytes, bytes]) -> None:
        self._known = known

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer at once."""
        if Connection.waiting:
            Connection.waiting = False
            _say(time.perf_counter())
        Connection.seen += 1
        body = self._known.get(data.split(b" ", 2)[1], b"{}")
        self._transport.write(HEAD + str(len(body)).encode() + b"\r\n\r\n" + body)


async def _serve(models: int) -> None:
    loop, known = asyncio.get_running_loop(), answers(models)
    server = await loop.create_server(lambda: Connection(known), "127.0.0.1", 0)
    _say(server.sockets[0].getsockname()[1])
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "count":
            _say(Connection.seen)
            Connection.seen = 0
        elif line.strip() == "next":
            Connection.waiting = True
            _say("waiting")


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))

"""Holds the address that clients know while servers come and go behind it: it passes connections on, byte by byte.

Run as a file, without the package. The socket is given to it listening, so that nobody ever meets a closed port. Where
a connection goes is read from a file when the connection comes, so a switch is the replacement of that file:
connections before it stay where they are, the next one goes to the new server.
"""

import asyncio
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

CHUNK = 64 * 1024
BACKLOG = 2048


async def main(arguments: list[str]) -> None:
    """Take the number of the listening socket, and the file with the port to pass on to; run until SIGTERM."""
    descriptor, target = arguments

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError):
            await _relay(reader, writer, _port(target))
        await _close(writer)

    listening = socket.socket(fileno=int(descriptor))
    server = await asyncio.start_server(serve, sock=listening, backlog=BACKLOG)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with server:
        await stop.wait()


def _port(target: str) -> int:
    return int(Path(target).read_text(encoding="ascii"))


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    onward, back = await asyncio.open_connection("127.0.0.1", port)
    pipes = [asyncio.create_task(_pipe(reader, back)), asyncio.create_task(_pipe(onward, writer))]
    try:
        await asyncio.wait([pipes[1]])
    finally:
        for pipe in pipes:
            pipe.cancel()
        await _close(back)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

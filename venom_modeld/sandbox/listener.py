"""One HTTP server on one port, which can be cut off in an instant and come back on the same port."""

import asyncio
import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp


class Listener:
    """Serves an application on a port of its own.

    uvicorn's own `serve` takes over signals and waits for clients when it ends, and a crash does neither. So its
    parts are started and stopped here.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._server: uvicorn.Server | None = None

    @property
    def url(self) -> str:
        """The address of the server."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def start(self, app: ASGIApp) -> None:
        """Listen. A free port is chosen the first time and kept.

        Raises `OSError` when the port is taken, with the address as its file name.
        """
        bound = self._bind()
        self.port = bound.getsockname()[1]
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            server_header=False,
            date_header=False,
            timeout_keep_alive=60,
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[bound])
        self._server = server

    async def stop(self) -> None:
        """Close the port and every connection at once, whatever is being sent."""
        server, self._server = self._server, None
        if server is None:
            return
        for listening in server.servers:
            listening.close()
        self._sever(list(server.server_state.connections))
        tasks = list(server.server_state.tasks)
        await asyncio.gather(*tasks, return_exceptions=True)

    def sever(self, client: Any) -> None:
        """Cut the connection of one client, given as its address and port."""
        if self._server is not None:
            connections: list[Any] = list(self._server.server_state.connections)
            self._sever([connection for connection in connections if connection.client == tuple(client)])

    def _sever(self, connections: list[Any]) -> None:
        for connection in connections:
            connection.transport.abort()

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # With the protocol left open asyncio would not switch off Nagle's algorithm, and every answer took 40 ms.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self.host, self.port))
        except OSError as error:
            bound.close()
            raise OSError(error.errno, error.strerror, self.url.removeprefix("http://")) from error
        return bound

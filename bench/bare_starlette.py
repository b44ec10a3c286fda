"""A route of Starlette that sends what it is given, under uvicorn: the floor of an answer. Prints its port."""

import asyncio
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def application(body: bytes, tag: str) -> Starlette:
    """Return an application that answers every request to `/` with the body, or by 304 to whoever has it."""

    async def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"etag": tag})
        return Response(body, media_type="application/json", headers={"etag": tag})

    return Starlette(routes=[Route("/", answer)])


async def _serve(body: bytes, tag: str) -> None:
    config = uvicorn.Config(application(body, tag), host="127.0.0.1", port=0, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await serving


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]).read_bytes(), sys.argv[2]))

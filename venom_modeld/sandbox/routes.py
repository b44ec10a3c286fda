"""The HTTP of the stand-in Ollama: its paths, status codes and bodies."""

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from venom_modeld.sandbox.bodies import answer
from venom_modeld.sandbox.guard import BrokenStreams, OriginCheck, WrongAnswers
from venom_modeld.sandbox.ollama import Ollama
from venom_modeld.sandbox.registry import plain_error
from venom_modeld.sandbox.routes_create import CreateRoutes
from venom_modeld.sandbox.routes_generate import GenerateRoutes
from venom_modeld.sandbox.routes_models import Endpoint, ModelRoutes

RECOMMENDED = (
    ("qwen3:0.6b", "Small model that thinks before it answers", 40960),
    ("llama3.2:3b", "Small model for dialogue and tools", 131072),
    ("gemma3:4b", "Model that reads pictures and runs on one GPU", 32768),
)


def ollama_app(ollama: Ollama, *, host: str, sever: Callable[[Any], None]) -> Starlette:
    """Return the application of Ollama's port. `sever` cuts the connection of a client."""
    return Starlette(
        routes=[
            Route("/", _root),
            Route("/api/version", _version(ollama.settings.version)),
            Route("/api/status", _status),
            Route("/api/experimental/model-recommendations", _recommendations),
            *ModelRoutes(ollama).routes(),
            *CreateRoutes(ollama).routes(),
            *GenerateRoutes(ollama).routes(),
        ],
        middleware=[
            Middleware(OriginCheck, host=host),
            Middleware(BrokenStreams, faults=ollama.faults, sever=sever),
            Middleware(WrongAnswers, faults=ollama.faults, sever=sever),
        ],
        exception_handlers={HTTPException: plain_error},
    )


def _version(version: str) -> Endpoint:
    async def tell(_request: Request) -> Response:
        return answer({"version": version})

    return tell


async def _root(_request: Request) -> Response:
    return PlainTextResponse("Ollama is running")


async def _status(_request: Request) -> Response:
    return answer({"cloud": {"disabled": True, "source": "env"}})


async def _recommendations(_request: Request) -> Response:
    entries = [
        {"model": model, "description": description, "context_length": length}
        for model, description, length in RECOMMENDED
    ]
    return answer({"recommendations": entries})

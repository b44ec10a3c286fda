"""The calls about installed models: list, show, pull, copy, delete, and what is loaded."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from venom_modeld.sandbox.attended import answer_later, line_stream
from venom_modeld.sandbox.bodies import RefusedError, answer, model_of, name_or_refuse, read_body, streams
from venom_modeld.sandbox.downloads import Line
from venom_modeld.sandbox.ollama import Ollama
from venom_modeld.sandbox.runners import timestamp
from venom_modeld.sandbox.show import describe
from venom_modeld.sandbox.store import Details, Installed, UnreadableModelError
from venom_modeld.sandbox.upstream import PullError, Source

PLAIN_JSON = "application/json"
Endpoint = Callable[[Request], Awaitable[Response]]


def refusing(endpoint: Endpoint) -> Endpoint:
    """Let an endpoint raise `RefusedError` to answer."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RefusedError as error:
            return error.response

    return guarded


class ModelRoutes:
    """Serves the calls that list and change what is installed."""

    def __init__(self, ollama: Ollama) -> None:
        self._ollama = ollama
        self._store = ollama.store

    def routes(self) -> list[Route]:
        """Return the paths of these calls."""
        return [
            Route("/api/tags", self._tags),
            Route("/api/ps", self._ps),
            Route("/api/show", refusing(self._show), methods=["POST"]),
            Route("/api/pull", refusing(self._pull), methods=["POST"]),
            Route("/api/copy", refusing(self._copy), methods=["POST"]),
            Route("/api/delete", refusing(self._delete), methods=["DELETE"]),
            Route("/api/blobs/{digest}", self._blob, methods=["HEAD"]),
        ]

    async def _tags(self, _request: Request) -> Response:
        entries = [(model, _tag_entry(model, details)) for model, details in self._store.readable()]
        self._ollama.random.shuffle(entries)
        entries.sort(key=lambda entry: entry[0].modified_ns // 1_000_000_000, reverse=True)
        return answer({"models": [entry for _, entry in entries]})

    async def _ps(self, _request: Request) -> Response:
        return answer({"models": [runner.as_json() for runner in self._ollama.runners.listed(datetime.now(UTC))]})

    async def _show(self, request: Request) -> Response:
        text = model_of(await read_body(request))
        if not text:
            raise RefusedError(400, "model is required")
        name = name_or_refuse(text, "invalid model name")
        model = self._store.find(name)
        if model is None:
            raise RefusedError(404, f"model '{name.short}' not found")
        try:
            return answer(describe(self._store, model, self._ollama.settings.models_dir))
        except UnreadableModelError as error:
            raise RefusedError(500, str(error)) from error

    async def _copy(self, request: Request) -> Response:
        body = await read_body(request)
        source, destination = str(body.get("source") or ""), str(body.get("destination") or "")
        name = name_or_refuse(source, f'source "{source}" is invalid')
        target = name_or_refuse(destination, f'destination "{destination}" is invalid')
        model = self._store.find(name)
        if model is None:
            raise RefusedError(404, f'model "{source}" not found')
        self._store.write(target, model.manifest)
        return Response()

    async def _delete(self, request: Request) -> Response:
        text = model_of(await read_body(request))
        name = name_or_refuse(text, f'name "{text}" is invalid')
        if not self._store.remove(name):
            raise RefusedError(404, f"model '{text}' not found")
        return Response()

    async def _blob(self, request: Request) -> Response:
        digest = request.path_params["digest"]
        if digest in self._store.blobs:
            return Response()
        return answer({"error": f'blob "{digest}" not found'}, status=404)

    async def _pull(self, request: Request) -> Response:
        body = await read_body(request)
        name = name_or_refuse(model_of(body), "invalid model name")
        lines = self._ollama.pull(Source(name=name, insecure=bool(body.get("insecure"))))
        if streams(body):
            return line_stream(with_error(lines))
        return answer_later(lambda: last_line(lines))


async def with_error(lines: AsyncGenerator[Line, None]) -> AsyncGenerator[Line, None]:
    """Tell a failed pull as the last line."""
    async with contextlib.aclosing(lines) as open_lines:
        try:
            async for line in open_lines:
                yield line
        except PullError as error:
            yield {"error": str(error)}


async def last_line(lines: AsyncGenerator[Line, None]) -> Response:
    """Answer with the last line alone, and with status 500 when it is an error."""
    last: Line = {}
    async with contextlib.aclosing(with_error(lines)) as open_lines:
        async for line in open_lines:
            last = line
    return answer(last, status=500 if "error" in last else 200, media_type=PLAIN_JSON)


def _tag_entry(model: Installed, details: Details) -> dict[str, Any]:
    name = model.name.short
    lengths = {"context_length": details.context_length, "embedding_length": details.embedding_length}
    return {
        "name": name,
        "model": name,
        "modified_at": timestamp(model.modified_ns),
        "size": model.manifest.size,
        "digest": model.manifest.digest,
        "details": details.as_json() | lengths,
        "capabilities": list(details.capabilities),
    }

"""The calls that put models to work: load, unload, generate, embed."""

import hashlib
import time
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from venom_modeld.sandbox.attended import answer_later, line_stream
from venom_modeld.sandbox.bodies import RefusedError, answer, model_of, name_or_refuse, object_of, read_body, streams
from venom_modeld.sandbox.downloads import Line
from venom_modeld.sandbox.durations import DurationError, keep_alive
from venom_modeld.sandbox.ollama import Load, LoadError, Ollama
from venom_modeld.sandbox.routes_models import refusing
from venom_modeld.sandbox.runners import timestamp
from venom_modeld.sandbox.store import Installed, UnreadableModelError

_WORDS = ("Hello", "!", " How", " can", " I", " help", " you", " today", "?")


class GenerateRoutes:
    """Serves the calls that use a model."""

    def __init__(self, ollama: Ollama) -> None:
        self._ollama = ollama

    def routes(self) -> list[Route]:
        """Return the paths of these calls."""
        return [
            Route("/api/generate", refusing(self._generate), methods=["POST"]),
            Route("/api/embed", refusing(self._embed), methods=["POST"]),
        ]

    async def _generate(self, request: Request) -> Response:
        body = await read_body(request)
        text = model_of(body)
        keep = _keep(body)
        model = self._find(text)
        if keep == 0 and not body.get("prompt"):
            self._ollama.unload(model)
            return answer(_reply(text, done="unload"))
        if "completion" not in self._capabilities(model):
            raise RefusedError(400, f'"{text}" does not support generate')
        wish = Load(model=model, options=object_of(body, "options"), keep=keep)
        return answer_later(lambda: self._run(text, body, wish))

    async def _embed(self, request: Request) -> Response:
        body = await read_body(request)
        text = model_of(body)
        model = self._find(text)
        wish = Load(model=model, options=object_of(body, "options"), keep=_keep(body))
        return answer_later(lambda: self._embeddings(text, body, wish))

    async def _run(self, text: str, body: dict[str, Any], wish: Load) -> Response:
        started = time.perf_counter_ns()
        try:
            await self._ollama.load(wish)
        except LoadError as error:
            return answer({"error": str(error)}, status=500)
        if not body.get("prompt"):
            return answer(_reply(text, done="load"))
        lines = self._tokens(text, body, wish, time.perf_counter_ns() - started)
        if streams(body):
            return line_stream(_later(lines))
        return answer(_whole(lines))

    def _tokens(self, text: str, body: dict[str, Any], wish: Load, load_time: int) -> list[Line]:
        asked = int(wish.options.get("num_predict", -1))
        count = len(_WORDS) if asked < 0 else asked
        if self._ollama.silent(wish.model.name):
            count = 0
        words = [_WORDS[index % len(_WORDS)] for index in range(count)]
        last = _reply(text, done="length" if 0 < count == asked else "stop") | {
            "total_duration": load_time + 1_000_000 * (count + 1),
            "load_duration": load_time,
            "prompt_eval_count": len(str(body.get("prompt")).split()),
            "prompt_eval_duration": 1_000_000,
            **({"eval_count": count, "eval_duration": 1_000_000 * count} if count else {}),
        }
        if wish.keep == 0:
            self._ollama.unload(wish.model)
        return [*(_reply(text, response=word) for word in words), last]

    async def _embeddings(self, text: str, body: dict[str, Any], wish: Load) -> Response:
        started = time.perf_counter_ns()
        try:
            runner = await self._ollama.load(wish)
        except LoadError as error:
            return answer({"error": str(error)}, status=500)
        asked = body.get("input")
        inputs = asked if isinstance(asked, list) else [asked] if asked else []
        silent = self._ollama.silent(wish.model.name)
        width = 0 if silent else runner.details.embedding_length
        if wish.keep == 0:
            self._ollama.unload(wish.model)
        return answer(
            {
                "model": text,
                "embeddings": [_vector(str(each), width) for each in inputs],
                "total_duration": time.perf_counter_ns() - started,
                "load_duration": time.perf_counter_ns() - started,
                "prompt_eval_count": sum(len(str(each).split()) for each in inputs),
            }
        )

    def _find(self, text: str) -> Installed:
        missing = f"model '{text}' not found"
        name = name_or_refuse(text, missing, status=404)
        model = self._ollama.store.find(name)
        if model is None:
            raise RefusedError(404, missing)
        return model

    def _capabilities(self, model: Installed) -> tuple[str, ...]:
        try:
            return self._ollama.store.details(model).capabilities
        except UnreadableModelError as error:
            raise RefusedError(500, str(error)) from error


def _keep(body: dict[str, Any]) -> float:
    try:
        return keep_alive(body.get("keep_alive"))
    except DurationError as error:
        raise RefusedError(400, str(error)) from error


def _reply(model: str, *, response: str = "", done: str = "") -> Line:
    reply: Line = {"model": model, "created_at": timestamp(time.time_ns()), "response": response, "done": bool(done)}
    return reply | ({"done_reason": done} if done else {})


def _whole(lines: list[Line]) -> Line:
    return lines[-1] | {"response": "".join(line["response"] for line in lines)}


async def _later(lines: list[Line]) -> AsyncGenerator[Line, None]:
    for line in lines:
        yield line


def _vector(text: str, width: int) -> list[float]:
    seed = hashlib.sha256(text.encode()).digest()
    return [(seed[index % len(seed)] - 127.5) / 127.5 for index in range(width)]

"""The list of models over HTTP, whole and unchanged, against a bare route that sends the same bytes."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2

from bench.clients import requests_a_second
from bench.daemons import ADaemon
from bench.rows import Row, Target, compared, in_turns
from bench.servers import AnOllama

PATH = "/api/v1/models"
SIZES = {100: 2000, 10_000: 40}
"""How many requests a run makes, for how many models."""
RUNS = 7


def measure() -> list[Row]:
    """Return two rows for each size."""
    return [row for models, requests in SIZES.items() for row in _rows(models, requests)]


def _rows(models: int, requests: int) -> list[Row]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ollama = stack.enter_context(AnOllama(models=models))
        ours = stack.enter_context(ADaemon(folder, ollama.declared())).url
        answer = _settled(ours, models)
        tag = answer.headers["etag"]
        bare = stack.enter_context(_floor(folder / "body", answer.content, tag))
        return [
            _row(f"GET {PATH}, {models:,} models", ours, bare, requests, "", 0.85),
            _row(f"its 304, {models:,} models", ours, bare, 2000, f"If-None-Match: {tag}\r\n", 0.9),
        ]


@contextmanager
def _floor(file: Path, body: bytes, tag: str) -> Iterator[str]:
    """Give the address of a bare route that sends these bytes."""
    file.write_bytes(body)
    command = [sys.executable, "-m", "bench.bare_starlette", str(file), tag]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as floor:
        assert floor.stdout is not None
        yield f"http://127.0.0.1:{floor.stdout.readline().strip()}"
        floor.kill()


def _settled(url: str, models: int) -> httpx2.Response:
    """Return the list once every model is on it and nothing differs, so that it stays the same."""
    while True:
        answer = httpx2.get(url + PATH, headers={"Accept-Encoding": "identity"})
        listed = answer.json()["models"]
        if len(listed) == models and all(model["drift"] is None for model in listed):
            return answer


def _row(claim: str, ours: str, bare: str, requests: int, headers: str, least: float) -> Row:
    rates = in_turns(
        RUNS,
        lambda: requests_a_second(ours, PATH, requests=requests, headers=headers),
        lambda: requests_a_second(bare, "/", requests=requests, headers=headers),
    )
    target = Target(limit=least, at_least=True)
    return compared(claim, *rates, unit="/s", against="a bare Starlette route, the same bytes", target=target)

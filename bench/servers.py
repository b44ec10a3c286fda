"""Servers that claims are measured against, each in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from bench.static_ollama import names


class AnOllama:
    """A `static_ollama` with so many models."""

    def __init__(self, *, models: int) -> None:
        self.models = models

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.static_ollama", str(self.models)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = f"http://127.0.0.1:{self._line()}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def requests(self) -> int:
        """Return how many requests there were since the last time."""
        self._tell("count")
        return int(self._line())

    def next_request(self, after: Callable[[], float]) -> float:
        """Do something, and return how many seconds passed from the moment that it returns to the next request."""
        self._tell("next")
        self._line()
        began = after()
        return float(self._line()) - began

    def declared(self, **first: Any) -> str:
        """Return a models.yaml that asks for exactly what is there, with these keys at the first model."""
        models: list[Any] = names(self.models)
        runtime = {"kind": "ollama", "url": self.url, "prune": "managed", "active": models[0], "models": models}
        models[0] = {"name": models[0], **first} if first else models[0]
        return json.dumps({"version": 1, "runtimes": {"one": runtime}})

    def _tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

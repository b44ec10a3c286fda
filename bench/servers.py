"""Servers that claims are measured against, each in a process of its own."""

import json
import subprocess
import sys
from types import TracebackType
from typing import Self

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
        assert self._process.stdin is not None
        self._process.stdin.write("count\n")
        self._process.stdin.flush()
        return int(self._line())

    def declared(self) -> str:
        """Return a models.yaml that asks for exactly what is there."""
        models = names(self.models)
        runtime = {"kind": "ollama", "url": self.url, "prune": "managed", "active": models[0], "models": models}
        return json.dumps({"version": 1, "runtimes": {"one": runtime}})

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

"""Servers that claims are measured against, each in a process of its own."""

import json
from collections.abc import Callable
from typing import Any, Self

from bench.child import Child
from bench.static_ollama import names


class AnOllama(Child):
    """A `static_ollama` with so many models."""

    def __init__(self, *, models: int) -> None:
        super().__init__("static_ollama", str(models))
        self.models = models

    def __enter__(self) -> Self:
        super().__enter__()
        self.url = f"http://127.0.0.1:{self.line()}"
        return self

    def requests(self) -> int:
        """Return how many requests there were since the last time."""
        self.tell("count")
        return int(self.line())

    def next_request(self, after: Callable[[], float]) -> float:
        """Do something, and return how many seconds passed from the moment that it returns to the next request."""
        self.tell("next")
        self.line()
        began = after()
        return float(self.line()) - began

    def declared(self, **first: Any) -> str:
        """Return a models.yaml that asks for exactly what is there, with these keys at the first model."""
        models: list[Any] = names(self.models)
        runtime = {"kind": "ollama", "url": self.url, "prune": "managed", "active": models[0], "models": models}
        models[0] = {"name": models[0], **first} if first else models[0]
        return json.dumps({"version": 1, "runtimes": {"one": runtime}})

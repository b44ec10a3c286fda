"""The Hub's limits on requests: a fixed window for each kind of them, told in the headers of every answer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

WINDOW = 300
"""Seconds of a window."""

TOLD_TO_ANONYMOUS = (
    "The sandbox limits how many requests an address may send. Send a token of an account, which may send more."
)
"""The real Hub, too, answers an address that asks too often with plain text and not with JSON."""


@dataclass(slots=True)
class _Window:
    began: float
    used: int = 0


@dataclass(slots=True)
class Limits:
    """Counts requests of each visitor; `api` and `files` are how many a window allows, `clock` returns seconds."""

    api: int = 500
    files: int = 3000
    clock: Callable[[], float] = time.monotonic
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict)

    def count(self, kind: str, visitor: str) -> tuple[bool, Mapping[str, str]]:
        """Count a request; tells whether it is within the limit, and the headers of its answer."""
        now, allowed = self.clock(), self.files if kind == "resolvers" else self.api
        window = self._windows.get((kind, visitor))
        if window is None or now - window.began >= WINDOW:
            window = self._windows[kind, visitor] = _Window(now)
        window.used += 1
        left = max(0, allowed - window.used)
        headers = {
            "RateLimit": f'"{kind}";r={left};t={int(window.began + WINDOW - now)}',
            "RateLimit-Policy": f'"fixed window";"{kind}";q={allowed};w={WINDOW}',
        }
        return window.used <= allowed, headers

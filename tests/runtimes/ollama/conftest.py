"""Answers of an Ollama, as a script writes them."""

from collections.abc import Callable
from typing import Any

import pytest

PINNED = "2319-03-04T11:19:50.477123545Z"
SOON = "2026-11-22T11:37:33.897709465Z"


def entry(name: str, letter: str = "a", **more: Any) -> dict[str, Any]:
    """Write an entry of `/api/tags`, whose digest is one letter."""
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-11-22T11:31:48.278652234Z",
        "size": 1000,
        "digest": letter * 64,
        "details": {"format": "gguf", "family": "llama", "parameter_size": "1B", "quantization_level": "Q4_K_M"},
        "capabilities": ["completion"],
        **more,
    }


def runner(name: str, letter: str = "a", expires_at: str = PINNED, **more: Any) -> dict[str, Any]:
    """Write an entry of `/api/ps`."""
    return {
        "name": name,
        "model": name,
        "size": 2000,
        "digest": letter * 64,
        "expires_at": expires_at,
        "size_vram": 1500,
        "context_length": 4096,
        **more,
    }


@pytest.fixture
def tags() -> Callable[..., dict[str, Any]]:
    """Write `/api/tags` of names, or of names with their digests' letters."""

    def write(*names: str, **lettered: str) -> dict[str, Any]:
        return {"models": [entry(name) for name in names] + [entry(name, letter) for name, letter in lettered.items()]}

    return write


@pytest.fixture
def make_entry() -> Callable[..., dict[str, Any]]:
    """Write one entry of `/api/tags`."""
    return entry


@pytest.fixture
def make_runner() -> Callable[..., dict[str, Any]]:
    """Write one entry of `/api/ps`."""
    return runner


@pytest.fixture
def soon() -> str:
    """Give the `expires_at` of a model that nobody pinned."""
    return SOON

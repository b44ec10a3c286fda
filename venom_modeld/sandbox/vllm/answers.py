"""What a server answers, in the forms of the real one."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

VERSION = "0.32.0"

Answer = tuple[int, Mapping[str, Any] | str | None]
"""A status and a body: JSON, a text, or nothing."""


def refusal(status: int, message: str, kind: str) -> Answer:
    """Return a refusal."""
    return status, {"error": {"message": message, "type": kind, "param": None, "code": status}}


def model(name: str, root: str, *, parent: str | None, context_length: int | None) -> Mapping[str, Any]:
    """Return an entry of `/v1/models`."""
    return {
        "id": name,
        "object": "model",
        "created": int(time.time()),
        "owned_by": "vllm",
        "root": root,
        "parent": parent,
        "max_model_len": context_length,
    }


def completion(name: str, tokens: int) -> Mapping[str, Any]:
    """Return a completion of so many tokens."""
    return {
        "id": f"cmpl-{secrets.token_hex(8)}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": name,
        "choices": [{"index": 0, "text": " word" * tokens, "finish_reason": "length" if tokens else "stop"}],
        "usage": {"prompt_tokens": 1, "total_tokens": 1 + tokens, "completion_tokens": tokens},
    }


def embedding(name: str) -> Mapping[str, Any]:
    """Return one vector."""
    return {
        "object": "list",
        "model": name,
        "data": [{"index": 0, "object": "embedding", "embedding": [0.5, 0.5]}],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


def metrics(name: str, *, running: int) -> str:
    """Return the metrics that anybody here reads."""
    label = f'{{engine="0",model_name="{name}"}}'
    values = {"num_requests_running": running, "num_requests_waiting": 0, "kv_cache_usage_perc": running / 100}
    lines = [f"# TYPE vllm:{key} gauge\nvllm:{key}{label} {float(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"

"""The options of a model: their types, and which of them make another runner.

Ollama accepts any option when a model is created and checks the types only when it loads.
"""

from collections.abc import Mapping
from typing import Any

DEFAULT_CONTEXT = 4096

_FLOATS = frozenset(
    {"top_p", "min_p", "typical_p", "temperature", "repeat_penalty", "presence_penalty", "frequency_penalty"}
)
_INTEGERS = frozenset(
    {"num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "num_keep", "seed", "num_predict", "top_k"}
    | {"repeat_last_n"}
)
_RUNNER = ("num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread")


class OptionError(ValueError):
    """An option has the wrong type; the text is Ollama's."""


def check_options(options: Mapping[str, Any]) -> None:
    """Check the types of the options that Ollama knows; raises `OptionError` for the first that is wrong."""
    for name, value in options.items():
        if name in _FLOATS and not _is_number(value):
            raise _wrong(name, "float32")
        if name in _INTEGERS and not _is_number(value):
            raise _wrong(name, "integer")
        if name == "use_mmap" and not isinstance(value, bool):
            raise _wrong(name, "boolean")
        if name == "stop" and not isinstance(value, list):
            raise _wrong(name, "array")


def context_length(options: Mapping[str, Any], trained: int) -> int:
    """Return the context a model is loaded with: what is asked for or the default, never more than it knows."""
    return min(int(options.get("num_ctx") or DEFAULT_CONTEXT), trained)


def runner_options(options: Mapping[str, Any], trained: int) -> tuple[Any, ...]:
    """Return what two requests must have in common to be served by the same runner."""
    return (context_length(options, trained), *(options.get(name) for name in _RUNNER))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wrong(name: str, kind: str) -> OptionError:
    return OptionError(f'option "{name}" must be of type {kind}')

"""Lists of the catalogues as tables, from the answers of the API.

What is not known is a dash, never 0. A list that is old says how old it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from venom_modeld.cli.render.columns import Cell, align
from venom_modeld.cli.render.paint import Paint
from venom_modeld.cli.render.units import ago, seconds_of
from venom_modeld.core.sizes import human

Json = Mapping[str, Any]

_HEAD = ("model", "runtime", "size", "downloads", "likes", "age")
_RIGHT = frozenset({2, 3, 4, 5})
_TITLES = {"ollama": "Ollama", "huggingface": "Hugging Face"}
_UNKNOWN = "-"
_SPANS = ((365 * 86_400, "y"), (30 * 86_400, "mo"), (86_400, "d"), (3_600, "h"), (60, "min"))
_COUNTS = ((10**9, "B"), (10**6, "M"), (10**3, "k"))


def catalogue_text(found: Mapping[str, Json], paint: Paint, *, now: float) -> str:
    """Return a table for each provider of which anything is known; `now` is in seconds since the epoch."""
    return "\n\n".join(
        "\n".join(_table(provider, answer, paint, now)) for provider, answer in found.items() if _is_known(answer)
    )


def _is_known(answer: Json) -> bool:
    return answer["fetched_at"] is not None or bool(answer["models"])


def _table(provider: str, answer: Json, paint: Paint, now: float) -> Iterator[str]:
    yield f"{paint.strong(_TITLES.get(provider, provider))}  {_age_of_list(answer, paint, now)}"
    if not answer["models"]:
        yield "  nothing found"
        return
    rows: list[list[Cell]] = [[(word, paint.dim) for word in _HEAD]]
    rows += [_row(model, paint, now) for model in answer["models"]]
    yield from align(rows, right=_RIGHT)


def _age_of_list(answer: Json, paint: Paint, now: float) -> str:
    if answer["fetched_at"] is None:
        return paint.warning("from the lists that were read before")
    words = f"read {ago(seconds_of(answer['fetched_at']), now)}"
    return paint.warning(f"{words}, stale") if answer["stale"] else paint.dim(words)


def _row(model: Json, paint: Paint, now: float) -> list[Cell]:
    updated = model["updated_at"]
    return [
        model["model_name"],
        model["runtime"],
        _UNKNOWN if model["size_bytes"] is None else human(model["size_bytes"]),
        _count(model["downloads"]),
        _count(model["likes"]),
        _UNKNOWN if updated is None else _span(now - seconds_of(updated)),
        (_state(model), paint.good if model["installed"] else paint.warning),
    ]


def _state(model: Json) -> str:
    """Return what stands between a person and the model, or that nothing does any more."""
    if model["installed"]:
        return "installed"
    if model["declared"]:
        return "declared"
    if model["gated"]:
        return f"gated: {model['url']}"
    return "does not fit" if model["fits"] is False else ""


def _count(number: int | None) -> str:
    if number is None:
        return _UNKNOWN
    for length, unit in _COUNTS:
        if number >= length:
            return f"{number / length:.1f} {unit}"
    return str(number)


def _span(seconds: float) -> str:
    """Return how long ago something was in its largest unit, as `3 mo`."""
    return next((f"{int(seconds / length)} {unit}" for length, unit in _SPANS if seconds >= length), "now")

"""The state of a daemon as text, from the answers of its API: what is in force, the runtimes, the models, the work.

Works on the JSON of the answers, so that it shows a daemon of another host or version as far as it tells.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from venom_modeld.cli.render.columns import Cell, align
from venom_modeld.cli.render.paint import Paint
from venom_modeld.cli.render.units import ago, counted, duration, seconds_of, short_digest
from venom_modeld.core.sizes import human

Json = dict[str, Any]

_GOOD = frozenset({"active", "installed", "loaded", "kept"})
_BAD = frozenset({"stalled"})
_QUIET = frozenset({"unmanaged"})
ENDED = frozenset({"completed", "failed", "cancelled"})
_MOST_STALLED = 3
_LAST_OPERATIONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The answers that a status is made of."""

    status: Json
    runtimes: list[Json]
    models: list[Json]
    operations: list[Json]

    def as_json(self) -> Json:
        """Return the answers by their names."""
        return {
            "status": self.status,
            "runtimes": self.runtimes,
            "models": self.models,
            "operations": self.operations,
        }


def status_text(view: View, paint: Paint, *, now: float, most_models: int | None = None) -> str:
    """Return everything; `now` is in seconds since the epoch, `most_models` how many a runtime may fill lines with."""
    lines = [paint.strong(_summary(view.status, paint)), *_stalled(view.models, paint), *_file(view.status, paint, now)]
    for runtime in view.runtimes:
        lines += ["", *_runtime(runtime, view, paint, now, most_models)]
    ended = [one for one in view.operations if one["status"] in ENDED and one["completed_at"]]
    ended.sort(key=lambda one: str(one["completed_at"]), reverse=True)
    if ended:
        shown = [_operation(one, paint, now) for one in ended[:_LAST_OPERATIONS]]
        lines += ["", paint.strong("Last operations"), *align(shown)]
    return "\n".join(lines)


def operation_line(operation: Json) -> str:
    """Return what an operation is about, in a few words."""
    return f"{operation['operation_type']} {operation['model_name']} on {operation['runtime']}"


def _summary(status: Json, paint: Paint) -> str:
    text = str(status["summary"])
    if text == "In sync":
        return paint.good(text)
    return paint.bad(text) if text.startswith(("Needs attention", "Unknown")) else paint.warning(text)


def _stalled(models: list[Json], paint: Paint) -> Iterator[str]:
    """Yield which models failed for good, and what to do once the reason, which stands beside each, is mended."""
    stalled = [(one["runtime"], one["name"]) for one in models if one["state"] == "stalled"]
    for runtime, name in stalled[:_MOST_STALLED]:
        yield f"  {paint.bad('Stalled')}: {name} on {runtime}. Once it is mended: venom-modeld retry {runtime} {name}"
    if len(stalled) > _MOST_STALLED:
        yield f"  and {counted(len(stalled) - _MOST_STALLED, 'more model')}"


def _file(status: Json, paint: Paint, now: float) -> Iterator[str]:
    file = status["file"]
    if file["revision"] is None:
        yield f"{file['path']}: nothing is in force yet"
    else:
        reached = "reached" if file["applied_revision"] == file["revision"] else "not reached yet"
        age = f" for {duration(now - seconds_of(file['accepted_at']))}" if file["accepted_at"] else ""
        yield f"{file['path']}: revision {short_digest(file['revision'])} in force{age}, {reached}"
    if status["suspended"]:
        yield paint.warning("Suspended: everything is observed, nothing is changed. Go on with: venom-modeld resume")
    if file["source"] is not None and file["source"]["error"] is not None:
        yield f"{paint.bad('Not fetched')}: {file['source']['error']}; what was fetched before stays in force"
    if file["problems"]:
        yield paint.bad("Not valid as it is now; the last good content stays in force:")
        yield from (f"  {problem}" for problem in file["problems"])


def _runtime(runtime: Json, view: View, paint: Paint, now: float, most: int | None) -> Iterator[str]:
    yield f"{paint.strong(runtime['name'])}  {paint.dim(_about(runtime, now))}"
    if runtime["reachable"] is False:
        since = duration(now - seconds_of(runtime["unknown_since"])) if runtime["unknown_since"] else "a moment"
        yield f"  {paint.bad(f'Unknown for {since}')}: {runtime['error']}"
    if runtime["suspended"] and not view.status["suspended"]:
        yield paint.warning(f"  Suspended. Go on with: venom-modeld resume {runtime['name']}")
    digests = {one["name"]: one["unsafe_digest"] for one in view.status["runtimes"]}
    unsafe = digests.get(runtime["name"])
    found = [_noted(model, view.operations, unsafe) for model in view.models if model["runtime"] == runtime["name"]]
    yield from _models(found, paint, most)
    if unsafe is not None:
        yield f"  {paint.bad('Unsafe plan')}: removals wait for approval. Look: venom-modeld plan"
        yield f"  Approve exactly this: venom-modeld approve {unsafe}"


def _about(runtime: Json, now: float) -> str:
    version = f" {runtime['runtime_version']}" if runtime["runtime_version"] else ""
    words = [f"{runtime['kind']}{version} at {runtime['url']}"]
    if runtime["observed_at"]:
        words.append(f"seen {ago(seconds_of(runtime['observed_at']), now)}")
    if runtime["models_bytes"]:
        words.append(f"{human(runtime['models_bytes'])} of models")
    if runtime["disk"]:
        words.append(f"{human(runtime['disk']['free_bytes'])} free")
    return ", ".join(words)


def _models(models: list[Json], paint: Paint, most: int | None) -> Iterator[str]:
    if not models:
        yield paint.dim("  no models")
        return
    shown = sorted(models, key=_weight)[:most]
    yield from align([_model(model, paint) for model in shown], right=frozenset({2}))
    if len(shown) < len(models):
        yield paint.dim(f"  and {counted(len(models) - len(shown), 'more model')}")


def _weight(model: Json) -> int:
    """Return what comes first: the active one, what is being done or wrong, the rest, what is not ours."""
    if model["active"]:
        return 0
    if model["state"] in _QUIET:
        return 3
    return 2 if model["state"] in _GOOD else 1


def _model(model: Json, paint: Paint) -> list[Cell]:
    size = human(model["size_bytes"]) if model["size_bytes"] is not None else ""
    return [(model["state"], _colour(model["state"], paint)), model["name"], size, model["note"]]


def _noted(model: Json, operations: list[Json], unsafe: str | None) -> Json:
    return {**model, "note": _note(model, operations, unsafe)}


def _note(model: Json, operations: list[Json], unsafe: str | None) -> str:
    """Return what is being done about a model, what keeps it from being done, or how it is in memory."""
    operation = next((one for one in operations if one["operation_id"] == model["operation_id"]), None)
    if operation is not None and operation["progress"] is not None:
        return f"{operation['progress']:.0f} %  {operation['message']}"
    if model["message"]:
        held = unsafe is not None and unsafe in model["message"]
        return "its removal waits for approval" if held else str(model["message"])
    words = [] if model["role"] == "model" else [str(model["role"])]
    words += ["in memory"] if model["loaded"] else []
    words += ["stays there"] if model["loaded"] and model["pinned"] else []
    return ", ".join(words)


def _colour(state: str, paint: Paint) -> Callable[[str], str]:
    if state in _GOOD:
        return paint.good
    if state in _BAD:
        return paint.bad
    return paint.dim if state in _QUIET else paint.warning


def _operation(operation: Json, paint: Paint, now: float) -> list[Cell]:
    when = ago(seconds_of(operation["completed_at"]), now)
    colour = {"completed": paint.good, "failed": paint.bad}.get(operation["status"], paint.warning)
    is_telling = operation["status"] != "completed" or operation["operation_type"] == "remove"  # which room it made
    return [
        when,
        (operation["status"], colour),
        operation_line(operation),
        str(operation["message"]) if is_telling else "",
    ]

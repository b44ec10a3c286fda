"""What an entry of models.yaml wishes for, written into a spec and read out of it again.

A spec has a place for what must be on the disk (`pin` and `definition`: the revision and the files) and another for how
it is to be served (`serving`: arguments and adapters), because a change of the second downloads nothing.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from venom_modeld.core.desired import ModelSpec, Update, canonical
from venom_modeld.core.names import ModelName, parse_huggingface

MAIN = "main"
"""The branch that a repository has where nobody says otherwise."""

COMMIT = re.compile(r"[0-9a-f]{40}")


def to_spec(name: ModelName, entry: Any) -> ModelSpec:
    """Turn a valid entry into the spec of a model; its adapters from the Hub are models of their own."""
    adapters = tuple(
        _source(parse_huggingface(one.repo), one.revision, [], update=entry.update, needed_by=name)
        for one in entry.adapters
        if one.repo is not None
    )
    return _source(
        name,
        entry.revision,
        entry.files,
        update=entry.update,
        keep=entry.keep,
        serving=_serving(entry),
        adapters=adapters,
    )


def _source(name: ModelName, revision: str, files: list[str], **more: Any) -> ModelSpec:
    """Return a spec for files of a repository: a commit is a pin, any other revision a part of the definition."""
    pinned = COMMIT.fullmatch(revision) is not None
    written = {"revision": "" if pinned or revision == MAIN else revision, "files": sorted(set(files))}
    said = {key: value for key, value in written.items() if value}
    if pinned:
        more["update"] = Update.NEVER
    return ModelSpec(name=name, pin=revision if pinned else None, definition=canonical(said) if said else "", **more)


def _serving(entry: Any) -> str:
    adapters = [
        {"name": one.name, **({"repo": one.repo} if one.repo else {"path": one.path})} for one in entry.adapters
    ]
    said = {key: value for key, value in {"args": entry.args, "adapters": adapters}.items() if value}
    return canonical(said) if said else ""


def revision_of(spec: ModelSpec) -> str:
    """Return the branch, tag or commit that a spec asks for."""
    return spec.pin or str(_read(spec.definition).get("revision", MAIN))


def files_of(spec: ModelSpec) -> tuple[str, ...]:
    """Return the patterns of files that a spec asks for; none where the usual choice is to be made."""
    return tuple(map(str, _read(spec.definition).get("files", ())))


def arguments_of(spec: ModelSpec) -> Mapping[str, Any]:
    """Return the arguments of vLLM that a spec asks for."""
    found: Mapping[str, Any] = _read(spec.serving).get("args", {})
    return found


def adapters_of(spec: ModelSpec) -> tuple[Mapping[str, str], ...]:
    """Return the adapters that a spec asks for, each with its `name` and either its `repo` or its `path`."""
    return tuple(_read(spec.serving).get("adapters", ()))


def _read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text) if text else {}
    return found

"""`import`: what runtimes have, as a models.yaml that changes nothing on them.

Every model is named and `prune` is `never`, so a daemon that is started on the file finds nothing to do. An active
model is named where exactly one model is kept in memory, since that is what active means.

A second name is a copy on an Ollama, which lists it like any model. Nothing but its digest tells it from one, and two
models of a registry may have one digest as well. So a name is taken for the daemon's own only where the present file or
the state says that it is; of other names with one digest a comment says so.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from venom_modeld.cli.exits import Failure
from venom_modeld.config.addresses import check_url, server_of
from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.loader import read_file
from venom_modeld.config.problems import SourceError
from venom_modeld.config.settings import Settings
from venom_modeld.config.yaml_writer import in_line
from venom_modeld.core.desired import Prune, RuntimeSpec
from venom_modeld.core.errors import ModeldError
from venom_modeld.core.inventory import Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import LoadedModel, ObservedState
from venom_modeld.planning import maker
from venom_modeld.runtimes.base import Runtime
from venom_modeld.runtimes.registry import kinds
from venom_modeld.state.store import STATE_FILE, Store

OwnNames = Mapping[ModelName, Role]
"""Names on a runtime that are no models of a person, and what they are."""

HEADER = """\
# What the runtimes had when `venom-modeld import` asked them. With `prune: never` nothing is ever removed;
# once this list is what you want, write `prune: managed`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one runtime has, as it is written in the file."""

    name: str
    kind: str
    url: str
    models: tuple[str, ...]
    active: str | None = None
    alias: str | None = None
    notes: tuple[str, ...] = ()
    """What a person should know of the list, in sentences."""


def specs_of(urls: Sequence[str], kind: str | None) -> tuple[RuntimeSpec, ...]:
    """Return the runtimes at some addresses, named after their kind. Raises Failure for what is no address or kind."""
    if kind is None or kind not in kinds():
        raise Failure(f"Say what kind of server it is: --kind {' or '.join(kinds())}")
    names = [kind if number == 1 else f"{kind}-{number}" for number in range(1, len(urls) + 1)]
    try:
        return tuple(
            RuntimeSpec(name=name, kind=kind, url=check_url(url), prune=Prune.NEVER)
            for name, url in zip(names, urls, strict=True)
        )
    except ValueError as error:
        raise Failure(f"--url: {error}") from error


def specs_in(path: Path) -> tuple[RuntimeSpec, ...]:
    """Return the runtimes of a file. Raises SourceError."""
    return parse_models(read_file(path).content, path=str(path), kinds=kinds()).runtimes


def observe(specs: Sequence[RuntimeSpec], settings: Settings) -> list[Found]:
    """Ask every runtime what it has. Raises Failure with all that did not answer: half a list would be no list."""
    answers, own = asyncio.run(_observe(specs, settings))
    silent = [answer.message for answer in answers if isinstance(answer, ModeldError)]
    if silent:
        raise Failure("\n".join(silent))
    return [
        found_on(spec, answer, names)
        for spec, answer, names in zip(specs, answers, own, strict=True)
        if not isinstance(answer, ModeldError)
    ]


def found_on(spec: RuntimeSpec, observed: ObservedState, own: OwnNames = MappingProxyType({})) -> Found:
    """Return what a runtime has, by its names; `own` are names that the daemon may have given there."""
    installed = observed.installed
    copies = {name: _original(name, observed, own) for name in sorted(own.keys() & installed.keys())}
    left_out = [name for name, original in copies.items() if original or own[name] is Role.HOLD]
    models = [name for name in sorted(installed) if name not in left_out]
    active = _active(observed, models)
    alias = next((name for name in left_out if own[name] is Role.ALIAS and _is_same(observed, name, active)), None)
    return Found(
        name=spec.name,
        kind=spec.kind,
        url=spec.url,
        models=tuple(name.text for name in models),
        active=active.text if active else None,
        alias=alias.text if alias else None,
        notes=(*(_left_out(name, copies[name], alias) for name in left_out), *_alike(observed, models)),
    )


def _original(name: ModelName, observed: ObservedState, own: OwnNames) -> ModelName | None:
    """Return the model that a name is a copy of, if there is one."""
    return next((one for one in sorted(observed.installed.keys() - own) if _is_same(observed, one, name)), None)


def _is_same(observed: ObservedState, one: ModelName, other: ModelName | None) -> bool:
    return other is not None and observed.installed[one].digest == observed.installed[other].digest


def _active(observed: ObservedState, models: Sequence[ModelName]) -> ModelName | None:
    """Return the one model that is kept in memory, or None for none or several."""
    names = [_name_of(loaded, models) for loaded in observed.loaded if loaded.pinned]
    kept = [name for name in names if name is not None]
    return kept[0] if len(kept) == 1 else None


def _name_of(loaded: LoadedModel, models: Sequence[ModelName]) -> ModelName | None:
    """Return the name under which a loaded model is listed; it may have been loaded under a copy's."""
    return next((name for name in (loaded.name, *sorted(loaded.serves)) if name in models), None)


def _left_out(name: ModelName, original: ModelName | None, alias: ModelName | None) -> str:
    what = f"a copy of {original}" if original else "an earlier version that is held for a while"
    why = "`alias` makes it" if name == alias else "the daemon made it"
    return f"{name} is not listed: it is {what}, and {why}."


def _alike(observed: ObservedState, models: Sequence[ModelName]) -> Iterator[str]:
    """Say which models are one version: one may be somebody's copy, which no registry has."""
    names: dict[str, list[str]] = {}
    for name in models:
        names.setdefault(observed.installed[name].digest, []).append(name.text)
    for alike in names.values():
        if len(alike) > 1:
            yield f"{', '.join(alike)} are one version. One that was made by copying cannot be installed elsewhere."


def as_yaml(found: Sequence[Found]) -> str:
    """Return the file."""
    lines = ["version: 1", "runtimes:"] if found else ["version: 1", "runtimes: {}"]
    for runtime in found:
        lines += [f"  {in_line(runtime.name)}:", f"    kind: {in_line(runtime.kind)}"]
        lines += [f"    url: {in_line(runtime.url)}", f"    prune: {Prune.NEVER}"]
        lines += [f"    active: {in_line(runtime.active)}"] if runtime.active else []
        lines += [f"    alias: {in_line(runtime.alias)}"] if runtime.alias else []
        lines += [f"    # {note}" for note in runtime.notes]
        lines += ["    models:"] if runtime.models else ["    models: []"]
        lines += [f"      - {in_line(model)}" for model in runtime.models]
    return HEADER + "\n".join(lines) + "\n"


def as_json(found: Sequence[Found]) -> str:
    """Return the same file as JSON, which a daemon reads as well."""
    return json.dumps({"version": 1, "runtimes": {one.name: _data(one) for one in found}}, indent=2) + "\n"


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises Failure where one is."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise Failure(f"{path} is there already and was not touched; name another file, or remove it first") from error


def _data(found: Found) -> dict[str, Any]:
    active = {"active": found.active} if found.active else {}
    alias = {"alias": found.alias} if found.alias else {}
    return {"kind": found.kind, "url": found.url, "prune": "never", **active, **alias, "models": list(found.models)}


async def _observe(
    specs: Sequence[RuntimeSpec], settings: Settings
) -> tuple[list[ObservedState | ModeldError], list[OwnNames]]:
    make = maker(settings, may_act=False)
    answers = await asyncio.gather(*(_ask(make(spec)) for spec in specs))
    return answers, await _own_names(specs, settings)


async def _ask(runtime: Runtime) -> ObservedState | ModeldError:
    try:
        return await runtime.observe(())
    except ModeldError as error:
        return error
    finally:
        await runtime.close()


async def _own_names(specs: Sequence[RuntimeSpec], settings: Settings) -> list[OwnNames]:
    """Return, for each runtime, the names that the file or the state calls the daemon's own. Raises StateUnusable."""
    present = {(spec.kind, server_of(spec.url)): spec for spec in _specs_if_valid(settings.file)}
    async with await Store.open(settings.state_dir / STATE_FILE, read_only=True) as store:
        return [await _own_names_of(present.get((spec.kind, server_of(spec.url))), store) for spec in specs]


async def _own_names_of(declared: RuntimeSpec | None, store: Store) -> OwnNames:
    if declared is None:
        return {}
    entries = (await store.load_inventory(declared.name)).entries.values()
    aliases = {declared.alias: Role.ALIAS} if declared.alias else {}
    return aliases | {entry.name: entry.role for entry in entries if entry.role is not Role.MODEL}


def _specs_if_valid(path: Path) -> tuple[RuntimeSpec, ...]:
    try:
        return specs_in(path)
    except SourceError:
        return ()

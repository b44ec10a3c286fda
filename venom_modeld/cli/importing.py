"""`import`: what runtimes have, as a models.yaml that changes nothing on them.

Every model is named and `prune` is `never`, so a daemon that is started on the file finds nothing to do. An active
model is named where exactly one model is kept in memory, since that is what active means.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venom_modeld.cli.exits import Failure
from venom_modeld.config.addresses import check_url
from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.loader import read_file
from venom_modeld.config.settings import Settings
from venom_modeld.config.yaml_writer import in_line
from venom_modeld.core.desired import Prune, RuntimeSpec
from venom_modeld.core.errors import ModeldError
from venom_modeld.core.observed import ObservedState
from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.registry import driver, kinds

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
    answers = asyncio.run(_observe(specs, settings))
    silent = [answer.message for answer in answers if isinstance(answer, ModeldError)]
    if silent:
        raise Failure("\n".join(silent))
    return [
        found_on(spec, answer)
        for spec, answer in zip(specs, answers, strict=True)
        if not isinstance(answer, ModeldError)
    ]


def found_on(spec: RuntimeSpec, observed: ObservedState) -> Found:
    """Return what a runtime has, by its names."""
    kept = [loaded.name.text for loaded in observed.loaded if loaded.pinned and loaded.name in observed.installed]
    return Found(
        name=spec.name,
        kind=spec.kind,
        url=spec.url,
        models=tuple(name.text for name in sorted(observed.installed)),
        active=kept[0] if len(kept) == 1 else None,
    )


def as_yaml(found: Sequence[Found]) -> str:
    """Return the file."""
    lines = ["version: 1", "runtimes:"] if found else ["version: 1", "runtimes: {}"]
    for runtime in found:
        lines += [f"  {in_line(runtime.name)}:", f"    kind: {in_line(runtime.kind)}"]
        lines += [f"    url: {in_line(runtime.url)}", f"    prune: {Prune.NEVER}"]
        lines += [f"    active: {in_line(runtime.active)}"] if runtime.active else []
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
    return {"kind": found.kind, "url": found.url, "prune": "never", **active, "models": list(found.models)}


async def _observe(specs: Sequence[RuntimeSpec], settings: Settings) -> list[ObservedState | ModeldError]:
    return list(await asyncio.gather(*(_ask(spec, settings) for spec in specs)))


async def _ask(spec: RuntimeSpec, settings: Settings) -> ObservedState | ModeldError:
    environment = Environment(
        connect_timeout=settings.timeouts.connect,
        read_timeout=settings.timeouts.read,
        load_timeout=settings.timeouts.load,
        registry_url=settings.registry_url,
        user_agent="venom-modeld/import",
        state_dir=settings.state_dir.absolute(),
    )
    runtime = driver(spec.kind).make(spec, environment)
    try:
        return await runtime.observe(())
    except ModeldError as error:
        return error
    finally:
        await runtime.close()

"""`validate --online`: whether each model of a file is where its runtime would get it, and of a kind that it serves.

Registries and the Hub are asked what an installation would ask first, one question at a time and nothing twice. Where
nobody answers, nothing is known against a name, so that is told beside the problems and is none.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version

from venom_modeld.cli.validation import Checked
from venom_modeld.config.desired_file import DesiredFile
from venom_modeld.config.settings import Settings
from venom_modeld.config.yaml_source import DataPath, parse
from venom_modeld.core.catalogue import Compatibility, Verdict
from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.names import ModelName
from venom_modeld.trending.assembly import checking
from venom_modeld.trending.compatibility import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """One name that a file makes a runtime get, and where it stands."""

    kind: str
    name: ModelName
    path: DataPath

    @property
    def key(self) -> Name:
        """Return it as it is asked for."""
        return self.kind, self.name.text


async def look_up(checked: list[Checked], settings: Settings, environ: Mapping[str, str]) -> list[Checked]:
    """Return the files with the problems that only registries and the Hub can tell, and with what they cannot."""
    url, program = settings.registry_url, version("venom-modeld")
    async with checking(registry_url=url, version=program, environ=environ) as checker:
        files = [one.desired for one in checked if one.desired is not None]
        found = await checker.check_all(wanted.key for desired in files for wanted in _wanted(desired))
    return [_judged(one, found) for one in checked]


def _judged(one: Checked, known: Mapping[Name, Compatibility]) -> Checked:
    if one.desired is None or one.source is None:
        return one
    document = parse(one.source.content, path=str(one.path))
    problems, unchecked = [], []
    for wanted in _wanted(one.desired):
        found = known[wanted.key]
        if found.verdict is Verdict.NO:
            problems.append(document.problem(wanted.path, found.message or f"{wanted.name} cannot be served"))
        elif found.verdict is Verdict.UNKNOWN:
            unchecked.append(f"{one.path}: {wanted.name} could not be checked: {found.message}")
    return replace(one, problems=tuple(problems), unchecked=tuple(unchecked), desired=None if problems else one.desired)


def _wanted(desired: DesiredFile) -> Iterator[_Wanted]:
    """Yield what is to be got: each model, or the base of one that is made here, if the file does not name that too.

    An entry with `files` names what it needs of a repository itself, so nothing is said of that.
    """
    for runtime in desired.runtimes:
        declared = {model.name for model in runtime.models}
        for index, model in enumerate(runtime.models):
            path: DataPath = ("runtimes", runtime.name, "models", index)
            if _names_files(model):
                continue
            if model.base is None:
                yield _Wanted(kind=runtime.kind, name=model.name, path=(*path, "name"))
            elif model.base not in declared:
                yield _Wanted(kind=runtime.kind, name=model.base, path=(*path, "from"))


def _names_files(model: ModelSpec) -> bool:
    return bool(model.definition) and "files" in json.loads(model.definition)

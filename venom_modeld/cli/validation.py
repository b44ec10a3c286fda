"""Checks of models.yaml files, as text and as JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venom_modeld.cli.render.units import counted
from venom_modeld.config.desired_file import DesiredFile, parse_models
from venom_modeld.config.loader import Source, read_file
from venom_modeld.config.problems import Problem, SourceError
from venom_modeld.runtimes.registry import kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One file: what it asks for, or everything that is wrong with it."""

    path: Path
    desired: DesiredFile | None = None
    source: Source | None = None
    problems: tuple[Problem, ...] = ()
    unchecked: tuple[str, ...] = ()
    """What could not be looked up, as sentences."""


def check(path: Path, read: Callable[[], Source] | None = None) -> Checked:
    """Read a file, by `read` where that is given, and check it."""
    try:
        source = read() if read else read_file(path)
        desired = parse_models(source.content, path=str(path), kinds=kinds())
    except SourceError as error:
        return Checked(path=path, problems=error.problems)
    return Checked(path=path, desired=desired, source=source)


def report_text(checked: Checked) -> str:
    """Return every problem on a line of its own, or `FILE: OK` with what is in it."""
    if checked.desired is None:
        return "\n".join(map(str, checked.problems))
    runtimes = checked.desired.runtimes
    models = sum(len(runtime.models) for runtime in runtimes)
    return f"{checked.path}: OK ({counted(len(runtimes), 'runtime')}, {counted(models, 'model')})"


def report_json(checked: list[Checked]) -> dict[str, Any]:
    """Return whether all files are valid, and what is known of each."""
    return {"valid": all(not one.problems for one in checked), "files": [_file(one) for one in checked]}


def _file(checked: Checked) -> dict[str, Any]:
    desired = checked.desired
    return {
        "file": str(checked.path),
        "valid": desired is not None,
        "revision": checked.source.revision if checked.source else None,
        "runtimes": {runtime.name: len(runtime.models) for runtime in desired.runtimes} if desired else None,
        "problems": [
            {"line": problem.line, "column": problem.column, "message": problem.message} for problem in checked.problems
        ],
        "unchecked": list(checked.unchecked),
    }

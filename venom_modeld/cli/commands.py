"""The commands by their names, each loaded when it is asked for.

A program with two dozen commands would otherwise wait, whatever is asked of it, until the parameters of all of them are
put together.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.main import get_command

from venom_modeld.cli.command import Command


class Commands(Mapping[str, Any]):
    """Commands as typer knows them.

    `places` are their names, each with the module of this package and the name in it, `module.name`: of a function,
    which becomes a command, or of a typer program with commands of its own.
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _load(self, name: str) -> Any:
        module, _, place = self._places[name].partition(".")
        found = getattr(import_module(f"venom_modeld.cli.{module}"), place)
        if isinstance(found, typer.Typer):
            return get_command(found)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        alone.command(name, cls=Command)(found)
        return get_command(alone)

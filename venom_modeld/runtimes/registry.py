"""Finds the kinds of runtimes: every package in this folder, named as its kind, that offers a `DRIVER`.

Nothing here knows them by name. Each is loaded when it is asked for, so that a file which names one kind, or a daemon
which has one, loads nothing of the others.
"""

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import venom_modeld.runtimes as package
from venom_modeld.core.kinds import RuntimeKind

if TYPE_CHECKING:
    from venom_modeld.runtimes.base import Driver


class _Kinds(Mapping[str, RuntimeKind]):
    """The kinds by their names, sorted. Reads the `kind` module of a folder only, which imports no client."""

    def __init__(self) -> None:
        found = (module for folder in package.__path__ for module in Path(folder).glob("*/kind.py"))
        self._names = sorted(module.parent.name for module in found)

    def __getitem__(self, name: str) -> RuntimeKind:
        if name not in self._names:
            raise KeyError(name)
        found = importlib.import_module(f"{package.__name__}.{name}.kind").KIND
        assert isinstance(found, RuntimeKind)  # noqa: S101 - a folder that offers something else is a bug of it
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@cache
def kinds() -> Mapping[str, RuntimeKind]:
    """Return the kinds by their names, sorted; a kind is loaded when it is taken out."""
    return _Kinds()


def driver(kind: str) -> "Driver":
    """Return the driver of a kind; the kind is one of `kinds()`."""
    from venom_modeld.runtimes.base import Driver  # noqa: PLC0415 - whoever asks for kinds alone needs none of it

    found = importlib.import_module(f"{package.__name__}.{kind}.driver").DRIVER
    assert isinstance(found, Driver)  # noqa: S101 - a folder that offers something else is a bug of it
    return found

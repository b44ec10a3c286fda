"""Finds the kinds of runtimes: every package in this folder that offers a `DRIVER`. It knows none of them by name."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import venom_modeld.runtimes as package
from venom_modeld.core.kinds import RuntimeKind

if TYPE_CHECKING:
    from venom_modeld.runtimes.base import Driver


@cache
def kinds() -> Mapping[str, RuntimeKind]:
    """Return the kinds by their names, sorted.

    Reads each folder's `kind` module only, so that validating a file does not import any client.
    """
    found = [importlib.import_module(f"{package.__name__}.{name}.kind").KIND for name in _folders()]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: kind.name)}


def driver(kind: str) -> "Driver":
    """Return the driver of a kind; the kind is one of `kinds()`."""
    from venom_modeld.runtimes.base import Driver  # noqa: PLC0415 - whoever asks for kinds alone needs none of it

    found = importlib.import_module(f"{package.__name__}.{_folder(kind)}.driver").DRIVER
    assert isinstance(found, Driver)  # noqa: S101 - a driver folder that offers something else is a bug of that folder
    return found


def _folders() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg]


def _folder(kind: str) -> str:
    return next(
        name for name in _folders() if importlib.import_module(f"{package.__name__}.{name}.kind").KIND.name == kind
    )

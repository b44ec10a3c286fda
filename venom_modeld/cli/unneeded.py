"""Modules of the standard library that pydantic loads, and that no command which only reads a file ever uses.

- `importlib.metadata`, with the parsers of mail, CSV and ZIP files: pydantic takes the function out of it that it would
  look for plugins with. This program uses no plugins, and a variable keeps pydantic from looking.
- `secrets`, with hashes and OpenSSL: it compares passwords, and no type of ours is one.

They take as long to load as all types of a models.yaml, so another module stands in for each until something of it is
needed.
"""

import importlib
import os
import sys
from _thread import allocate_lock
from types import ModuleType
from typing import Any

_GIVING_WAY = allocate_lock()
"""Two threads may need a module at once, and the second must not take away what the first has loaded."""


class _Later(ModuleType):
    """Stands in for a module, and gives way to it as soon as something of it is needed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real(), name)

    def _real(self) -> Any:
        with _GIVING_WAY:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        return importlib.import_module(self.__name__)


class _Metadata(_Later):
    """Stands in for `importlib.metadata`, also after pydantic took its function out of it."""

    def __init__(self) -> None:
        super().__init__("importlib.metadata")
        self.__path__ = [f"{folder}/metadata" for folder in importlib.__path__]
        """Where its parts are, which every import of something out of a package looks at."""

    def entry_points(self, **selected: Any) -> Any:
        """Return the entry points of all installed packages."""
        return self._real().entry_points(**selected)


def leave_out_unneeded() -> None:
    """Keep pydantic from looking for plugins, and from loading what it will not use.

    To be called before pydantic is loaded.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    sys.modules.setdefault("secrets", _Later("secrets"))
    metadata = sys.modules.setdefault("importlib.metadata", _Metadata())
    importlib.metadata = metadata  # as an import does

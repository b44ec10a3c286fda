"""Where the program is, and whether a service that is shut in may run it there."""

import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

import venom_modeld

HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - these are what the unit cannot see
"""What the unit's `ProtectHome` and `PrivateTmp` hide from it."""


def program() -> Path:
    """Return the path of the command that is running."""
    return Path(sys.executable).with_name("venom-modeld")


def parts_of_program() -> list[Path]:
    """Return what has to be readable to run it: the command, its Python, and the package."""
    return [program(), Path(sys.executable), Path(venom_modeld.__file__)]


def hindrance(paths: Iterable[Path], hidden_folders: Iterable[str] = HIDDEN) -> str | None:
    """Return why a service without privileges cannot run a program made of these files, or None."""
    for path in dict.fromkeys(Path(os.path.realpath(path)) for path in paths):
        hidden = next((folder for folder in hidden_folders if path.is_relative_to(folder)), None)
        if hidden is not None:
            return f"{path} lies in {hidden}, which is hidden from the service"
        if not path.exists():
            return f"{path} does not exist"
        closed = next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & stat.S_IXOTH), None)
        if closed is not None or not path.stat().st_mode & stat.S_IROTH:
            return f"{closed or path} is closed to all but its owner"
    return None

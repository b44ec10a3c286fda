"""Where the models of an Ollama on this host lie, and how much room that disk has."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from venom_modeld.core.observed import Disk
from venom_modeld.runtimes.transport import host_of, is_loopback

USUAL_FOLDERS = ("~/.ollama/models", "/usr/share/ollama/.ollama/models")
"""Where Ollama keeps models that a person, or its Linux installer's service, pulls."""


def models_folders(url: str, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return where models may lie: nowhere for an Ollama elsewhere, at `OLLAMA_MODELS` alone where that is set."""
    if not is_loopback(host_of(url)):
        return ()
    told = environ.get("OLLAMA_MODELS")
    if told:
        return (Path(told),)
    home = environ.get("HOME")
    return tuple(
        Path(folder.replace("~", home or "", 1)) for folder in USUAL_FOLDERS if home or not folder.startswith("~")
    )


def disk_of(folders: tuple[Path, ...]) -> Disk | None:
    """Return the disk of the first folder that is there; None where none is, or its disk cannot be asked.

    It may wait for the file system: not for the event loop.
    """
    for folder in folders:
        try:
            if folder.is_dir():
                usage = shutil.disk_usage(folder)
                return Disk(path=str(folder), free_bytes=usage.free, total_bytes=usage.total)
        except OSError:
            continue
    return None

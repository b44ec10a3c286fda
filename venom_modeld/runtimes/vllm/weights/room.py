"""Whether a download fits: how many bytes are still to come, and how many the disk has."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from venom_modeld.core.observed import Disk
from venom_modeld.runtimes.vllm.weights.contents import Contents
from venom_modeld.runtimes.vllm.weights.files import RemoteFile
from venom_modeld.runtimes.vllm.weights.layout import Place


def disk_of(folder: Path) -> Disk:
    """Return the disk of a folder, or of the nearest one above it that is there. Blocks. Raises OSError."""
    free, total = _usage(folder.absolute())
    return Disk(path=str(folder), free_bytes=free, total_bytes=total)


def _usage(folder: Path) -> tuple[int, int]:
    try:
        usage = shutil.disk_usage(folder)
    except (FileNotFoundError, NotADirectoryError):
        return _usage(folder.parent)
    return usage.free, usage.total


def needed(place: Place, commit: str, files: Sequence[RemoteFile]) -> int:
    """Return how many bytes of files are not on the disk yet; those of the same content count once. Blocks."""
    contents = Contents(place, commit)
    missing = {file.blob: file.size for file in files if contents.find(file) is None}
    return sum(max(0, size - _arrived(place.partial(blob))) for blob, size in missing.items())


def _arrived(partial: Path) -> int:
    with suppress(OSError):
        return partial.stat().st_size
    return 0

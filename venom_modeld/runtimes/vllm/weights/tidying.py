"""Takes away what downloads left behind, once it is sure that nobody is still writing it.

A killed download leaves `*.incomplete` files for ever, and a content that nothing links to. Each is deleted only when
it is old, when nobody holds the lock that every client takes while it writes it, and when no install of ours runs.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from venom_modeld.runtimes.vllm.weights import locks
from venom_modeld.runtimes.vllm.weights.layout import PARTIAL, Place

QUIET_SECONDS = 3600.0
"""How long nothing may have been written to what is left over, for file systems on which locks do nothing."""

RESUMABLE_SECONDS = 7 * 24 * 3600.0
"""How long a download that can be gone on with is kept."""


def tidy(place: Place, *, clock: Callable[[], float] = time.time) -> int:
    """Delete what is left over in a repository, and return how many bytes that freed. Blocks.

    Nothing is touched while an install of ours runs there. What cannot be deleted stays.
    """
    freed = 0
    with suppress(locks.Held, OSError), locks.holding(place.installing):
        for path in _left_over(place, clock()):
            with suppress(OSError):
                size = path.stat().st_size
                path.unlink()
                freed += size
    return freed


def _left_over(place: Place, now: float) -> Iterator[Path]:
    linked = set(_linked(place.folder / "snapshots"))
    for path in sorted(place.blobs.iterdir()):
        unfinished = path.name.endswith(".incomplete")
        if path.is_symlink() or (path.name in linked and not unfinished):
            continue
        patience = RESUMABLE_SECONDS if path.name.endswith(PARTIAL) else QUIET_SECONDS
        blob = path.name.partition(".")[0]
        if now - path.stat().st_mtime > patience and not locks.is_held(place.lock(blob)):
            yield path


def _linked(folder: Path) -> Iterator[str]:
    """Yield the names of the blobs that snapshots lead to."""
    for path in folder.rglob("*"):
        if path.is_symlink():
            yield path.readlink().name

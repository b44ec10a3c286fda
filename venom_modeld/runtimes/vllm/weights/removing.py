"""The child's side of a removal, by the cache tools of huggingface_hub, which know what other commits still use.

Those tools refuse a repository in which a link or a branch leads nowhere, as a failed download or a deleted file
leaves it, and they find a commit in the first repository that has it, which need not be ours. So what leads nowhere is
taken away first, and they are shown one repository only.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from venom_modeld.runtimes.vllm.weights import layout, locks, record
from venom_modeld.runtimes.vllm.weights.job import Failed, Remove, Trouble
from venom_modeld.runtimes.vllm.weights.layout import Place

if TYPE_CHECKING:
    from huggingface_hub import HFCacheInfo


def remove(job: Remove) -> int:
    """Do a removal, and return how many bytes it freed. Raises Failed, and OSError."""
    place = Place(job.where, job.repository)
    if not place.folder.is_dir():
        return 0
    try:
        with locks.holding(place.installing):
            _check_quiet(place)
            return _remove(place, job.commits)
    except locks.Held as error:
        raise _busy(job.repository) from error


def _remove(place: Place, commits: tuple[str, ...] | None) -> int:
    before = _bytes_of(place)
    _mend(place)
    _delete(place, commits)
    if commits is None or not _has_snapshots(place):
        with suppress(FileNotFoundError):
            shutil.rmtree(place.folder)
    else:
        _forget(place, frozenset(commits))
    left = [commit for commit in commits or () if place.snapshot(commit).exists()]
    if left:
        raise Failed(Trouble.SYSTEM, f"{place.snapshot(left[0])} cannot be deleted", errno=0)
    return max(0, before - _bytes_of(place))


def _has_snapshots(place: Place) -> bool:
    try:
        return any((place.folder / "snapshots").iterdir())
    except FileNotFoundError:
        return False


def _forget(place: Place, commits: frozenset[str]) -> None:
    """Drop commits from the record, what is left of cut downloads of ours, and a record that has nothing more.

    Commits that are no longer there are dropped too: somebody deleted their folders.
    """
    for path in place.blobs.glob(f"*{layout.PARTIAL}"):
        path.unlink(missing_ok=True)
    if not place.record.exists():
        return

    def alter(known: record.Record) -> record.Record:
        return known.without(commits | {commit for commit in known.commits if not place.snapshot(commit).is_dir()})

    if not record.change(place, alter).commits:
        place.record.unlink()


def _delete(place: Place, commits: tuple[str, ...] | None) -> None:
    """Delete commits, or all of them, as far as the cache tools see them."""
    from huggingface_hub import scan_cache_dir  # noqa: PLC0415 - only a removal needs it

    seen = _only(scan_cache_dir(place.cache), place)
    there = [revision.commit_hash for repository in seen.repos for revision in repository.revisions]
    seen.delete_revisions(*(commit for commit in there if commits is None or commit in commits)).execute()


def _only(info: "HFCacheInfo", place: Place) -> "HFCacheInfo":
    return replace(info, repos=frozenset(one for one in info.repos if one.repo_path == place.folder.resolve()))


def _check_quiet(place: Place) -> None:
    """See that no other client is writing in the repository."""
    folder = place.lock("x").parent
    if any(locks.is_held(lock) for lock in folder.glob("*.lock") if lock != place.installing):
        raise _busy(place.repository)


def _busy(repository: str) -> Failed:
    return Failed(Trouble.BUSY, f"somebody is downloading {repository} just now")


def _mend(place: Place) -> None:
    """Take away links and branches that lead nowhere."""
    for path in _below(place.folder / "snapshots"):
        if path.is_symlink() and not path.exists():
            path.unlink(missing_ok=True)
    for path in _below(place.folder / "refs"):
        commit = layout.read_ref(path)
        if not commit or not place.snapshot(commit).is_dir():
            path.unlink(missing_ok=True)


def _below(folder: Path) -> Iterator[Path]:
    for where, _, files in os.walk(folder):
        yield from (Path(where, file) for file in files)


def _bytes_of(place: Place) -> int:
    """Return the bytes of a repository, and of all contents that repositories of the cache share."""
    sizes = 0
    for folder in (place.blobs, place.folder / "snapshots", place.cache / "blobs"):
        for path in _below(folder):
            with suppress(OSError):
                sizes += 0 if path.is_symlink() else path.lstat().st_size
    return sizes

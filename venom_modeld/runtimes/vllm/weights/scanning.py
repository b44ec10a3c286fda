"""Finds what is in a Hub cache, and looks again only at repositories in which something changed.

Three kinds of evidence tell whether a snapshot is complete, the best first: our own record, the list of files that
huggingface_hub keeps beside a download, and, for downloads of older clients, whether the parts of the weights are all
there. That a folder exists is no evidence: a failed download leaves one, and a branch that names it.

Whether something changed is read from the times of folders and contents, which is a small part of the work of looking.
Times that are too fresh are not trusted, because two changes may fall into the same tick of the file system.
"""

import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from venom_modeld.runtimes.vllm.weights import layout, record
from venom_modeld.runtimes.vllm.weights.files import NotServable, RemoteFile, choose, is_safe
from venom_modeld.runtimes.vllm.weights.record import Mark, Record
from venom_modeld.runtimes.vllm.weights.snapshot import Snapshot

SETTLED_SECONDS = 2.0
"""How old a change must be before its time is trusted: the coarsest file systems count whole seconds."""

Key = tuple[str, str]
"""A repository and a commit."""

_Signature = tuple[tuple[object, ...], ...]
_PART = re.compile(r"(?P<stem>.+)-(?P<part>\d{5})-of-(?P<parts>\d{5})(?P<ending>\.safetensors|\.bin)")
_MAX_INDEX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Found:
    signature: _Signature | None
    snapshots: tuple[Snapshot, ...]


class Scanner:
    """Looks through one cache; `clock` returns seconds since the epoch. To be used by one thread at a time."""

    def __init__(self, cache: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._cache = cache
        self._clock = clock
        self._known: dict[str, _Found] = {}
        self._last: Mapping[Key, Snapshot] = {}

    def scan(self) -> Mapping[Key, Snapshot]:
        """Return all snapshots; the same mapping as before where nothing changed. Blocks.

        A cache that is not there is empty; one that cannot be read raises OSError, for unknown is not empty.
        """
        found = {name: self._look(name) for name in self._folders()}
        if found != self._known:
            self._known = found
            self._last = {
                (snapshot.repository, snapshot.commit): snapshot for one in found.values() for snapshot in one.snapshots
            }
        return self._last

    def _folders(self) -> list[str]:
        try:
            with os.scandir(self._cache) as entries:
                return sorted(entry.name for entry in entries if layout.repository_of(entry.name) and entry.is_dir())
        except FileNotFoundError:
            return []

    def _look(self, name: str) -> _Found:
        """Look at one repository; one that cannot be read has nothing that could be served."""
        known = self._known.get(name)
        folder = self._cache / name
        try:
            signature = _settled(_signature(folder), self._clock())
            if known is not None and signature is not None and signature == known.signature:
                return known
            place = layout.Place(self._cache, layout.repository_of(name) or "")
            return _Found(signature, tuple(_snapshots(place)))
        except OSError:
            return _Found(None, ())


def _signature(folder: Path) -> _Signature:
    """Return what changes when something in a repository does: times of folders, sizes and times of contents.

    Of a link only its folder's time counts, since a link is never changed, only replaced.
    """
    base = str(folder)
    return (
        *_stamp(f"{base}/{layout.RECORD}"),
        *_stamps(f"{base}/refs", links=True),
        *_stamps(f"{base}/snapshots", links=False),
        *_stamps(f"{base}/blobs", links=True),
    )


def _stamps(folder: str, *, links: bool) -> Iterator[tuple[object, ...]]:
    """Yield the stamps of a folder and all that is in it; plain strings make this five times as fast as paths."""
    yield from _stamp(folder)
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _stamps(entry.path, links=links)
            elif links or not entry.is_symlink():
                yield from _stamp(entry.path)


def _stamp(path: str) -> Iterator[tuple[object, ...]]:
    with suppress(OSError):
        found = os.stat(path)  # noqa: PTH116 - see above
        yield (path, found.st_mtime_ns, 0 if stat.S_ISDIR(found.st_mode) else found.st_size)


def _settled(signature: _Signature, now: float) -> _Signature | None:
    newest = max((one[1] for one in signature if isinstance(one[1], int)), default=0)
    return signature if newest / 1e9 < now - SETTLED_SECONDS else None


def _entries(folder: Path, *, deep: bool = False) -> Iterator[Path]:
    """Yield the files in a folder, and with `deep` those in the folders of it, without following links."""
    for where, folders, files in os.walk(folder):
        yield from (Path(where, file) for file in files)
        if not deep:
            folders.clear()


def _snapshots(place: layout.Place) -> Iterator[Snapshot]:
    known = record.read(place.record)
    refs = _refs(place.folder / "refs")
    unfinished = any(path.name.endswith(".incomplete") for path in _entries(place.blobs))
    with os.scandir(place.folder / "snapshots") as entries:
        commits = sorted(entry.name for entry in entries if entry.is_dir())
    for commit in commits:
        yield _snapshot(place, commit, known, refs=refs.get(commit, frozenset()), unfinished=unfinished)


def _refs(folder: Path) -> Mapping[str, frozenset[str]]:
    named: dict[str, set[str]] = {}
    for path in _entries(folder, deep=True):
        commit = layout.read_ref(path)
        if commit and not path.name.endswith(".tmp"):
            named.setdefault(commit, set()).add(path.relative_to(folder).as_posix())
    return {commit: frozenset(refs) for commit, refs in named.items()}


def _snapshot(place: layout.Place, commit: str, known: Record, *, refs: frozenset[str], unfinished: bool) -> Snapshot:
    path = place.snapshot(commit)
    present = _present(path)
    ours = known.commits.get(commit)
    listing = _listing_of_client(place, commit) if ours is None else ours
    return Snapshot(
        repository=place.repository,
        commit=commit,
        path=path,
        size_bytes=sum({identity: mark.size for mark, identity in present.values()}.values()),
        refs=refs,
        modified=max((mark.changed for mark, _ in present.values()), default=0) / 1e9,
        ours=ours is not None,
        sound=_sound(present, listing, known if ours is not None else None),
        listing=listing,
        whole=listing is None and not unfinished and _is_whole(place, path, present),
    )


_Present = Mapping[str, tuple[Mark, tuple[int, int]]]
"""The files of a snapshot whose contents are there: their marks, and what identifies the contents."""


def _present(folder: Path) -> _Present:
    result = {}
    for path in _entries(folder, deep=True):
        try:
            found = path.stat()
        except OSError:
            continue
        mark = Mark(found.st_size, found.st_mtime_ns)
        result[path.relative_to(folder).as_posix()] = (mark, (found.st_dev, found.st_ino))
    return result


def _sound(present: _Present, listing: tuple[RemoteFile, ...] | None, checked: Record | None) -> Mapping[str, int]:
    """Return the files that are as they should be: by their marks, else by their sizes, else by being there."""
    if listing is None:
        return {path: mark.size for path, (mark, _) in present.items()}
    return {
        file.path: file.size
        for file in listing
        if file.path in present
        and present[file.path][0].size == file.size
        and (checked is None or checked.marks.get(file.blob) == present[file.path][0])
    }


def _listing_of_client(place: layout.Place, commit: str) -> tuple[RemoteFile, ...] | None:
    """Return the list of files that huggingface_hub 2 keeps of a commit, where it is there and makes sense."""
    try:
        kept = json.loads((place.folder / "trees" / f"{commit}.json").read_bytes())
        listing = tuple(
            RemoteFile(path=path, size=int(entry["size"]), blob=str(entry.get("lfs_sha256") or entry["blob_id"]))
            for path, entry in kept["files"].items()
            if kept["format_version"] == 1 and is_safe(path)
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return listing or None


def _is_whole(place: layout.Place, folder: Path, present: _Present) -> bool:
    """Tell whether files without a listing make a complete model: config, and weights of which no part is missing."""
    there = [RemoteFile(path=path, size=mark.size, blob=path) for path, (mark, _) in present.items()]
    try:
        chosen = {file.path for file in choose(place.repository, there)}
    except NotServable:
        return False
    return _parts(chosen) <= chosen and all(
        _indexed(folder / path) <= chosen for path in chosen if path.endswith(".index.json")
    )


def _parts(paths: set[str]) -> set[str]:
    """Return the names of all parts of what is split, as each part tells their number."""
    parts = [found for found in map(_PART.fullmatch, paths) if found]
    return {
        f"{found['stem']}-{number:05}-of-{found['parts']}{found['ending']}"
        for found in parts
        for number in range(1, int(found["parts"]) + 1)
    }


def _indexed(path: Path) -> set[str]:
    """Return the weights that an index names; one that cannot be read names a file that is never there."""
    try:
        if path.stat().st_size > _MAX_INDEX:
            return {""}
        return {str(name) for name in json.loads(path.read_bytes())["weight_map"].values()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {""}

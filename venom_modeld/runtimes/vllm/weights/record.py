"""What we remember of a repository in the cache: the files of the commits we installed, and which contents we checked.

It lies in the repository's own folder, so it goes where the weights go and vanishes with them. A content counts as
checked while its size and time of change are those at the check: whoever writes into it makes it unchecked. Without a
record (a model that somebody else downloaded) nothing is claimed. An empty one says that an install began.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from venom_modeld.runtimes.vllm.weights import layout, locks
from venom_modeld.runtimes.vllm.weights.files import RemoteFile

VERSION = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """How a content looked when its hash was found right: bytes, and nanoseconds of its last change."""

    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the mark of the content that a path leads to. Raises OSError."""
        found = path.stat()
        return cls(found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The record of one repository: all files that the Hub lists at a commit, and the marks of checked contents."""

    commits: Mapping[str, tuple[RemoteFile, ...]] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)

    def with_marks(self, marks: Mapping[str, Mark]) -> "Record":
        """Return the record with contents checked."""
        return replace(self, marks={**self.marks, **marks})

    def with_commit(self, commit: str, files: tuple[RemoteFile, ...]) -> "Record":
        """Return the record with a commit installed."""
        return replace(self, commits={**self.commits, commit: files})

    def without(self, commits: frozenset[str]) -> "Record":
        """Return the record without some commits, and without the marks that only they had a use for."""
        left = {commit: files for commit, files in self.commits.items() if commit not in commits}
        used = {file.blob for files in left.values() for file in files}
        return Record(commits=left, marks={blob: mark for blob, mark in self.marks.items() if blob in used})


def read(path: Path) -> Record:
    """Return the record in a file; an empty one where there is none, or none that makes sense."""
    try:
        return _decode(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Record()


def change(place: layout.Place, alter: Callable[[Record], Record]) -> Record:
    """Change the record of a repository, one writer at a time, and return it. Raises OSError."""
    with locks.holding(place.recording, wait=True):
        after = alter(read(place.record))
        layout.replace(place.record, json.dumps(_encode(after), separators=(",", ":")).encode())
    return after


def _encode(record: Record) -> Mapping[str, object]:
    return {
        "version": VERSION,
        "commits": {
            commit: [[file.path, file.size, file.blob] for file in files] for commit, files in record.commits.items()
        },
        "marks": {blob: [mark.size, mark.changed] for blob, mark in record.marks.items()},
    }


def _decode(value: Any) -> Record:
    if value["version"] != VERSION:
        return Record()
    return Record(
        commits={
            commit: tuple(RemoteFile(path=path, size=size, blob=blob) for path, size, blob in files)
            for commit, files in value["commits"].items()
        },
        marks={blob: Mark(size, changed) for blob, (size, changed) in value["marks"].items()},
    )

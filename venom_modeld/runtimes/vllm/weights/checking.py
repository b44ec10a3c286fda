"""Hashes of contents: the sha256 of a large file, git's sha1 of a small one, computed while the bytes pass by."""

import hashlib
from pathlib import Path

from venom_modeld.runtimes.vllm.weights.files import RemoteFile

CHUNK = 1024 * 1024


class Check:
    """The hash of a file as far as it is there."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self.size = 0
        if file.large:
            self._hash = hashlib.sha256()
        else:
            # The Hub names small files as git does, by a sha1 over a head with the size; it protects nothing here.
            self._hash = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._hash.update(chunk)
        self.size += len(chunk)

    @property
    def right(self) -> bool:
        """Tell whether the whole file was taken, and is what the Hub announced."""
        return self.size == self._file.size and self._hash.hexdigest() == self._file.blob


def check_of(file: RemoteFile, path: Path) -> Check:
    """Return the check of what is on the disk of a file, whole or not; of too much, a little more than the file.

    Blocks. Raises OSError.
    """
    check = Check(file)
    with path.open("rb") as content:
        while check.size <= file.size and (chunk := content.read(CHUNK)):
            check.add(chunk)
    return check

"""What files of the stand-in hold: given bytes, files of this host, or bytes made by arithmetic as they are asked for.

A made content of any size costs no memory: every block of it follows from a seed and the block's number.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

BLOCK = 1024 * 1024
_LARGE = 10 * 1024 * 1024
_STORED_APART = (".safetensors", ".bin", ".gguf", ".pt", ".pth", ".onnx", ".h5", ".msgpack")


class Content:
    """Some bytes, read piece by piece."""

    size: int

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to before `stop`."""
        raise NotImplementedError

    def pieces(self) -> Iterator[bytes]:
        """Yield all bytes."""
        for start in range(0, self.size, BLOCK):
            yield self.read(start, min(start + BLOCK, self.size))

    @cached_property
    def sha256(self) -> str:
        """The hash by which the Hub names large files."""
        return self._hashed(hashlib.sha256())

    @cached_property
    def git_sha1(self) -> str:
        """The hash by which git names files."""
        return self._hashed(hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False))

    def _hashed(self, summed: "hashlib._Hash") -> str:
        for piece in self.pieces():
            summed.update(piece)
        return summed.hexdigest()


class Given(Content):
    """Bytes as they were given."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self._data = data

    def read(self, start: int, stop: int) -> bytes:
        """Return some of the bytes."""
        return self._data[start:stop]


class OnDisk(Content):
    """A file of this host, as long as it was when it was published."""

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        self._path = path

    def read(self, start: int, stop: int) -> bytes:
        """Return some of the bytes. Raises OSError."""
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read(stop - start)


class Made(Content):
    """Bytes that follow from a seed, after a head that may be given.

    `sha256` spares the hashing of a content too large for it, whose bytes nobody is going to read.
    """

    def __init__(self, size: int, seed: str, *, head: bytes = b"", sha256: str | None = None) -> None:
        self.size = max(size, len(head))
        self._seed = seed
        self._head = head
        if sha256 is not None:
            self.__dict__["sha256"] = sha256

    def read(self, start: int, stop: int) -> bytes:
        """Return some of the bytes."""
        stop = min(stop, self.size)
        result = bytearray()
        while start < stop:
            number, offset = divmod(start, BLOCK)
            piece = _block(self._seed, number)[offset : offset + stop - start]
            result += piece
            start += len(piece)
        first = stop - len(result)
        if first < len(self._head):
            covered = self._head[first:stop]
            result[: len(covered)] = covered
        return bytes(result)


@lru_cache(maxsize=64)
def _block(seed: str, number: int) -> bytes:
    return random.Random(f"{seed} {number}").randbytes(BLOCK)  # noqa: S311 - it only has to differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file as the Hub stores it: small ones in git, large ones apart from it, under their sha256."""

    path: str
    content: Content

    @property
    def apart(self) -> bool:
        """Tell whether it is stored apart from git (LFS)."""
        return self.path.endswith(_STORED_APART) or self.content.size >= _LARGE

    @property
    def etag(self) -> str:
        """The hash that names it."""
        return self.content.sha256 if self.apart else self.content.git_sha1


def safetensors(size: int, seed: str) -> Content:
    """Make a file of one tensor that is well-formed, of about `size` bytes."""
    numbers = max(1, size // 2)
    tensor = {"dtype": "BF16", "shape": [numbers], "data_offsets": [0, numbers * 2]}
    header = json.dumps({"weight": tensor}).encode()
    head = len(header).to_bytes(8, "little") + header
    return Made(len(head) + numbers * 2, seed, head=head)

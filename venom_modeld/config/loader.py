"""Reads a file whole, or says why not: never blocks, never takes more than the limit, never returns half a file.

What stands behind the path is looked at before it is opened, so a pipe or a device is refused without a touch. A file
that somebody writes to while it is read is read again, and refused if it does not settle.
"""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from venom_modeld.config.encoding import decode
from venom_modeld.config.problems import Problem, SourceError

LIMIT_BYTES = 4 * 1024 * 1024
"""Some ten thousand models in their long form; a larger file is another file by mistake."""

_ATTEMPTS = 3

_KINDS = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode), "is a device"),
)

_WHY = {
    errno.ENOENT: "the file does not exist; create it, or name another",
    errno.ENOTDIR: "the file does not exist: a part of its path is a file and no folder; name another",
    errno.EACCES: "the file may not be read by this user; change its owner or mode, or those of its folder",
    errno.EPERM: "the file may not be read by this user; change its owner or mode, or those of its folder",
    errno.ELOOP: "the file is a link that leads back to itself; make the link anew",
    errno.ENAMETOOLONG: "the path is too long for this file system; name another",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file as it was read: UTF-8 text of at most the limit."""

    path: Path
    content: bytes
    commit: str = ""
    """The commit that made it so, of a file out of git."""
    author: str = ""
    """Who made that commit."""

    @property
    def revision(self) -> str:
        """Return the commit, or `sha256:` and the digest of the content."""
        return self.commit or revision_of(self.content)


class _Changed(Exception):
    """The file was written to between the first and the last byte that was read."""


def read_file(path: Path | str, *, limit_bytes: int = LIMIT_BYTES) -> Source:
    """Read the file behind `path`, links followed.

    Raises SourceError, with problems that say what to do, where there is no such file, it is no regular file, is larger
    than `limit_bytes`, may not be read, does not hold still, or is not UTF-8 text. A byte order mark is accepted.
    """
    path = Path(path)
    try:
        content = _read_settled(path, limit_bytes)
    except OSError as error:
        raise _refused(path, _why(path, error)) from error
    except ValueError as error:
        raise _refused(path, "the path holds a NUL character; name another") from error
    decode(content, path=str(path))
    return Source(path=path, content=content)


def revision_of(content: bytes) -> str:
    """Return the revision of a content: `sha256:` and its digest in hexadecimal."""
    from hashlib import sha256  # noqa: PLC0415 - a file that is only checked needs no digest

    return f"sha256:{sha256(content).hexdigest()}"


def _read_settled(path: Path, limit: int) -> bytes:
    for _ in range(_ATTEMPTS):
        _check(path, path.stat(), limit)
        # Between the look and the opening a pipe may have taken the file's place: it must not block either.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _read_still(path, descriptor, limit)
        except _Changed:
            continue
        finally:
            os.close(descriptor)
    raise _refused(path, "the file is being written to; it can be read once that is over")


def _read_still(path: Path, descriptor: int, limit: int) -> bytes:
    before = os.fstat(descriptor)
    _check(path, before, limit)
    content = _read_up_to(descriptor, limit + 1)
    if len(content) > limit:
        raise _refused(path, _too_large(len(content), limit))
    if signature(os.fstat(descriptor)) != signature(before) or len(content) != before.st_size:
        raise _Changed
    return content


def _read_up_to(descriptor: int, count: int) -> bytes:
    parts: list[bytes] = []
    while count > 0 and (part := os.read(descriptor, min(count, 1 << 20))):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def signature(info: os.stat_result) -> tuple[int, ...]:
    """Return what changes when a file is written, replaced, or given to others; reading it changes nothing of it."""
    return (info.st_dev, info.st_ino, info.st_mode, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


def _check(path: Path, info: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(info.st_mode):
        kind = next(words for is_kind, words in _KINDS if is_kind(info.st_mode))
        raise _refused(path, f"{kind}, not a file; name a file, or move this out of its place")
    if info.st_size > limit:
        raise _refused(path, _too_large(info.st_size, limit))


def _too_large(size: int, limit: int) -> str:
    return f"the file has {size} bytes or more, and {limit} are allowed; write a shorter one, or name another"


def _why(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOENT and path.is_symlink():
        return f"the file does not exist: it is a link to {path.readlink()}, where there is none; mend the link"
    return _WHY.get(error.errno or 0, f"the file cannot be read ({error.strerror}); look at its disk")


def _refused(path: Path, message: str) -> SourceError:
    return SourceError([Problem(path_of_file=str(path), message=message)])

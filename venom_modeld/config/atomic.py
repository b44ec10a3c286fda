"""Replaces a file in one step: a reader, a crash or a full disk meets the old content or the new, never a part.

The new content goes to a file beside the old one, onto the disk, and only then takes the old one's name. Links are
followed first, so the real file is replaced and the links stay.
"""

import errno
import os
import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path

_WHAT_TO_DO = {
    errno.ENOSPC: "make room on its disk",
    errno.EDQUOT: "make room in this user's quota",
    errno.EFBIG: "raise this user's limit on the size of files",
    errno.EROFS: "its disk is mounted read-only: edit it where it comes from",
    errno.EACCES: "let this user write in its folder, or edit it as another user",
    errno.EPERM: "let this user write in its folder, or edit it as another user",
    errno.EBUSY: "it is mounted as a single file: mount its folder instead",
    errno.ENOENT: "create its folder",
    errno.EINVAL: "move what is in its place away",
    errno.ELOOP: "it is a link that leads back to itself: make the link anew",
}


class WriteError(OSError):
    """A file that could not be written; it is as it was before. The text says what to do."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(error.errno, error.strerror, str(path))
        advice = _WHAT_TO_DO.get(error.errno or 0, "look at its disk")
        self.message = f"{path} could not be written and is as it was ({error.strerror}); {advice}"

    def __str__(self) -> str:
        """Return what happened and what to do, in one sentence."""
        return self.message


def write(path: Path | str, content: bytes) -> None:
    """Replace the content of the file behind `path`, or create it; its folder has to exist.

    Mode, attributes and, where this user may set them, owner and group stay. Hard links of the old file keep the old
    content. Raises WriteError, and then nothing has changed.
    """
    path = Path(path)
    try:
        _replace(path, content)
    except OSError as error:
        raise WriteError(path, error) from error


def _replace(path: Path, content: bytes) -> None:
    old = _stat(path)
    real = Path(os.path.realpath(path))
    beside = real.with_name(f".{real.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666 if old is None else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if old is not None:
                _take_after(beside, real, old)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        beside.replace(real)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(real.parent)


def _stat(path: Path) -> os.stat_result | None:
    try:
        info = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    return info


def _take_after(new: Path, real: Path, old: os.stat_result) -> None:
    with suppress(PermissionError):
        os.chown(new, -1, old.st_gid)
    with suppress(PermissionError):
        os.chown(new, old.st_uid, -1)
    shutil.copystat(real, new)


def _sync_folder(folder: Path) -> None:
    # The new content is in its place: a folder that cannot be synced only makes a power cut bring the old one back.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

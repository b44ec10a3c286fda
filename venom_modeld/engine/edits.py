"""Edits models.yaml in a person's place, for the CLI and for the API: read, change the text, check it whole, write.

The file is all that is touched. One edit happens at a time, whichever process makes it: the folder of the file is
locked for as long as it takes, which leaves nothing behind and ends with the process. What an editor or a `git pull`
writes meanwhile is noticed, and not overwritten.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from venom_modeld.config import atomic, editor
from venom_modeld.config.desired_file import ConfigError, DesiredFile, parse_models
from venom_modeld.config.loader import Source, read_file, revision_of
from venom_modeld.config.problems import SourceError
from venom_modeld.config.schema import Kinds
from venom_modeld.core.desired import DesiredState
from venom_modeld.core.edits import Change, Edit, EditRefused, FileText, Refusal
from venom_modeld.core.names import InvalidName
from venom_modeld.engine.edit_target import OpenedFile, Target, opened, target_of
from venom_modeld.engine.edit_text import new_text

WAIT_SECONDS = 5.0
"""How long another edit may take before this one is given up."""

_STEP_SECONDS = 0.01

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LOCKED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.EBUSY})

ANY_REVISION = "*"
"""Stands for whatever the file is now."""


def file_text(path: Path, kinds: Kinds, read: Callable[[], Source] | None = None) -> FileText:
    """Return the file as it is now, good or not."""
    revision = text = None
    try:
        source = read() if read else read_file(path)
        revision, text = source.revision, source.content.decode()
        parse_models(source.content, path=str(path), kinds=kinds)
    except SourceError as error:
        return FileText(path=str(path), revision=revision, text=text, problems=tuple(map(str, error.problems)))
    return FileText(path=str(path), revision=revision, text=text)


def make_edit(
    path: Path,
    kinds: Kinds,
    change: Change,
    *,
    expected: Collection[str] = (),
    write: bool = True,
    guess: bool = False,
    patience: float = WAIT_SECONDS,
) -> Edit:
    """Make a change, check that the file is valid with it, and write it unless told not to.

    `expected` are the revisions of which the file must have one; none, or `*`, stand for any. With `guess`, the first
    runtime is taken where several would do. `patience` is how many seconds another edit may take. Raises EditRefused,
    and then nothing has changed.
    """
    with _alone(path, patience) if write else nullcontext():
        before = opened(path, kinds)
        if expected and before.revision not in expected and ANY_REVISION not in expected:
            raise EditRefused(Refusal.OUTDATED, f"{path} is another than you saw; look at it again, and then repeat")
        return _made(before, change, target_of(before, change, guess=guess), write=write)


def preview_edit(path: Path, kinds: Kinds, change: Change, *, read: Callable[[], Source], guess: bool = False) -> Edit:
    """Return what a change would be of a file that is somebody else's, and that `read` reads. Raises EditRefused."""
    before = opened(path, kinds, read)
    return _made(before, change, target_of(before, change, guess=guess), write=False)


def _made(before: OpenedFile, change: Change, target: Target, *, write: bool) -> Edit:
    try:
        text = new_text(before, change, target)
    except (editor.EditError, InvalidName) as error:
        raise EditRefused(Refusal.CONFLICT, f"{before.path}: {error}") from error
    content = text.encode()
    after = _checked(before, content)
    diff = editor.unified_diff(before.text, text, str(before.path))
    if diff and write:
        _write(before, content, diff)
    return Edit(
        change=change,
        path=str(before.path),
        before=_state(before.desired, before.revision),
        after=_state(after, revision_of(content)),
        diff=diff,
        written=bool(diff) and write,
        runtime=target.spec,
        model=target.name,
        choices=target.choices,
    )


def _state(desired: DesiredFile, revision: str) -> DesiredState:
    return DesiredState(generation=0, revision=revision, runtimes=desired.runtimes, suspend=desired.suspend)


def _checked(before: OpenedFile, content: bytes) -> DesiredFile:
    try:
        return parse_models(content, path=str(before.path), kinds=before.kinds)
    except ConfigError as error:
        message = f"Nothing was written, because the file would not be valid:\n{error}"
        raise EditRefused(Refusal.INVALID, message) from error


def _write(before: OpenedFile, content: bytes, diff: str) -> None:
    if file_text(before.path, before.kinds).revision != before.revision:
        message = f"{before.path} was changed by somebody else meanwhile; look at it again, and then repeat"
        raise EditRefused(Refusal.OUTDATED, message, diff=diff)
    try:
        atomic.write(before.path, content)
    except atomic.WriteError as error:
        raise EditRefused(why_not_written(error), str(error), diff=diff) from error


def why_not_written(error: OSError) -> Refusal:
    """Return what a person has to mend."""
    if error.errno in _FULL:
        return Refusal.FULL
    return Refusal.LOCKED if error.errno in _LOCKED else Refusal.FAILED


@contextmanager
def _alone(path: Path, patience: float) -> Iterator[None]:
    """Keep other edits away; a folder that cannot be locked, as on some network disks, is edited without."""
    descriptor = None
    with suppress(OSError):
        descriptor = os.open(Path(os.path.realpath(path)).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if descriptor is None:
        yield
        return
    try:
        with suppress(OSError):
            _lock(descriptor, path, patience)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                message = f"{path} is being edited by another program now; try again later"
                raise EditRefused(Refusal.CONFLICT, message) from error
            time.sleep(_STEP_SECONDS)
        else:
            return

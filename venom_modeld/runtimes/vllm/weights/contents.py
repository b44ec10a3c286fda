"""The contents of one snapshot on the disk: whether they are there, and whether they are what the Hub announced."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from venom_modeld.runtimes.vllm.weights import record
from venom_modeld.runtimes.vllm.weights.checking import check_of
from venom_modeld.runtimes.vllm.weights.files import RemoteFile
from venom_modeld.runtimes.vllm.weights.layout import Place
from venom_modeld.runtimes.vllm.weights.record import Mark


class Contents:
    """What is there of a commit; checked contents are put on record, so that none is hashed twice."""

    def __init__(self, place: Place, commit: str) -> None:
        self._place = place
        self._commit = commit

    def find(self, file: RemoteFile) -> Path | None:
        """Return where a content lies with the right size, or None.

        Where the file system has no links, other clients leave it in the snapshot itself.
        """
        for path in (self._place.blob(file.blob), self._place.pointer(self._commit, file.path)):
            with suppress(OSError):
                if path.stat().st_size == file.size:
                    return path
        return None

    def unchecked(self, files: Sequence[RemoteFile]) -> list[RemoteFile]:
        """Return those of files that are there whose contents were not hashed since they last changed."""
        marks = record.read(self._place.record).marks
        found = ((file, self.find(file)) for file in files)
        return [file for file, path in found if path is None or marks.get(file.blob) != Mark.of(path)]

    def check(self, files: Sequence[RemoteFile]) -> list[RemoteFile]:
        """Hash what is unchecked, delete what is wrong, and return that. Raises OSError.

        A large content is put on record at once, so that a kill costs no second hashing of it.
        """
        small: dict[str, Mark] = {}
        wrong = []
        for file in self.unchecked(files):
            mark = self._check(file)
            if mark is None:
                wrong.append(file)
            elif file.large:
                self.remember({file.blob: mark})
            else:
                small[file.blob] = mark
        if small:
            self.remember(small)
        return wrong

    def remember(self, marks: Mapping[str, Mark]) -> None:
        """Put checked contents on record. Raises OSError."""
        record.change(self._place, lambda known: known.with_marks(marks))

    def _check(self, file: RemoteFile) -> Mark | None:
        path = self.find(file)
        if path is None:
            return None
        if not check_of(file, path).right:
            self._delete(path, file)
            return None
        with path.open("rb") as content:
            os.fsync(content.fileno())
        return Mark.of(path)

    def _delete(self, path: Path, file: RemoteFile) -> None:
        """Delete a content and what leads to it; several repositories may share one behind two links."""
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        self._place.pointer(self._commit, file.path).unlink(missing_ok=True)

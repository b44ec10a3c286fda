"""Edits models.yaml for the API, whose event loop must not wait for a disk: every edit is made in a thread.

What makes them is loaded at the first edit, and not when the daemon starts.
"""
# ruff: noqa: PLC0415 - see above

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

from venom_modeld.config.loader import Source
from venom_modeld.config.schema import Kinds
from venom_modeld.core.edits import Change, Edit, FileText


class FileEditor:
    """Edits one file from within the event loop; `wrote` is called after each edit that was written.

    With `read`, which stands for reading the file, it is somebody else's: edits of it are shown and never written.
    """

    def __init__(
        self, path: Path, kinds: Kinds, *, wrote: Callable[[], None], read: Callable[[], Source] | None = None
    ) -> None:
        self._path = path
        self._read = read
        self._kinds = kinds
        self._wrote = wrote
        self._turn = asyncio.Lock()

    async def present(self) -> FileText:
        """Return the file as it is now."""
        return await asyncio.to_thread(self._present)

    async def edit(self, change: Change, *, expected: Collection[str] = (), write: bool, guess: bool = False) -> Edit:
        """Make a change, or only say what it would be; see `edits.make_edit`."""
        async with self._turn:
            made = await asyncio.to_thread(self._make, change, expected=expected, write=write, guess=guess)
        if made.written:
            self._wrote()
        return made

    def _present(self) -> FileText:
        from venom_modeld.engine.edits import file_text

        return file_text(self._path, self._kinds, self._read)

    def _make(self, change: Change, *, expected: Collection[str], write: bool, guess: bool) -> Edit:
        from venom_modeld.engine.edits import make_edit, preview_edit

        if self._read is not None:
            return preview_edit(self._path, self._kinds, change, read=self._read, guess=guess)
        return make_edit(self._path, self._kinds, change, expected=expected, write=write, guess=guess)

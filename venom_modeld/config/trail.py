"""The way that the kernel goes from a path to a file: every folder it passes and every name it looks up there.

A path may lead through symbolic links at any place: `..data` of a ConfigMap, `current` of a release folder, a checkout.
Whoever replaces any name on the way puts another file behind the path, so all names on the way are worth watching, in
the folders where they really are.
"""

import stat
from collections import deque
from dataclasses import dataclass
from pathlib import Path

_MAX_LINKS = 40
"""As many as Linux follows before it calls a path a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What lies between a path and its file now.

    `folders` are the real folders passed, with device and inode: a folder that is replaced makes another trail. `names`
    are the full paths looked up in them, links included; where the trail breaks off, the last one does not exist.
    """

    folders: dict[str, tuple[int, int]]
    names: frozenset[str]

    @property
    def end(self) -> str:
        """The folder that the trail ends in: that of the file itself, where there is one."""
        return next(reversed(self.folders))


def trace(path: Path) -> Trail:
    """Follow an absolute `path` from the root as far as it leads; raises nothing for a path that leads nowhere."""
    todo = deque(path.parts)
    here, links = Path(path.anchor), 0
    folders: dict[str, tuple[int, int]] = {}
    names: set[str] = set()
    while todo:
        part = todo.popleft()
        if part == "..":
            here = here.parent
            continue
        there = here / part  # the root as a part, of the path or of an absolute link, starts again from there
        names.add(str(there))
        try:
            info = there.lstat()
            target = there.readlink() if stat.S_ISLNK(info.st_mode) else None
        except OSError:
            break
        if target is None:
            here = there
            if stat.S_ISDIR(info.st_mode):
                folders[str(there)] = (info.st_dev, info.st_ino)
        elif (links := links + 1) > _MAX_LINKS:
            break
        else:
            todo.extendleft(reversed(target.parts))
    return Trail(folders=folders, names=frozenset(names))

"""Reads one file out of a commit, as it lies there: no checkout, no filter, no hook, no link that leads elsewhere."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from venom_modeld.config.encoding import decode
from venom_modeld.config.git.command import git
from venom_modeld.config.git.words import plain
from venom_modeld.config.loader import LIMIT_BYTES, Source
from venom_modeld.config.problems import Problem, SourceError
from venom_modeld.core.origin import Commit

DEADLINE = 30.0
"""Seconds for a look into what was fetched."""

_WHY = {
    "missing": "has no such file; add it, or correct `source.git.path`",
    "dangling": "has a link there that leads to nothing; mend the link",
    "symlink": "has a link there that leads out of the repository; put the file itself there",
    "loop": "has a link there that leads back to itself; make the link anew",
    "notdir": "has no such file: a part of its path is a file and no folder; correct `source.git.path`",
    "ambiguous": "has no such file; correct `source.git.path`",
}


@dataclass(frozen=True, slots=True)
class Tree:
    """A repository on this disk. All that read it raise GitFailed where git cannot."""

    folder: Path

    async def _ask(self, *arguments: str, given: bytes = b"") -> str:
        written = await git(self.folder, *arguments, deadline=DEADLINE, given=given)
        return written.decode(errors="replace")

    async def id_of(self, name: str) -> str:
        """Return the id of what a name stands for."""
        return (await self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", name)).strip()

    async def commit(self, name: str, *only: str) -> Commit:
        """Return the newest commit that a name leads to; with a path, the newest that changed what is there."""
        form = "--format=%H%x00%an <%ae>%x00%s"
        plainly = ("--no-show-signature", "--no-mailmap", "--no-color", "--encoding=UTF-8")
        said = await self._ask("--literal-pathspecs", "log", "-1", *plainly, form, name, "--", *only)
        id_, _, rest = said.strip("\n").partition("\0")
        author, _, subject = rest.partition("\0")
        return Commit(id=id_, author=plain(author), subject=plain(subject))

    async def source(self, tip: Commit, path: str) -> Source:
        """Return the file at `path` in a commit. Raises SourceError."""
        refused = partial(_refused, path, tip)
        asked = f"{tip.id}:{path}\n".encode()
        said = await self._ask("cat-file", "--batch-check", "--follow-symlinks", given=asked)
        found, kind, size = [*said.splitlines()[0].rsplit(" ", 2), "", ""][:3]
        if kind != "blob":
            words = said.split()
            word = next((word for word in words[::-1] if word in _WHY), words[0])
            raise refused(_WHY.get(word, "has no file there but a folder; correct `source.git.path`"))
        if int(size) > LIMIT_BYTES:
            raise refused(f"has a file of {size} bytes there, and {LIMIT_BYTES} are allowed; write a shorter one")
        content = await git(self.folder, "cat-file", "blob", found, deadline=DEADLINE)
        decode(content, path=path)
        changed = await self._changed_by(tip, path)
        return Source(path=Path(path), content=content, commit=changed.id, author=changed.author)

    async def _changed_by(self, tip: Commit, path: str) -> Commit:
        """Return the commit that made the file what it is, where that can be told, else the newest one.

        It cannot be told of a link, whose target another commit may have changed, and not where the history that was
        fetched begins, since everything seems to be new there.
        """
        entry = await self._ask("--literal-pathspecs", "ls-tree", "--full-tree", tip.id, "--", path)
        if not entry.startswith("100"):
            return tip
        found = await self.commit(tip.id, path)
        return tip if found.id in self._beginnings() else found

    def _beginnings(self) -> list[str]:
        try:
            return (self.folder / "shallow").read_text(encoding="ascii").split()
        except FileNotFoundError:
            return []


def _refused(path: str, tip: Commit, message: str) -> SourceError:
    return SourceError([Problem(path_of_file=path, message=f"commit {tip.id[:12]} {message}")])

"""Where things lie in a Hub cache: `models--owner--name/{blobs,refs,snapshots}`, and the locks beside it.

The layout is the one that huggingface_hub documents and keeps; files of ours in it begin with `.venom-modeld` or end
in a way that its own tools know as left over.
"""

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PREFIX = "models--"
RECORD = ".venom-modeld.json"
PARTIAL = ".venom-modeld.incomplete"
"""The ending of a download of ours that can be gone on with."""

_REPOSITORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REVISION = re.compile(r"[^\s~^:?*\[\\\x00-\x1f\x7f]{1,200}")


def is_commit(revision: str) -> bool:
    """Tell whether a revision is a commit, written whole, which never moves."""
    return _COMMIT.fullmatch(revision) is not None


def fault_of_name(repository: str, revision: str) -> str | None:
    """Say what is wrong with a repository or revision that cannot exist, or None.

    Both become paths, so that what could lead out of the cache is refused here whatever was checked before.
    """
    if not _REPOSITORY.fullmatch(repository) or ".." in repository or "--" in repository:
        return f"{repository!r} is no repository; write OWNER/NAME"
    parts = revision.split("/")
    if not _REVISION.fullmatch(revision) or any(part in ("", ".") or ".." in part for part in parts):
        return f"{revision!r} is no revision; write a branch, a tag or a commit"
    return None


def repository_of(folder_name: str) -> str | None:
    """Return the repository that a folder of the cache is for, or None where it is for something else."""
    if not folder_name.startswith(PREFIX):
        return None
    return folder_name.removeprefix(PREFIX).replace("--", "/")


@dataclass(frozen=True, slots=True)
class Place:
    """The paths of one repository in a cache."""

    cache: Path
    repository: str

    @property
    def folder(self) -> Path:
        """Return the folder of the repository."""
        return self.cache / f"{PREFIX}{self.repository.replace('/', '--')}"

    @property
    def blobs(self) -> Path:
        """Return the folder of the contents, each under its hash."""
        return self.folder / "blobs"

    @property
    def record(self) -> Path:
        """Return the file in which we remember what we installed and checked."""
        return self.folder / RECORD

    @property
    def installing(self) -> Path:
        """Return the lock that installs share and that removal wants alone."""
        return self._locks / "venom-modeld-installing.lock"

    @property
    def recording(self) -> Path:
        """Return the lock for a change of the record."""
        return self._locks / "venom-modeld-recording.lock"

    @property
    def _locks(self) -> Path:
        return self.cache / ".locks" / self.folder.name

    def lock(self, blob: str) -> Path:
        """Return the lock that every client of the Hub takes while it downloads a blob."""
        return self._locks / f"{blob}.lock"

    def snapshot(self, commit: str) -> Path:
        """Return the folder of a commit."""
        return self.folder / "snapshots" / commit

    def pointer(self, commit: str, path: str) -> Path:
        """Return where a file of a commit is found, which is a link to its blob."""
        return self.snapshot(commit) / path

    def blob(self, blob: str) -> Path:
        """Return where a content lies."""
        return self.blobs / blob

    def partial(self, blob: str) -> Path:
        """Return where a content lies while it arrives."""
        return self.blobs / f"{blob}{PARTIAL}"

    def ref(self, revision: str) -> Path:
        """Return the file that names the commit of a branch or tag."""
        return self.folder / "refs" / revision


def replace(path: Path, content: bytes) -> None:
    """Write a file in one step, so that nobody ever reads half of it; its folder is made. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def point(place: Place, revision: str, commit: str) -> None:
    """Let a branch or tag name a commit, as clients of the Hub look it up offline. Raises OSError."""
    path = place.ref(revision)
    if revision != commit and read_ref(path) != commit:
        replace(path, commit.encode())


def read_ref(path: Path) -> str | None:
    """Return the commit that a ref names, or None where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None


def link(place: Place, commit: str, path: str, blob: str) -> None:
    """Let a file of a commit be a link to a blob, in place of what was there. Raises OSError."""
    pointer = place.pointer(commit, path)
    pointer.parent.mkdir(parents=True, exist_ok=True)
    target = Path(os.path.relpath(place.blob(blob), pointer.parent))
    if pointer.is_symlink() and pointer.readlink() == target:
        return
    beside = pointer.with_name(f".{secrets.token_hex(4)}.tmp")
    beside.symlink_to(target)
    beside.replace(pointer)

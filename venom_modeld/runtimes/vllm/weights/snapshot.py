"""What is in the cache of one repository at one commit, and whether it is enough to serve."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from venom_modeld.runtimes.vllm.weights.files import NotServable, RemoteFile, choose, matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One commit of one repository, as it was found on the disk."""

    repository: str
    commit: str
    path: Path
    """The folder to serve from."""
    size_bytes: int
    """Bytes of its contents; some may be shared with other commits."""
    refs: frozenset[str]
    """The branches and tags that name it."""
    modified: float
    """Seconds since the epoch of the last change of a content."""
    ours: bool
    """We installed it, so its contents have been checked against the hashes of the Hub."""
    sound: Mapping[str, int]
    """The files that are whole, with their sizes; of a snapshot of ours, those unchanged since they were checked."""
    listing: tuple[RemoteFile, ...] | None
    """All files that the Hub has at this commit, where that is known."""
    whole: bool
    """Without a listing: whether what is there makes a complete model by itself."""

    @property
    def complete(self) -> bool:
        """Tell whether every file is there that is needed to serve."""
        return self.complete_with(())

    def complete_with(self, patterns: Sequence[str]) -> bool:
        """Tell whether every file is there that is needed to serve, or that the globs of an entry name."""
        if self.listing is None:
            return _has_all(self.sound, patterns) if patterns else self.whole
        try:
            chosen = choose(self.repository, self.listing, patterns)
        except NotServable:
            return False
        return all(file.path in self.sound for file in chosen)


def _has_all(paths: Collection[str], patterns: Sequence[str]) -> bool:
    return all(any(matches(path, pattern) for path in paths) for pattern in patterns)

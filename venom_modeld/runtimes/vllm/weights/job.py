"""What the daemon and its child say to each other: one job as JSON on standard input, then lines of JSON back.

The token goes this way too: a command line can be read by everybody on the host.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from venom_modeld.runtimes.vllm.weights.files import RemoteFile


class Trouble(StrEnum):
    """What a child can fail on; the daemon makes the sentence of it."""

    REFUSED = "refused"
    """The Hub said no: `status`, `code`, `words` and `retry_after` tell how."""
    UNREACHABLE = "unreachable"
    NONSENSE = "nonsense"
    CORRUPT = "corrupt"
    SYSTEM = "system"
    """The operating system said no: `errno` and `words`."""
    BUSY = "busy"
    """Somebody else is writing there."""


class Failed(Exception):
    """A job that failed, as a line for the daemon."""

    def __init__(self, trouble: Trouble, words: str = "", **details: object) -> None:
        super().__init__(words)
        self.line: Mapping[str, object] = {"failed": trouble, "words": words, **details}


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """Make a snapshot complete: `files` are those to have, `listing` is all that the Hub has at the commit."""

    cache: str
    repository: str
    commit: str
    revision: str
    """What shall name the commit afterwards."""
    files: tuple[RemoteFile, ...]
    listing: tuple[RemoteFile, ...]
    endpoint: str
    token: str | None = field(default=None, repr=False)
    user_agent: str = ""
    xet: bool = True
    parallel: int = 1
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    retry_pause: float = 1.0

    @property
    def where(self) -> Path:
        """Return the folder of the cache."""
        return Path(self.cache)

    def as_json(self) -> dict[str, object]:
        """Return the job as an object of JSON."""
        return {"do": "install", **asdict(self)}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """Read a job."""
        known = {key: value[key] for key in (one.name for one in fields(cls))}
        for key in ("files", "listing"):
            known[key] = tuple(RemoteFile(**one) for one in known[key])
        return cls(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Take commits of a repository off the disk, or with None the whole of it."""

    cache: str
    repository: str
    commits: tuple[str, ...] | None

    @property
    def where(self) -> Path:
        """Return the folder of the cache."""
        return Path(self.cache)

    def as_json(self) -> dict[str, object]:
        """Return the job as an object of JSON."""
        return {"do": "remove", **asdict(self)}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """Read a job."""
        commits = value["commits"]
        return cls(
            cache=value["cache"],
            repository=value["repository"],
            commits=None if commits is None else tuple(commits),
        )

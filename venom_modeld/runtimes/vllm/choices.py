"""Which commit of each repository is in use, remembered beside the cache.

A branch that moved is downloaded beside the commit in use, and other programs move branches in the same cache. So what
is in use is not read from the cache alone: it is what was installed here last, until something newer was proven.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from venom_modeld.core.names import ModelName
from venom_modeld.runtimes.vllm.server.files import read_json, write_json


@dataclass(frozen=True, slots=True)
class Choice:
    """The commit of a repository that is in use, and what it was chosen by."""

    commit: str
    revision: str
    files: tuple[str, ...] = ()
    hold: str | None = None
    """The commit before it, which stays until this one is proven."""


class Choices:
    """The choices of one runtime, in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: Mapping[str, Choice] | None = None

    def of(self, name: ModelName) -> Choice | None:
        """Return what was chosen for a repository, if anything was."""
        return self._all().get(name.key)

    def choose(self, name: ModelName, choice: Choice) -> None:
        """Remember a choice; returns when it is on the disk. Raises OSError."""
        if self.of(name) != choice:
            self._write({**self._all(), name.key: choice})

    def release(self, name: ModelName) -> None:
        """Forget the commit before. Raises OSError."""
        choice = self.of(name)
        if choice is not None:
            self.choose(name, replace(choice, hold=None))

    def forget(self, name: ModelName) -> None:
        """Forget a repository. Raises OSError."""
        if self.of(name) is not None:
            self._write({key: choice for key, choice in self._all().items() if key != name.key})

    def _all(self) -> Mapping[str, Choice]:
        if self._known is None:
            self._known = _decode(read_json(self._path))
        return self._known

    def _write(self, choices: Mapping[str, Choice]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(self._path, {key: asdict(choice) for key, choice in choices.items()})
        self._known = choices


def _decode(found: Mapping[str, object]) -> Mapping[str, Choice]:
    choices = {}
    for key, value in found.items():
        if isinstance(value, dict) and isinstance(value.get("commit"), str):
            choices[key] = Choice(
                commit=value["commit"],
                revision=str(value.get("revision", "")),
                files=tuple(map(str, value.get("files", ()))),
                hold=value.get("hold"),
            )
    return choices

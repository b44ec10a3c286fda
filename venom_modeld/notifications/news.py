"""Decides what is news: a trouble once when it begins, and once when it is over.

What fails and is tried again is told only when it has lasted a while, since most of that passes by itself. What needs a
person is told at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from venom_modeld.notifications.troubles import Kind, Trouble, is_undecided, troubles
from venom_modeld.state.snapshot import StatusSnapshot

PATIENCE_SECONDS = 60.0
"""How long something fails before that is told."""

MOST_LINES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told at once: troubles of one kind on one runtime."""

    kind: Kind
    troubles: tuple[Trouble, ...]

    def title(self, host: str) -> str:
        """Return one line."""
        where = self.troubles[0].runtime or "models.yaml"
        return f"{host}: {where} {_WORDS[self.kind]}"

    @property
    def body(self) -> str:
        """Return one line for each trouble, up to ten."""
        lines = [trouble.text for trouble in self.troubles[:MOST_LINES]]
        more = len(self.troubles) - MOST_LINES
        return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)


_WORDS = {
    Kind.FAILED: "fails, and is tried again",
    Kind.STALLED: "is stalled, and needs a change",
    Kind.UNSAFE: "waits for an approval",
    Kind.RECOVERED: "has recovered",
}


class News:
    """What was told, and so what is new. `told` is what an earlier process told."""

    def __init__(self, told: Mapping[str, Trouble]) -> None:
        self.told = dict(told)
        self._since: dict[str, float] = {}

    def look(self, snapshot: StatusSnapshot, *, now: float) -> list[Notice]:
        """Return what is to be told; `now` is seconds on a steady clock. It is news until `tell` was called for it."""
        present = {trouble.subject: trouble for trouble in troubles(snapshot)}
        self._since = {
            subject: self._since.get(subject, now)
            for subject in {*present, *self._since}
            if subject in present or is_undecided(subject, snapshot)
        }
        begun = [one for one in present.values() if self._is_new(one) and self._is_ripe(one, now)]
        gone = [one for subject, one in self.told.items() if subject not in present]
        over = [one for one in gone if not is_undecided(one.subject, snapshot)]
        return [*_notices(begun), *_notices(over, Kind.RECOVERED)]

    def tell(self, notice: Notice) -> None:
        """Take note that it was told."""
        for trouble in notice.troubles:
            if notice.kind is Kind.RECOVERED:
                self.told.pop(trouble.subject, None)
            else:
                self.told[trouble.subject] = trouble

    def _is_new(self, trouble: Trouble) -> bool:
        told = self.told.get(trouble.subject)
        return told is None or (told.kind, told.mark) != (trouble.kind, trouble.mark)

    def _is_ripe(self, trouble: Trouble, now: float) -> bool:
        return trouble.kind is not Kind.FAILED or now - self._since[trouble.subject] >= PATIENCE_SECONDS


def _notices(found: Iterable[Trouble], kind: Kind | None = None) -> list[Notice]:
    """Return one notice for each runtime and kind; `kind` stands for those of the troubles."""

    def group(trouble: Trouble) -> tuple[str, Kind]:
        return trouble.runtime, kind or trouble.kind

    return [
        Notice(kind=key[1], troubles=tuple(members)) for key, members in groupby(sorted(found, key=group), key=group)
    ]

"""The contract of a source: one server that can be asked for models, and what it answers."""

from dataclasses import dataclass
from typing import Protocol

from venom_modeld.core.catalogue import Entry, Question
from venom_modeld.core.names import Provider

LIMIT = 100
"""How many entries of a listing are kept at the most, where a source lets us say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a source answered: entries in its own order, and what it calls this version of them, if it says so."""

    entries: tuple[Entry, ...]
    validator: str | None = None


class Source(Protocol):
    """One server that offers models of one provider.

    The cache decides when to ask; a source never asks on its own and keeps nothing.
    """

    @property
    def name(self) -> str:
        """The word for it in settings, logs, metrics and the state; never renamed."""
        ...

    @property
    def provider(self) -> Provider:
        """Whose models it offers."""
        ...

    @property
    def origin(self) -> str:
        """Where it is; empty for one that follows the file."""
        ...

    @property
    def off(self) -> str | None:
        """Why it must not be asked, as a sentence with what to change; None where it may be."""
        ...

    async def ask(self, question: Question, *, validator: str | None = None) -> Fetched | None:
        """Return the answer to a question, or None where it is still the one that `validator` names.

        Raises SourceFailed (ParseFailed where an answer cannot be read; zero entries are such an answer, except to a
        search) and Throttled where the budget of its host is spent.
        """
        ...

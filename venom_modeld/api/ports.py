"""What the API needs of the daemon, as protocols: whoever wires the program hands in objects that fit."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from venom_modeld.core.catalogue import CatalogueAnswer, CatalogueStats, Listing
from venom_modeld.core.edits import Change, Edit, FileText
from venom_modeld.core.events import OperationRecord
from venom_modeld.core.names import Provider


class NoSuchOperation(LookupError):
    """No operation in flight, waiting, held or remembered has this id."""

    def __init__(self, operation_id: str) -> None:
        super().__init__(f"There is no operation {operation_id!r}; GET /api/v1/models/operations lists them.")


class NoSuchPlan(LookupError):
    """No unsafe plan that waits for an approval has this digest."""

    def __init__(self, digest: str) -> None:
        super().__init__(
            f"No unsafe plan with the digest {digest!r} waits for an approval; GET /api/v1/plan shows what does."
        )


class NotPossibleNow(Exception):
    """The command fits an operation in another state; the message says which and what to do instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """An approval that is in force."""

    runtime: str
    digest: str
    models: tuple[str, ...]
    """The models whose removal was approved."""


class Commands(Protocol):
    """The writing calls that do not change the file, and the state of the loops."""

    async def approve(self, digest: str) -> Approved:
        """Let an unsafe plan happen, exactly that one, and return when the approval is on disk.

        Raises NoSuchPlan.
        """
        ...

    async def cancel(self, operation_id: str) -> None:
        """Stop an operation, or keep a waiting one from being started; it is held until it is retried.

        Raises NoSuchOperation, or NotPossibleNow for one that has ended.
        """
        ...

    async def retry(self, operation_id: str) -> None:
        """End a hold, a backoff or a stall, so that the operation is tried in the next cycle.

        Raises NoSuchOperation, or NotPossibleNow for one that nothing keeps from being done.
        """
        ...

    def health(self) -> str | None:
        """Return None while every loop has run lately, else a sentence that says which has not and since when."""
        ...


class History(Protocol):
    """The operations that are remembered. Both raise a TemporaryError where the history cannot be read now."""

    async def operations(self, limit: int, *, before: str | None = None) -> Sequence[OperationRecord]:
        """Return up to `limit` records, the newest first; `before` is the id after which to go on."""
        ...

    async def operation(self, id_: str, /) -> OperationRecord | None:
        """Return the record of that id, or the latest of that key; None where there is neither."""
        ...


class Editor(Protocol):
    """The file and whoever edits it."""

    async def present(self) -> FileText:
        """Return the file as it is now."""
        ...

    async def edit(self, change: Change, *, expected: Collection[str] = (), write: bool, guess: bool = False) -> Edit:
        """Make a change, or only say what it would be; one at a time.

        `expected` are the revisions of which the file must have one; none, or `*`, stand for any. With `guess`, the
        first runtime is taken where several would do. Raises EditRefused.
        """
        ...


class Catalogue(Protocol):
    """What the providers offer. It answers from memory; only a search, or the tags of a model, may be asked for.

    While the daemon starts, each call waits for what is in memory then.
    """

    async def answer(self, listing: Listing, provider: Provider, limit: int) -> CatalogueAnswer:
        """Return what is known now of TRENDING or AVAILABLE."""
        ...

    async def search(self, query: str, provider: Provider, limit: int) -> CatalogueAnswer:
        """Return what fits a query, within a deadline. Raises ValueError that says what to write instead."""
        ...

    async def tags(self, name: str, provider: Provider, limit: int) -> CatalogueAnswer:
        """Return the versions of a model, within a deadline. Raises ValueError that says what to write instead."""
        ...

    async def stats(self) -> CatalogueStats:
        """Return the numbers for metrics."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All that the API is given of the daemon, beside the snapshots."""

    commands: Commands
    history: History
    editor: Editor
    catalogue: Catalogue
    fetch: Callable[[], None] | None = None
    """Has the repository of the file fetched at once; None where the file comes from none."""

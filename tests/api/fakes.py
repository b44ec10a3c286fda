"""What the daemon hands the API, without a daemon."""

from collections.abc import Sequence

from venom_modeld.api.ports import Approved, NoSuchOperation, NoSuchPlan, NotPossibleNow
from venom_modeld.core.catalogue import CatalogueAnswer, CatalogueStats, Listing
from venom_modeld.core.events import OperationRecord
from venom_modeld.core.names import Provider


class FakeCommands:
    """Knows one unsafe plan and a few operations, and remembers what it was told."""

    def __init__(self) -> None:
        self.plan = Approved(runtime="ollama", digest="sha256:1234", models=("a:latest", "b:latest"))
        self.operations = {"running"}
        self.ended = {"done"}
        self.told: list[tuple[str, str]] = []
        self.sick: str | None = None

    async def approve(self, digest: str) -> Approved:
        """Approve the one plan."""
        if digest != self.plan.digest:
            raise NoSuchPlan(digest)
        self.told.append(("approve", digest))
        return self.plan

    async def cancel(self, operation_id: str) -> None:
        """Cancel an operation."""
        self._check(operation_id)
        self.told.append(("cancel", operation_id))

    async def retry(self, operation_id: str) -> None:
        """Retry an operation."""
        self._check(operation_id)
        self.told.append(("retry", operation_id))

    def health(self) -> str | None:
        """Return what is wrong."""
        return self.sick

    def _check(self, operation_id: str) -> None:
        if operation_id in self.ended:
            raise NotPossibleNow(f"Operation {operation_id} has ended; there is nothing to stop.")
        if operation_id not in self.operations:
            raise NoSuchOperation(operation_id)


class FakeHistory:
    """Remembers records, the newest first; `broken` is raised instead of an answer."""

    def __init__(self, records: Sequence[OperationRecord] = ()) -> None:
        self.records = list(records)
        self.broken: Exception | None = None

    async def operations(self, limit: int, *, before: str | None = None) -> Sequence[OperationRecord]:
        """Return a page."""
        self._check()
        ids = [record.id for record in self.records]
        start = 0 if before is None else ids.index(before) + 1 if before in ids else len(ids)
        return self.records[start : start + limit]

    async def operation(self, id_: str) -> OperationRecord | None:
        """Return one record."""
        self._check()
        exact = next((record for record in self.records if record.id == id_), None)
        return exact or next((record for record in self.records if record.key == id_), None)

    def _check(self) -> None:
        if self.broken is not None:
            raise self.broken


class FakeCatalogue:
    """Answers everything with the same, and remembers what it was asked."""

    def __init__(self, answer: CatalogueAnswer | None = None) -> None:
        self.known = answer or CatalogueAnswer(stale=True, error="There is no data yet.")
        self.asked: list[tuple[str, ...]] = []
        self.numbers = CatalogueStats()

    async def answer(self, listing: Listing, provider: Provider, limit: int) -> CatalogueAnswer:
        """Return what is known."""
        return self._answer(listing, provider, limit)

    async def search(self, query: str, provider: Provider, limit: int) -> CatalogueAnswer:
        """Return what is known; a query of spaces is none."""
        return self._answer("search", provider, limit, query)

    async def tags(self, name: str, provider: Provider, limit: int) -> CatalogueAnswer:
        """Return what is known; a name of spaces is none."""
        return self._answer("tags", provider, limit, name)

    async def stats(self) -> CatalogueStats:
        """Return the numbers."""
        return self.numbers

    def _answer(self, listing: str, provider: Provider, limit: int, text: str | None = None) -> CatalogueAnswer:
        if text is not None and not text.strip():
            raise ValueError("'  ' cannot be searched for; write 2 to 96 characters")
        self.asked.append((listing, provider.value, *([] if text is None else [text])))
        return CatalogueAnswer(
            entries=self.known.entries[:limit],
            fetched_at=self.known.fetched_at,
            stale=self.known.stale,
            error=self.known.error,
        )

"""What the sources said last, in memory and on disk, and the only place that asks them.

A question that is being asked is not asked a second time: who comes later waits for the same answer. A failure, an
empty list and a page that cannot be read never replace what was read before. That a source goes wrong is logged once
for all its listings, and once more for another reason; that it goes well again, once all of them do. Who asked for more
than what is kept fresh is told in the answer.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from venom_modeld.core.catalogue import KeptAnswer, KeptSize, Listing, Question
from venom_modeld.core.errors import ModeldError
from venom_modeld.core.reasons import Reason
from venom_modeld.trending import pace as pacing
from venom_modeld.trending.errors import ParseFailed, SourceFailed, Throttled
from venom_modeld.trending.limits import LONGEST_HOLD
from venom_modeld.trending.pace import Pace
from venom_modeld.trending.sources import Fetched, Source

MOST_QUERIES = 100
"""How many searches are remembered; the one that was needed least lately goes first."""

logger = logging.getLogger(__name__)


class Shelf(Protocol):
    """Where answers outlive the process: the state store. Every method may raise a TemporaryError."""

    async def load_catalogue(self) -> tuple[KeptAnswer, ...]:
        """Return every answer that is kept."""
        ...

    async def save_catalogue(self, kept: KeptAnswer) -> None:
        """Keep an answer in place of the one to the same question by the same source."""
        ...

    async def load_sizes(self) -> tuple[KeptSize, ...]:
        """Return every size that is kept."""
        ...

    async def save_sizes(self, sizes: tuple[KeptSize, ...]) -> None:
        """Keep sizes in place of those of the same names."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A host that may not be asked now."""

    host: str
    until: float
    """Seconds since the epoch."""


class Cache:
    """The answers of all sources. `wall` gives seconds since the epoch."""

    def __init__(self, shelf: Shelf, *, pace: Pace, wall: Callable[[], float]) -> None:
        self.pace = pace
        self._shelf = shelf
        self._wall = wall
        self._kept: dict[tuple[str, Question], KeptAnswer] = {}
        self._queries: OrderedDict[tuple[str, Question], None] = OrderedDict()
        self._asking: dict[tuple[str, Question], asyncio.Task[Throttled | None]] = {}
        self._held: dict[tuple[str, Question], Held] = {}
        self._saves = True
        self._told: dict[str, set[str | None]] = {}
        """The reasons for which a source is known to go wrong, to whoever reads the log."""

    async def load(self) -> None:
        """Take up what an earlier process kept. Raises a TemporaryError where that cannot be read."""
        for kept in await self._shelf.load_catalogue():
            self._put(kept)

    def get(self, source: Source, question: Question) -> KeptAnswer:
        """Return what a source said last; nothing at all before it was first asked."""
        kept = self._kept.get((source.name, question))
        if kept is None or not _is_of(kept, source):
            kept = pacing.nothing(source.name, question)
        return replace(kept, origin=source.origin)

    def held(self, source: Source, question: Question) -> Held | None:
        """Return why a source was not asked when it was due, the last time; None where it was."""
        return self._held.get((source.name, question))

    def left_alone(self, source: Source) -> float:
        """Return for how many seconds a source still wants to be left alone; what was told before a restart counts."""
        now = self._wall()
        kept_of_it = (kept for kept in self._kept.values() if kept.source == source.name and _is_of(kept, source))
        limited = (kept for kept in kept_of_it if kept.reason == Reason.RATE_LIMITED)
        waits = (kept.attempted_at + kept.wait - now for kept in limited if kept.attempted_at is not None)
        return max((wait for wait in waits if wait <= LONGEST_HOLD), default=0.0)

    def is_due(self, source: Source, question: Question) -> bool:
        """Tell whether a source would be asked now."""
        return source.off is None and pacing.is_due(self.get(source, question), now=self._wall())

    async def refresh(self, source: Source, question: Question) -> Throttled | None:
        """Ask a source if that is due, or wait for it if it is being asked; return what kept it from being asked.

        A caller that is cancelled leaves the question to go on.
        """
        key = (source.name, question)
        if key not in self._asking:
            if not self.is_due(source, question):
                return None
            task = asyncio.create_task(self._ask(source, question), name=f"ask {source.name}")
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(self._asking[key])

    async def close(self) -> None:
        """Give up what is being asked."""
        tasks = [*self._asking.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, source: Source, question: Question) -> Throttled | None:
        kept = self.get(source, question)
        self._held.pop((source.name, question), None)
        try:
            fetched = await self._answer(source, question, kept)
            after = pacing.answered(kept, fetched, now=self._wall(), pace=self.pace)
        except Throttled as error:
            self._held[source.name, question] = Held(host=error.host, until=self._wall() + error.wait)
            return error
        except SourceFailed as error:
            after = pacing.failed(kept, error, now=self._wall(), pace=self.pace)
        self._put(after)
        self._log_change(kept, after)
        await self._save(after)
        return None

    async def _answer(self, source: Source, question: Question, kept: KeptAnswer) -> Fetched | None:
        validator = kept.validator if kept.entries else None
        try:
            fetched = await source.ask(question, validator=validator)
        except (SourceFailed, Throttled):
            raise
        except Exception as error:  # a stranger's page must not stop the daemon, whatever it does to a parser
            logger.exception("catalogue source broke", extra={"source": source.name})
            message = f"What {source.name} answered cannot be read ({type(error).__name__}). Please report this."
            raise SourceFailed(message, reason=Reason.FAILED) from error
        if fetched is not None and not fetched.entries and question.listing is not Listing.SEARCH:
            raise ParseFailed(f"The {source.name} answered with an empty list, which it never is.")
        return fetched

    async def _save(self, kept: KeptAnswer) -> None:
        try:
            await self._shelf.save_catalogue(kept)
        except ModeldError as error:
            if self._saves:
                logger.warning("catalogue cannot be kept on disk", extra={"detail": error.message})
            self._saves = False
        else:
            self._saves = True

    def _put(self, kept: KeptAnswer) -> None:
        key = (kept.source, kept.question)
        self._kept[key] = kept
        if kept.question.query:
            self._queries[key] = None
            self._queries.move_to_end(key)
        while len(self._queries) > MOST_QUERIES:
            oldest, _ = self._queries.popitem(last=False)
            del self._kept[oldest]

    def _log_change(self, before: KeptAnswer, after: KeptAnswer) -> None:
        if after.question.query:
            return
        told = self._told.setdefault(after.source, set())
        fields = {"source": after.source, "listing": after.question.listing.value}
        if after.error is not None:
            if after.reason not in told:
                logger.warning(
                    "catalogue cannot be read", extra={**fields, "reason": after.reason, "detail": after.error}
                )
            told.add(after.reason)
        elif before.error is not None and not self._goes_wrong(after.source):
            logger.info("catalogue can be read again", extra={"source": after.source, "failures": before.failures})
            told.clear()

    def _goes_wrong(self, source: str) -> bool:
        return any(kept.error for kept in self._kept.values() if kept.source == source and not kept.question.query)


def _is_of(kept: KeptAnswer, source: Source) -> bool:
    """Tell whether an answer was given where the source is now; one that says nothing of that was."""
    return kept.origin in ("", source.origin)

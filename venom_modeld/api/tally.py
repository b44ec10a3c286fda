"""Counts how operations end, how long they took and what they brought, for the metrics.

The snapshot holds the latest events only, and the history drops its oldest records, so neither can be counted anew;
the tally reads each event once, as the snapshots go by, and asks the history what kind of operation it was.
"""

import logging
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from venom_modeld.api.lag import Delays
from venom_modeld.api.ports import History
from venom_modeld.api.stream import events_after, mark_of
from venom_modeld.core import events
from venom_modeld.core.errors import ModeldError
from venom_modeld.core.events import Event, OperationRecord, OperationStatus
from venom_modeld.core.operations import DOWNLOAD_TYPES, OperationType
from venom_modeld.state.snapshot import SnapshotHub

logger = logging.getLogger(__name__)

RESULTS = {
    events.OPERATION_COMPLETED: "completed",
    events.OPERATION_FAILED: "failed",
    events.OPERATION_CANCELLED: "cancelled",
}

Ended = tuple[str, OperationType, str]
"""A runtime, the type of an operation, and its result."""

BOUNDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)
"""Seconds: the upper bounds of the buckets that durations are counted in; a last bucket takes what is longer."""


@dataclass(slots=True)
class Durations:
    """How long operations took: how many fell into each bucket, and all seconds together."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


@dataclass(frozen=True, slots=True)
class Finished:
    """What the operations that ended took and brought, by runtime, durations by type too."""

    durations: defaultdict[tuple[str, OperationType], Durations] = field(default_factory=lambda: defaultdict(Durations))
    downloaded: Counter[str] = field(default_factory=Counter)
    """Bytes of completed downloads; one that was cut and resumed counts once."""

    def add(self, record: OperationRecord) -> None:
        """Count one."""
        if record.started_at is not None and record.completed_at is not None:
            self.durations[record.runtime, record.type].add(max(0.0, record.completed_at - record.started_at))
        if record.type in DOWNLOAD_TYPES and record.status is OperationStatus.COMPLETED and record.transfer is not None:
            self.downloaded[record.runtime] += record.transfer.completed_bytes


class Tally:
    """How many operations ended since the daemon started, and what they took and brought."""

    def __init__(self) -> None:
        self.ended: Counter[Ended] = Counter()
        self.finished = Finished()
        self.delays = Delays()

    async def watch(self, hub: SnapshotHub, history: History) -> None:
        """Count for ever. Events from before the daemon started are not counted."""
        version, mark = -1, None
        while True:
            snapshot = await hub.newer_than(version)
            for event in events_after(snapshot.events, mark):
                if event.type in RESULTS and event.at >= snapshot.started_at:
                    await self._count(event, history)
            version, mark = snapshot.version, mark_of(snapshot.events)

    async def _count(self, event: Event, history: History) -> None:
        try:
            record = await history.operation(event.operation_id)
        except ModeldError as error:
            logger.warning("operation not counted", extra={"operation_id": event.operation_id, "detail": error.message})
            return
        if record is not None:
            self.ended[event.runtime, record.type, RESULTS[event.type]] += 1
            self.finished.add(record)

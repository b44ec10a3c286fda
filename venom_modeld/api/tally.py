"""Counts how operations end, for the metrics.

The snapshot holds the latest events only, and the history drops its oldest records, so neither can be counted anew;
the tally reads each event once, as the snapshots go by, and asks the history what kind of operation it was.
"""

import logging
from collections import Counter

from venom_modeld.api.ports import History
from venom_modeld.api.stream import events_after, mark_of
from venom_modeld.core import events
from venom_modeld.core.errors import ModeldError
from venom_modeld.core.events import Event
from venom_modeld.core.operations import OperationType
from venom_modeld.state.snapshot import SnapshotHub

logger = logging.getLogger(__name__)

RESULTS = {
    events.OPERATION_COMPLETED: "completed",
    events.OPERATION_FAILED: "failed",
    events.OPERATION_CANCELLED: "cancelled",
}

Ended = tuple[str, OperationType, str]
"""A runtime, the type of an operation, and its result."""


class Tally:
    """How many operations ended since the daemon started."""

    def __init__(self) -> None:
        self.ended: Counter[Ended] = Counter()

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

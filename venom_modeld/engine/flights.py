"""Work in flight on one runtime: the running operations, each with its task, its record and its transfer."""

import asyncio
from dataclasses import dataclass, replace

from venom_modeld.core.events import OperationRecord
from venom_modeld.core.operations import Operation
from venom_modeld.core.progress import Transfer


@dataclass(slots=True, kw_only=True)
class Flight:
    """One running operation."""

    operation: Operation
    record: OperationRecord
    transfer: Transfer
    task: asyncio.Task[None] | None = None
    cancelled_by: str = ""
    """Why it is being cancelled, in a sentence; empty while it is not."""
    hold: bool = False
    """A person cancels it: it stays held until retried or until its entry changes."""

    def shown(self) -> OperationRecord:
        """Return its record with where it is now."""
        return replace(self.record, transfer=self.transfer)

    def cancel(self, why: str, *, hold: bool = False) -> None:
        """Ask it to stop; asking twice is asking once.

        A task that is cancelled before its first step never takes any, and so could not tell that it is over. That
        step stands in line before whatever is called soon.
        """
        if not self.cancelled_by and self.task is not None:
            self.cancelled_by, self.hold = why, hold
            asyncio.get_running_loop().call_soon(self.task.cancel)

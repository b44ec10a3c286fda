"""The status snapshot: the one frozen value that the API, the screen, the CLI and the metrics read.

The daemon makes a new one whenever something changed; readers keep the one they got for as long as they work on it.
Nothing in it can reach a runtime.
"""

import asyncio
from dataclasses import dataclass, field

from venom_modeld.core.conditions import Condition
from venom_modeld.core.desired import DesiredState, RuntimeSpec
from venom_modeld.core.drift import Drift
from venom_modeld.core.events import Event, OperationRecord
from venom_modeld.core.inventory import Inventory
from venom_modeld.core.observed import Capabilities, ObservedState, Unknown
from venom_modeld.core.origin import Origin
from venom_modeld.core.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSnapshot:
    """One runtime: what the file says of it, what it said last, and what is being done."""

    spec: RuntimeSpec
    capabilities: Capabilities = field(default_factory=Capabilities)
    observed: ObservedState | None = None
    """The last good observation; on show with its age while the runtime is Unknown."""
    observed_at: float | None = None
    unknown: Unknown | None = None
    """Why nothing is known of it now; None while it answers."""
    unknown_since: float | None = None
    inventory: Inventory = field(default_factory=Inventory)
    drift: tuple[Drift, ...] = ()
    plan: Plan | None = None
    conditions: tuple[Condition, ...] = ()
    operations: tuple[OperationRecord, ...] = ()
    """Pending, running and last failed operations; ended ones are in the history."""
    observed_generation: int = 0
    """The generation that the last cycle worked on."""
    converged_revision: str | None = None
    """The last revision that the runtime was seen to satisfy."""
    cycle_seconds: float | None = None
    cycles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSnapshot:
    """The desired-state file: which revision is in force, and what is wrong with a newer one."""

    path: str
    revision: str | None = None
    """The last good revision, which is in force."""
    accepted_at: float | None = None
    attempted_revision: str | None = None
    """The revision last read, good or not; None where nothing could be read."""
    problems: tuple[str, ...] = ()
    """Each `file:line:column: what, and what to write instead`; empty while the file is valid."""
    problems_since: float | None = None
    author: str = ""
    """Who made the revision that is in force, where it is a commit."""
    origin: Origin | None = None
    """The repository that the file comes from, where it comes from one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSnapshot:
    """Everything that may be reported. `version` grows by one with each new snapshot of a process."""

    version: int = 0
    made_at: float = 0.0
    host: str = ""
    started_at: float = 0.0
    file: FileSnapshot = field(default_factory=lambda: FileSnapshot(path=""))
    desired: DesiredState | None = None
    conditions: tuple[Condition, ...] = ()
    runtimes: tuple[RuntimeSnapshot, ...] = ()
    events: tuple[Event, ...] = ()
    """The latest events, oldest first, bounded."""

    def runtime(self, name: str) -> RuntimeSnapshot | None:
        """Return the runtime of that name, or None."""
        return next((runtime for runtime in self.runtimes if runtime.spec.name == name), None)


class SnapshotHub:
    """Holds the present snapshot and wakes those who wait for a newer one.

    A reader that is slow skips snapshots; it never holds up the daemon and nothing is queued for it.
    """

    def __init__(self) -> None:
        self._present = StatusSnapshot()
        self._changed = asyncio.Event()

    @property
    def present(self) -> StatusSnapshot:
        """Return the present snapshot."""
        return self._present

    def publish(self, snapshot: StatusSnapshot) -> None:
        """Make a snapshot the present one and wake all waiters."""
        self._present = snapshot
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def newer_than(self, version: int) -> StatusSnapshot:
        """Wait until the present snapshot's version is above `version`, and return it."""
        while self._present.version <= version:
            await self._changed.wait()
        return self._present

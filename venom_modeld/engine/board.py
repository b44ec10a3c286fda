"""Puts the status snapshot together from what the loops and the file report, and publishes it.

Progress comes in many times a second; readers need it a few times. So reports of progress are gathered for a moment,
while everything else is published at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from venom_modeld.core.conditions import Condition, carry_over, config_valid, roll_up, source_fetched
from venom_modeld.core.desired import DesiredState
from venom_modeld.core.events import Event
from venom_modeld.state.snapshot import FileSnapshot, RuntimeSnapshot, SnapshotHub, StatusSnapshot

GATHER_SECONDS = 0.2
EVENTS = 100


class Board:
    """The one writer of the snapshot. `wall` returns seconds since the epoch."""

    def __init__(self, hub: SnapshotHub, *, host: str, wall: Callable[[], float]) -> None:
        self._hub = hub
        self._wall = wall
        self._started_at = wall()
        self._host = host
        self._file = FileSnapshot(path="")
        self._desired: DesiredState | None = None
        self._runtimes: dict[str, RuntimeSnapshot] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS)
        self._soon: asyncio.TimerHandle | None = None
        self._refreshers: dict[str, Callable[[RuntimeSnapshot], RuntimeSnapshot]] = {}

    def set_file(self, file: FileSnapshot, desired: DesiredState | None) -> None:
        """Tell what the file says now."""
        self._file, self._desired = file, desired
        self.publish()

    def set_runtime(self, runtime: RuntimeSnapshot) -> None:
        """Tell what is known of a runtime now."""
        self._runtimes[runtime.spec.name] = runtime
        self.publish()

    def watch(self, name: str, refresh: Callable[[RuntimeSnapshot], RuntimeSnapshot]) -> None:
        """Have a runtime's snapshot refreshed with what is in flight, whenever one is published."""
        self._refreshers[name] = refresh

    def drop_runtime(self, name: str) -> None:
        """Forget a runtime that the file no longer names."""
        self._runtimes.pop(name, None)
        self._refreshers.pop(name, None)
        self.publish()

    def tell(self, event: Event) -> None:
        """Add an event; it is published with the next snapshot, which is soon."""
        self._events.append(event)
        self.publish_soon()

    def publish_soon(self) -> None:
        """Publish within a moment, together with what else changes until then."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(GATHER_SECONDS, self.publish)

    def publish(self) -> None:
        """Publish now."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._hub.publish(self._snapshot())

    def _snapshot(self) -> StatusSnapshot:
        now, before = self._wall(), self._hub.present
        order = {spec.name: place for place, spec in enumerate(self._desired.runtimes)} if self._desired else {}
        names = sorted(self._runtimes, key=lambda name: order.get(name, len(order)))
        runtimes = tuple(self._refreshers.get(name, _same)(self._runtimes[name]) for name in names)
        conditions = self._conditions(tuple(runtime.conditions for runtime in runtimes), now)
        return StatusSnapshot(
            version=before.version + 1,
            made_at=now,
            host=self._host,
            started_at=self._started_at,
            file=self._file,
            desired=self._desired,
            conditions=carry_over(before.conditions, conditions),
            runtimes=runtimes,
            events=tuple(self._events),
        )

    def _conditions(self, runtimes: tuple[tuple[Condition, ...], ...], now: float) -> tuple[Condition, ...]:
        """Return the conditions of the whole: of the runtimes, of the file, and of where that comes from."""
        generation, file = self._desired.generation if self._desired else 0, self._file
        missing = file.attempted_revision is None
        config = config_valid(file.problems, generation=generation, now=now, missing=missing)
        found = roll_up(config, runtimes, now=now)
        return (*found, source_fetched(file.origin, generation=generation, now=now)) if file.origin else found


def _same(runtime: RuntimeSnapshot) -> RuntimeSnapshot:
    return replace(runtime)

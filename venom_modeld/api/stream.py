"""The event stream: server-sent events that tell of every change of the snapshot.

Nothing is queued for a reader. Each waits for a snapshot newer than the one it told of last, so a slow one skips. The
id of an item holds all that is needed to go on after it: which process told it, which snapshot it was, and the last
event of that. A reader that comes with an id of another process, or whose last event is forgotten, gets everything.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, field

from venom_modeld.api.answers import SnapshotAnswer
from venom_modeld.api.values import encoded
from venom_modeld.api.views_operations import current, event_info, operation_info
from venom_modeld.core.events import Event, OperationRecord
from venom_modeld.state.snapshot import SnapshotHub, StatusSnapshot

PACE_SECONDS = 0.25
"""Between two snapshots that one reader is told of."""

HEARTBEAT_SECONDS = 15.0
"""After which silence is broken, so that both ends notice when the other is gone."""

HEARTBEAT = b": still here\n\n"
GREETING = b"retry: 2000\n\n"
"""How many milliseconds a browser waits before it comes back."""

ITEM_SCHEMA = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "id": {"type": "string", "description": "The place in the stream, to be sent back as `Last-Event-ID`."},
        "event": {"enum": ["snapshot", "operation", "event"], "description": "What the data is."},
        "data": {
            "type": "string",
            "description": "The status, an operation as it is now, or what happened, in the order of `event`.",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [
                    {"$ref": f"#/components/schemas/{name}"} for name in ("StatusAnswer", "OperationInfo", "EventInfo")
                ]
            },
        },
    },
}
"""How OpenAPI describes one item."""

_NOTHING = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a reader was told."""

    version: int = -1
    mark: str | None = None
    """Names the last event that it was told of; None before the first snapshot."""
    operations: Mapping[str, OperationRecord] = field(default_factory=dict)
    """The operations as it knows them, by id."""


def mark_of(events: tuple[Event, ...]) -> str:
    """Return a short name of the last event."""
    return _name(events[-1]) if events else _NOTHING


def _name(event: Event) -> str:
    return hashlib.blake2b(repr(event).encode(), digest_size=6).hexdigest()


def events_after(events: tuple[Event, ...], mark: str | None) -> tuple[Event, ...]:
    """Return the events after the one of that mark; all of them where it is not, or no longer, among them."""
    for position in range(len(events) - 1, -1, -1):
        if _name(events[position]) == mark:
            return events[position + 1 :]
    return events


def item(name: str, data: bytes, place: str | None = None) -> bytes:
    """Return one item of the stream; `data` is one line."""
    identity = b"id: %s\n" % place.encode() if place else b""
    return b"%sevent: %s\ndata: %s\n\n" % (identity, name.encode(), data)


class Feed:
    """Tells readers of the snapshots of one process."""

    def __init__(self, hub: SnapshotHub, status: SnapshotAnswer, process: str) -> None:
        self._hub = hub
        self._status = status
        self._process = process
        self._latest = -1
        self._news: dict[tuple[int, str | None, bool], asyncio.Future[bytes]] = {}
        """What the latest snapshot has beyond places: readers who are at the same one are told the same."""
        self._reached = Place()
        """Where readers are who were told of the latest snapshot."""

    async def items(self, last_event_id: str | None) -> AsyncGenerator[bytes]:
        """Yield what a reader is to be sent, beginning after its last id, for as long as it reads."""
        place = self.place(last_event_id)
        yield GREETING
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    snapshot = await self._hub.newer_than(place.version)
            except TimeoutError:
                yield HEARTBEAT
                continue
            yield await self.news(snapshot, place)
            place = self._after(snapshot)
            await asyncio.sleep(PACE_SECONDS)

    def place(self, last_event_id: str | None) -> Place:
        """Return where a reader was; before everything where its id is none of this process."""
        found = re.fullmatch(r"([0-9a-f]+)-(\d{1,18})-([0-9a-f]+)", last_event_id or "", re.ASCII)
        if found is None or found[1] != self._process or int(found[2]) > self._hub.present.version:
            return Place()
        return Place(version=int(found[2]), mark=found[3])

    async def news(self, snapshot: StatusSnapshot, place: Place) -> bytes:
        """Return what a snapshot has beyond a place, made once for all who ask for it."""
        if snapshot.version > self._latest:
            self._latest, self._news = snapshot.version, {}
        key = (place.version, place.mark, bool(place.operations))
        if snapshot.version != self._latest:
            return await self._made(snapshot, place)
        if key not in self._news:
            self._news[key] = asyncio.ensure_future(self._made(snapshot, place))
        return await asyncio.shield(self._news[key])

    def _after(self, snapshot: StatusSnapshot) -> Place:
        """Return where a reader is who was told of a snapshot, worked out once for all of them."""
        if self._reached.version != snapshot.version:
            self._reached = Place(
                version=snapshot.version,
                mark=mark_of(snapshot.events),
                operations={record.id: record for record in current(snapshot)},
            )
        return self._reached

    async def _made(self, snapshot: StatusSnapshot, place: Place) -> bytes:
        """Make what a snapshot has beyond a place. Only the last item has an id: who misses it gets all again."""
        status = (await self._status.made()).content
        identity = f"{self._process}-{snapshot.version}-{mark_of(snapshot.events)}"
        return await asyncio.to_thread(_told, snapshot, place) + item("snapshot", status, identity)


def _told(snapshot: StatusSnapshot, place: Place) -> bytes:
    """Return the events and the operations that a snapshot has beyond a place."""
    return b"".join(_items(snapshot, place))


def _items(snapshot: StatusSnapshot, place: Place) -> Iterator[bytes]:
    for event in events_after(snapshot.events, place.mark):
        yield item("event", encoded(event_info(event)))
    for record in current(snapshot):
        if place.operations.get(record.id) != record:
            yield item("operation", encoded(operation_info(record)))

"""The snapshots of this process in the words of the API, for `apply`, which works without a daemon to ask."""

from typing import Any

from venom_modeld.api import views_models, views_operations, views_status
from venom_modeld.cli.following import Follower
from venom_modeld.cli.render.status_text import View
from venom_modeld.core.events import Event, OperationRecord
from venom_modeld.state.snapshot import StatusSnapshot

Json = dict[str, Any]

MOST_OPERATIONS = 100


class Snapshots:
    """Tells a follower what is new in each snapshot."""

    def __init__(self) -> None:
        self.present = StatusSnapshot()
        self._event: Event | None = None
        self._operations: dict[str, OperationRecord] = {}

    def tell(self, snapshot: StatusSnapshot, follower: Follower) -> None:
        """Take a snapshot, and tell what it has beyond the one before."""
        self.present = snapshot
        for event in _after(snapshot.events, self._event):
            follower.take("event", _json(views_operations.event_info(event)))
        found = {record.id: record for record in views_operations.current(snapshot)}
        for name, record in found.items():
            if self._operations.get(name) != record:
                follower.take("operation", _json(views_operations.operation_info(record)))
        self._event = snapshot.events[-1] if snapshot.events else None
        self._operations = found
        follower.take("snapshot", _json(views_status.status(snapshot)))

    def view(self) -> View:
        """Return everything that can be shown of the present snapshot."""
        models = views_models.models(self.present)
        operations = views_operations.operations(self.present, (), MOST_OPERATIONS)
        return View(
            status=_json(views_status.status(self.present)),
            runtimes=[_json(one) for one in views_status.runtimes(self.present).runtimes],
            models=[_json(one) for one in (*models.models, *models.missing)],
            operations=[_json(one) for one in operations.operations],
        )


def _after(events: tuple[Event, ...], last: Event | None) -> tuple[Event, ...]:
    """Return the events after the last one told; all of them where that is forgotten by now."""
    for position in range(len(events) - 1, -1, -1):
        if events[position] is last:
            return events[position + 1 :]
    return events


def _json(answer: Any) -> Json:
    found: Json = answer.model_dump(mode="json")
    return found

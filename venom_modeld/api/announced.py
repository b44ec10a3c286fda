"""Operations that edits were answered with, until the loop of their runtime has read the edit and tells of them.

Without this a caller who asks at once how its operation goes would hear that there is none.
"""

from collections import OrderedDict

from venom_modeld.core.edits import Edit
from venom_modeld.core.events import OperationRecord, OperationStatus
from venom_modeld.core.plan import Step
from venom_modeld.core.reasons import Reason
from venom_modeld.state.snapshot import SnapshotHub

MOST = 200
"""How many are remembered; the oldest goes first."""


class Announced:
    """The operations that are yet to be planned, by their keys."""

    def __init__(self, hub: SnapshotHub) -> None:
        self._hub = hub
        self._records: OrderedDict[str, OperationRecord] = OrderedDict()

    def note(self, edit: Edit, step: Step | None) -> None:
        """Remember what an edit will lead to, in place of what earlier edits of the same model would have led to."""
        if edit.runtime is None or edit.model is None or not edit.written:
            return
        same = (edit.runtime.name, edit.model.text)
        for key in [key for key, record in self._records.items() if (record.runtime, record.model) == same]:
            del self._records[key]
        if step is not None:
            self._records[step.key] = _record(step, edit.after.revision, self._generation)
            if len(self._records) > MOST:
                self._records.popitem(last=False)

    def find(self, key: str) -> OperationRecord | None:
        """Return the operation of a key while nobody else can know of it."""
        record = self._records.get(key)
        if record is None:
            return None
        runtime = self._hub.present.runtime(record.runtime)
        if runtime is not None and runtime.unknown is None and runtime.observed_generation >= record.generation:
            del self._records[key]
            return None
        return record

    @property
    def _generation(self) -> int:
        """Return the generation that the edit will be."""
        desired = self._hub.present.desired
        return desired.generation + 1 if desired else 1


def _record(step: Step, revision: str, generation: int) -> OperationRecord:
    operation = step.operation
    return OperationRecord(
        id=step.key,
        key=step.key,
        runtime=operation.runtime,
        type=operation.type,
        model=operation.model.text,
        status=OperationStatus.PENDING,
        reason=Reason.PENDING,
        message=operation.reason,
        revision=revision,
        generation=generation,
        size_bytes=operation.size_bytes,
    )

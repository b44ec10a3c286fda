"""Operations and events, as the API tells them."""

from collections.abc import Iterable, Sequence
from itertools import islice

from venom_modeld.api.models_operations import (
    EventInfo,
    HistoryAnswer,
    OperationInfo,
    OperationsAnswer,
)
from venom_modeld.api.values import timestamp
from venom_modeld.api.views_common import done
from venom_modeld.core.desired import GB
from venom_modeld.core.events import Event, OperationRecord, OperationStatus
from venom_modeld.core.operations import OperationType
from venom_modeld.core.progress import Phase, Transfer
from venom_modeld.core.sizes import human
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot

_RANK = {OperationStatus.IN_PROGRESS: 0, OperationStatus.PENDING: 1}
_ENDED = 2


def current(snapshot: StatusSnapshot) -> tuple[OperationRecord, ...]:
    """Return the operations of the snapshot: those in progress, those pending, those that ended."""
    found = (record for runtime in snapshot.runtimes for record in _present(snapshot, runtime))
    return tuple(sorted(found, key=lambda record: _RANK.get(record.status, _ENDED)))


def _present(snapshot: StatusSnapshot, runtime: RuntimeSnapshot) -> list[OperationRecord]:
    over = done(snapshot, runtime)
    return [one for one in runtime.operations if one.status is OperationStatus.IN_PROGRESS or one.key not in over]


def ended(records: Iterable[OperationRecord]) -> tuple[OperationRecord, ...]:
    """Return the records of operations that ended."""
    return tuple(record for record in records if record.status not in _RANK)


def operations(snapshot: StatusSnapshot, remembered: Sequence[OperationRecord], limit: int) -> OperationsAnswer:
    """Return what is going on and then what ended; an operation that both tell of is told once, by the snapshot."""
    present = current(snapshot)
    known = {record.id for record in present}
    before = (record for record in ended(remembered) if record.id not in known)
    found = [operation_info(record) for record in islice((*present, *before), limit)]
    return OperationsAnswer(count=len(found), operations=found)


def history(remembered: Sequence[OperationRecord], limit: int) -> HistoryAnswer:
    """Return the page of the history that was read with `limit`."""
    found = [operation_info(record) for record in ended(remembered)]
    more = len(remembered) == limit
    return HistoryAnswer(count=len(found), operations=found, next=remembered[-1].id if more else None)


def operation_info(record: OperationRecord) -> OperationInfo:
    """Return one operation as the API writes it."""
    transfer = record.transfer
    return OperationInfo(
        operation_id=record.id,
        model_name=record.model,
        operation_type=record.type,
        status=record.status,
        progress=_progress(record),
        message=message(record),
        started_at=timestamp(record.started_at),
        completed_at=timestamp(record.completed_at),
        error=record.message if record.status is OperationStatus.FAILED else None,
        runtime=record.runtime,
        reason=record.reason,
        phase=_phase(record),
        attempt=record.attempt,
        retry_at=timestamp(record.retry_at),
        bytes_completed=transfer.completed_bytes if transfer else None,
        bytes_total=_bytes_total(record),
        bytes_per_second=_rounded(transfer.bytes_per_second if transfer else None),
        seconds_left=_rounded(transfer.seconds_left if transfer else None),
        revision=record.revision,
        author=record.author or None,
        generation=record.generation,
    )


def _phase(record: OperationRecord) -> Phase | None:
    """Return what is being done; a runtime that said nothing yet of what it loads is loading it."""
    phase = record.transfer.phase if record.transfer else None
    return Phase.LOADING if phase is Phase.WAITING and record.type is OperationType.ACTIVATE else phase


def _rounded(number: float | None) -> int | None:
    return None if number is None else round(number)


def _bytes_total(record: OperationRecord) -> int | None:
    """Return the size of a download; what else an operation frees or loads is no transfer."""
    if record.type not in {OperationType.INSTALL, OperationType.UPDATE}:
        return None
    return (record.transfer.total_bytes if record.transfer else None) or record.size_bytes


def _progress(record: OperationRecord) -> float | None:
    if record.status is OperationStatus.COMPLETED:
        return 100.0
    return record.transfer.percent if record.transfer else None


def message(record: OperationRecord) -> str:
    """Return how far a download is, and for everything else what its record says."""
    transfer = record.transfer
    if record.status is not OperationStatus.IN_PROGRESS or transfer is None or transfer.phase is not Phase.DOWNLOADING:
        return record.message
    parts = [_amount(transfer)]
    if transfer.bytes_per_second is not None:
        parts.append(_speed(transfer.bytes_per_second))
    if transfer.seconds_left is not None:
        parts.append(f"{_duration(transfer.seconds_left)} left")
    return ", ".join(parts)


def _amount(transfer: Transfer) -> str:
    done, whole = transfer.completed_bytes, transfer.total_bytes
    if whole is None:
        return human(done)
    return f"{done / GB:.1f} of {whole / GB:.1f} GB" if whole >= GB else f"{human(done)} of {human(whole)}"


def _speed(bytes_per_second: float) -> str:
    megabytes = bytes_per_second / 1_000_000
    return f"{megabytes:.0f} MB/s" if megabytes >= 10 else f"{megabytes:.1f} MB/s"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def event_info(event: Event) -> EventInfo:
    """Return an event as the API writes it."""
    return EventInfo(
        at=timestamp(event.at),
        type=event.type,
        runtime=event.runtime or None,
        model=event.model or None,
        reason=event.reason,
        message=event.message,
        operation_id=event.operation_id or None,
        operation_type=event.operation_type,
        revision=event.revision or None,
    )

"""How operations and events are told."""

from dataclasses import replace

import pytest

from tests.api.builder import DOWNLOAD, NOON, ended, event, observation, record, runtime, snapshot, spec
from venom_modeld.api.views_operations import event_info, history, operation_info, operations
from venom_modeld.core import events
from venom_modeld.core.events import OperationRecord, OperationStatus
from venom_modeld.core.operations import OperationType
from venom_modeld.core.progress import Phase
from venom_modeld.core.reasons import Reason
from venom_modeld.state.snapshot import StatusSnapshot

PLAIN = record()


def with_operations(*found: OperationRecord) -> StatusSnapshot:
    """Return a snapshot with these operations."""
    return snapshot(runtime(spec(), observation(), operations=found))


@pytest.mark.parametrize(
    ("transfer", "message"),
    [
        (None, "declared, not installed"),
        (DOWNLOAD, "1.8 of 4.4 GB, 22 MB/s, 2 min left"),
        (replace(DOWNLOAD, bytes_per_second=None), "1.8 of 4.4 GB"),
        (replace(DOWNLOAD, total_bytes=None), "1.8 GB, 22 MB/s"),
        (replace(DOWNLOAD, completed_bytes=0, bytes_per_second=None), "0.0 of 4.4 GB"),
        (replace(DOWNLOAD, bytes_per_second=500_000.0), "1.8 of 4.4 GB, 0.5 MB/s, 1 h 27 min left"),
        (replace(DOWNLOAD, completed_bytes=4_399_000_000), "4.4 of 4.4 GB, 22 MB/s, 1 s left"),
        (
            replace(DOWNLOAD, completed_bytes=20_000_000, total_bytes=523_000_000, bytes_per_second=5_300_000.0),
            "20.0 MB of 523 MB, 5.3 MB/s, 2 min left",
        ),
        (replace(DOWNLOAD, phase=Phase.VERIFYING), "declared, not installed"),
    ],
)
def test_how_far_a_download_is(transfer: object, message: str) -> None:
    """A download in progress tells its bytes, its speed and the time left, as far as each is known."""
    assert operation_info(replace(PLAIN, transfer=transfer)).message == message  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shown", "progress"),
    [
        (PLAIN, None),
        (replace(PLAIN, status=OperationStatus.PENDING), None),
        (replace(PLAIN, transfer=DOWNLOAD), 40.9),
        (replace(PLAIN, transfer=replace(DOWNLOAD, completed_bytes=4_400_000_000)), 99.9),
        (replace(PLAIN, transfer=replace(DOWNLOAD, total_bytes=None)), None),
        (replace(PLAIN, transfer=DOWNLOAD, status=OperationStatus.FAILED), 40.9),
        (replace(PLAIN, transfer=DOWNLOAD, status=OperationStatus.COMPLETED), 100.0),
        (replace(PLAIN, status=OperationStatus.COMPLETED), 100.0),
    ],
)
def test_progress_is_a_hundred_with_success_alone(shown: OperationRecord, progress: float | None) -> None:
    """Progress is null where it cannot be told, and 100 only for what is done."""
    assert operation_info(shown).progress == progress


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (OperationStatus.FAILED, "the registry has no such model"),
        (OperationStatus.CANCELLED, None),
        (OperationStatus.IN_PROGRESS, None),
    ],
)
def test_the_reason_of_a_failure_stands_in_the_message_too(status: OperationStatus, error: str | None) -> None:
    """A page that shows the message alone shows why it failed."""
    shown = operation_info(replace(PLAIN, status=status, message="the registry has no such model"))
    assert shown.message == "the registry has no such model"
    assert shown.error == error


@pytest.mark.parametrize(
    ("shown", "total"),
    [
        (record(transfer=DOWNLOAD, size_bytes=1), 4_400_000_000),
        (record(transfer=replace(DOWNLOAD, total_bytes=None), size_bytes=9), 9),
        (record(status=OperationStatus.PENDING, size_bytes=9), 9),
        (record(type=OperationType.REMOVE, size_bytes=9), None),
        (record(), None),
    ],
)
def test_the_size_of_a_download(shown: OperationRecord, total: int | None) -> None:
    """Before bytes arrive the planned size is told; what a removal frees is no download."""
    assert operation_info(shown).bytes_total == total


@pytest.mark.parametrize(
    ("operation", "phase", "told"),
    [
        (OperationType.ACTIVATE, Phase.WAITING, Phase.LOADING),
        (OperationType.ACTIVATE, Phase.VERIFYING, Phase.VERIFYING),
        (OperationType.INSTALL, Phase.WAITING, Phase.WAITING),
    ],
)
def test_the_phase_of_an_operation(operation: OperationType, phase: Phase, told: Phase) -> None:
    """A runtime that was asked to load a model is loading it, whether it said so yet or not."""
    shown = operation_info(record(type=operation, transfer=replace(DOWNLOAD, phase=phase)))
    assert shown.phase is told


def test_what_was_just_done_is_not_told_as_pending() -> None:
    """Between the end of an operation and the next look at the runtime, its old plan is not believed."""
    step, other = record(status=OperationStatus.PENDING), record(id="b", key="b", status=OperationStatus.PENDING)
    shown = with_operations(step, other)
    over = event(1, at=NOON, operation_id=PLAIN.id)
    assert [one.operation_id for one in operations(replace(shown, events=(over,)), [], limit=9).operations] == ["b"]
    again = replace(shown, runtimes=(replace(shown.runtimes[0], observed_at=NOON),), events=(over,))
    assert operations(again, [], limit=9).count == 2


def test_numbers_of_a_transfer_are_whole() -> None:
    """Bytes, speed and seconds have no fractions."""
    shown = operation_info(replace(PLAIN, transfer=DOWNLOAD))
    assert (shown.bytes_completed, shown.bytes_per_second, shown.seconds_left) == (1_800_000_000, 21_666_667, 120)
    assert shown.phase is Phase.DOWNLOADING


def test_times_of_an_operation() -> None:
    """Start, end and the next try are told in UTC."""
    failed = ended(1, OperationStatus.FAILED, retry_at=NOON + 60, attempt=2)
    shown = operation_info(failed)
    assert (shown.started_at, shown.completed_at) == ("2026-03-01T10:53:21.000Z", "2026-03-01T11:10:01.000Z")
    assert (shown.retry_at, shown.attempt) == ("2026-03-01T12:01:00.000Z", 2)


def test_what_goes_on_is_told_before_what_ended() -> None:
    """First what is in progress, then what is pending, then what ended, the latest first, each once."""
    failed = ended(9, OperationStatus.FAILED)
    pending, running = record(id="pending", status=OperationStatus.PENDING), record(id="running")
    shown = with_operations(failed, pending, running)
    answer = operations(shown, [failed, running, ended(8), ended(7)], limit=50)
    assert [one.operation_id for one in answer.operations] == ["running", "pending", "past-009", "past-008", "past-007"]
    assert answer.count == 5


def test_a_limit_cuts_the_oldest() -> None:
    """No more are listed than were asked for."""
    answer = operations(with_operations(record(id="running")), [ended(2), ended(1)], limit=2)
    assert [one.operation_id for one in answer.operations] == ["running", "past-002"]


def test_a_record_that_was_never_ended_is_no_history() -> None:
    """What the history has still open is told by the snapshot or not at all."""
    answer = history([record(), ended(1)], limit=2)
    assert [one.operation_id for one in answer.operations] == ["past-001"]


@pytest.mark.parametrize(("limit", "following"), [(1, "past-002"), (2, "past-001"), (3, None)])
def test_a_full_page_tells_how_to_go_on(limit: int, following: str | None) -> None:
    """A page that is not full is the last one."""
    assert history([ended(2), ended(1)][:limit], limit).next == following


def test_what_happened_to_the_file_has_no_runtime() -> None:
    """What an event is not about is null."""
    told = event_info(event(1, events.FILE_REFUSED, runtime="", reason=Reason.INVALID, message="line 3"))
    assert told.model_dump(mode="json") == {
        "at": "2026-03-01T11:43:21.000Z",
        "type": "FileRefused",
        "runtime": None,
        "model": None,
        "reason": "Invalid",
        "message": "line 3",
        "operation_id": None,
        "operation_type": None,
        "revision": None,
    }


def test_an_event_says_what_its_operation_does() -> None:
    """An operation that was over before anybody looked is known by its event alone."""
    told = event_info(event(1, events.OPERATION_COMPLETED, operation_type=OperationType.REMOVE))
    assert told.operation_type is OperationType.REMOVE

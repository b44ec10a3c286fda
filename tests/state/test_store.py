import asyncio
import dataclasses
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from venom_modeld.core.events import Event, OperationRecord, OperationStatus
from venom_modeld.core.inventory import Entry, Inventory, Role
from venom_modeld.core.names import parse_ollama
from venom_modeld.core.observed import Disk, InstalledModel, LoadedModel, ObservedState
from venom_modeld.core.operations import OperationType
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.core.reasons import Reason
from venom_modeld.state.records import AcceptedFile, Approval, Attempt, LastObservation, Reconciliation, Retention
from venom_modeld.state.store import Store

QWEN, LLAMA, CODER = (parse_ollama(text) for text in ("qwen3:0.6b", "llama3.2:3b", "coder"))


def operation(
    id_: str, *, runtime: str = "ollama", status: OperationStatus = OperationStatus.COMPLETED
) -> OperationRecord:
    """Return the record of an operation."""
    return OperationRecord(
        id=id_,
        key=f"key of {id_}",
        runtime=runtime,
        type=OperationType.INSTALL,
        model="qwen3:0.6b",
        status=status,
        reason=Reason.SUCCEEDED,
        message="It is declared.",
        revision="sha256:1",
        generation=1,
        started_at=10.0,
    )


def attempt(key: str, *, runtime: str = "ollama", attempts: int = 1) -> Attempt:
    """Return a failed operation that waits for its next try."""
    block = Block(
        kind=BlockKind.BACKOFF, reason=Reason.RATE_LIMITED, message="Slow down.", until=99.5, attempts=attempts
    )
    return Attempt(key=key, runtime=runtime, model=QWEN, block=block, attempts=attempts, fingerprint="sha256:f")


class TestInventory:
    """What this daemon put on a runtime."""

    async def test_a_runtime_never_seen_has_an_empty_inventory(self, store: Store) -> None:
        """Nothing is remembered of a runtime before something was recorded."""
        assert await store.load_inventory("ollama") == Inventory()

    async def test_everything_of_it_survives_a_restart(self, path: Path) -> None:
        """Entries with their roles, kept and pinned models and the last active one are there after a restart."""
        hold = Entry(name=CODER, role=Role.HOLD, holds=QWEN)
        derived = Entry(name=LLAMA, recipe="sha256:r")
        async with await Store.open(path) as store:
            await store.record("ollama", derived)
            await store.record("ollama", hold)
            await store.keep("ollama", [QWEN, LLAMA])
            await store.set_pinned("ollama", [LLAMA])
            await store.set_last_active("ollama", LLAMA)
        async with await Store.open(path) as store:
            assert await store.load_inventory("ollama") == Inventory(
                entries={LLAMA: derived, CODER: hold},
                kept=frozenset({QWEN, LLAMA}),
                pinned=frozenset({LLAMA}),
                last_active=LLAMA,
            )

    async def test_runtimes_do_not_see_each_other(self, store: Store) -> None:
        """What is recorded of one runtime is not there for another."""
        await store.record("ollama", Entry(name=QWEN))
        await store.keep("ollama", [QWEN])
        assert await store.load_inventory("other") == Inventory()

    async def test_an_entry_replaces_the_one_of_its_name(self, store: Store) -> None:
        """A name has one entry, the last one recorded, however the name is written."""
        await store.record("ollama", Entry(name=QWEN))
        await store.record("ollama", Entry(name=parse_ollama("QWEN3:0.6B"), recipe="sha256:new"))
        inventory = await store.load_inventory("ollama")
        assert [entry.recipe for entry in inventory.entries.values()] == ["sha256:new"]

    async def test_a_forgotten_name_is_gone_and_no_other(self, store: Store) -> None:
        """Forgetting takes out exactly one name, and one that is not there is no error."""
        await store.record("ollama", Entry(name=QWEN))
        await store.record("ollama", Entry(name=LLAMA))
        await store.forget("ollama", QWEN)
        await store.forget("ollama", CODER)
        assert set((await store.load_inventory("ollama")).entries) == {LLAMA}

    async def test_kept_and_pinned_names_are_replaced_as_a_whole(self, store: Store) -> None:
        """The names given last are all there are, and the two sets are apart."""
        await store.keep("ollama", [QWEN, LLAMA])
        await store.set_pinned("ollama", [QWEN])
        await store.keep("ollama", [CODER])
        await store.set_pinned("ollama", [])
        inventory = await store.load_inventory("ollama")
        assert (inventory.kept, inventory.pinned) == ({CODER}, frozenset())

    async def test_the_last_active_model_can_be_forgotten(self, store: Store) -> None:
        """There is one last active model or none."""
        await store.set_last_active("ollama", QWEN)
        await store.set_last_active("ollama", LLAMA)
        assert (await store.load_inventory("ollama")).last_active == LLAMA
        await store.set_last_active("ollama", None)
        assert (await store.load_inventory("ollama")).last_active is None


class TestAttempts:
    """What must not simply be tried again."""

    async def test_a_failure_is_there_until_it_is_cleared(self, store: Store) -> None:
        """An attempt is remembered by its operation, the newest in place of the earlier."""
        await store.save_attempt(attempt("a"))
        await store.save_attempt(attempt("a", attempts=2))
        await store.save_attempt(attempt("b"))
        await store.save_attempt(attempt("a", runtime="other"))
        assert await store.load_attempts("ollama") == (attempt("a", attempts=2), attempt("b"))
        await store.clear_attempt("ollama", "a")
        assert await store.load_attempts("ollama") == (attempt("b"),)

    async def test_all_failures_of_a_runtime_are_cleared_together(self, store: Store) -> None:
        """Clearing a runtime leaves the attempts of the others."""
        await store.save_attempt(attempt("a"))
        await store.save_attempt(attempt("b"))
        await store.save_attempt(attempt("a", runtime="other"))
        await store.clear_attempts("ollama")
        assert await store.load_attempts("ollama") == ()
        assert await store.load_attempts("other") == (attempt("a", runtime="other"),)

    async def test_bytes_of_a_cut_download_are_remembered_until_forgotten(self, store: Store) -> None:
        """Partial bytes are kept for each model, and None takes them away."""
        await store.set_partial_bytes("ollama", QWEN, 100)
        await store.set_partial_bytes("ollama", QWEN, 1 << 40)
        await store.set_partial_bytes("ollama", LLAMA, 0)
        assert await store.load_partial_bytes("ollama") == {QWEN: 1 << 40, LLAMA: 0}
        await store.set_partial_bytes("ollama", QWEN, None)
        assert await store.load_partial_bytes("ollama") == {LLAMA: 0}

    async def test_an_approval_is_there_until_it_is_cleared(self, store: Store) -> None:
        """Approvals are remembered by runtime and digest."""
        first = Approval(runtime="ollama", digest="sha256:1", items=frozenset({(QWEN.key, "sha256:q")}), at=1.0)
        second = dataclasses.replace(first, digest="sha256:2")
        await store.approve(first)
        await store.approve(second)
        assert set(await store.load_approvals("ollama")) == {first, second}
        assert await store.load_approvals("other") == ()
        await store.clear_approval("ollama", first.digest)
        assert await store.load_approvals("ollama") == (second,)


class TestOperations:
    """The history of operations."""

    async def test_the_newest_come_first(self, store: Store) -> None:
        """Records are listed from the last begun to the first, of one runtime or of all."""
        for number, runtime in enumerate(["ollama", "other", "ollama"]):
            await store.append_operation(operation(f"op-{number}", runtime=runtime))
        assert [record.id for record in await store.operations(10)] == ["op-2", "op-1", "op-0"]
        assert [record.id for record in await store.operations(10, runtime="ollama")] == ["op-2", "op-0"]
        assert [record.id for record in await store.operations(1)] == ["op-2"]

    async def test_a_record_is_replaced_in_its_place(self, store: Store) -> None:
        """The end of an operation replaces its beginning and does not move it."""
        await store.append_operation(operation("op-0", status=OperationStatus.IN_PROGRESS))
        await store.append_operation(operation("op-1"))
        await store.append_operation(operation("op-0"))
        assert await store.operations(10) == (operation("op-1"), operation("op-0"))
        assert await store.operation("op-0") == operation("op-0")
        assert await store.operation("op-7") is None

    async def test_a_record_is_found_by_the_key_of_its_operation(self, store: Store) -> None:
        """The ids of all attempts begin with the key; the latest attempt is the one that is meant."""
        for id_ in ("a1-19", "a1-20", "a10-21", "b2"):
            await store.append_operation(operation(id_))
        found = [await store.operation(id_) for id_ in ("a1", "a10", "a1-19", "b2", "a", "", "a1-")]
        assert [record and record.id for record in found] == ["a1-20", "a10-21", "a1-19", "b2", None, None, None]

    async def test_pages_follow_each_other_without_gap_or_overlap(self, store: Store) -> None:
        """The id of the last record of a page leads to the next page, whatever was added meanwhile."""
        for number in range(5):
            await store.append_operation(operation(f"op-{number}"))
        first = await store.operations(2)
        await store.append_operation(operation("op-5"))
        second = await store.operations(2, before=first[-1].id)
        third = await store.operations(2, before=second[-1].id)
        assert [record.id for record in first + second + third] == ["op-4", "op-3", "op-2", "op-1", "op-0"]
        assert await store.operations(2, before="op-0") == ()
        assert await store.operations(2, before="never was") == ()

    async def test_each_runtime_keeps_its_newest(self, path: Path) -> None:
        """A busy runtime drops its own oldest records and none of another runtime."""
        async with await Store.open(path, retention=Retention(operations=3)) as store:
            await store.append_operation(operation("quiet", runtime="other"))
            for number in range(10):
                await store.append_operation(operation(f"op-{number}"))
            assert [record.id for record in await store.operations(99)] == ["op-9", "op-8", "op-7", "quiet"]

    async def test_those_that_ended_long_ago_are_dropped(self, path: Path) -> None:
        """An operation that ends drops those of every runtime that ended too many days before, and none that runs."""
        retention = Retention(operation_days=2, operations_of_any_age=1)
        async with await Store.open(path, retention=retention) as store:
            running = operation("running", status=OperationStatus.IN_PROGRESS)
            await store.append_operation(running)
            for day, runtime in enumerate(["ollama", "other", "ollama", "ollama"]):
                ended = dataclasses.replace(operation(f"day-{day}", runtime=runtime), completed_at=day * 86_400.0)
                await store.append_operation(ended)
            assert [record.id for record in await store.operations(99)] == ["day-3", "day-2", "day-1", "running"]

    async def test_a_clock_that_jumps_ahead_does_not_take_the_history(self, path: Path) -> None:
        """The newest operations are kept however old they seem to be."""
        retention = Retention(operation_days=2, operations_of_any_age=2)
        async with await Store.open(path, retention=retention) as store:
            for number in range(4):
                past = dataclasses.replace(operation(f"op-{number}"), completed_at=float(number))
                await store.append_operation(past)
            ended = dataclasses.replace(operation("years-later"), completed_at=1e9)
            await store.append_operation(ended)
            assert [record.id for record in await store.operations(99)] == ["years-later", "op-3"]

    async def test_what_a_crash_left_open_is_ended_at_the_next_start(self, path: Path) -> None:
        """Open records become failed and Interrupted with a sentence; ended ones stay as they are; once is enough."""
        async with await Store.open(path) as store:
            await store.append_operation(operation("done"))
            await store.append_operation(operation("running", status=OperationStatus.IN_PROGRESS))
            await store.append_operation(operation("waiting", status=OperationStatus.PENDING, runtime="other"))
        async with await Store.open(path) as store:
            ended = await store.interrupted(at=50.0)
            assert [record.id for record in ended] == ["running", "waiting"]
            assert {(record.status, record.reason, record.completed_at) for record in ended} == {
                (OperationStatus.FAILED, Reason.INTERRUPTED, 50.0)
            }
            assert all("planned again" in record.message for record in ended)
            assert await store.operations(9) == (ended[1], ended[0], operation("done"))
            assert await store.interrupted(at=60.0) == ()


class TestReconciliations:
    """The history of cycles."""

    async def test_cycles_with_the_same_result_are_one_line(self, store: Store) -> None:
        """A line counts the cycles of its revision and result, and moves to the front with each."""
        await store.note_reconciliation("ollama", "rev-1", Reason.SUCCEEDED, at=1.0, seconds=0.5)
        await store.note_reconciliation("ollama", "rev-1", Reason.RETRYING, at=2.0, seconds=0.6)
        await store.note_reconciliation("ollama", "rev-1", Reason.SUCCEEDED, at=3.0, seconds=0.7)
        line = Reconciliation(
            runtime="ollama", revision="rev-1", reason=Reason.SUCCEEDED, first_at=1.0, last_at=3.0, count=2, seconds=0.7
        )
        retrying = dataclasses.replace(line, reason=Reason.RETRYING, first_at=2.0, last_at=2.0, count=1, seconds=0.6)
        assert await store.reconciliations(10) == (line, retrying)
        assert await store.reconciliations(1) == (line,)

    async def test_runtimes_and_revisions_have_lines_of_their_own(self, path: Path) -> None:
        """Another runtime or revision is another line, and each runtime drops its own oldest."""
        async with await Store.open(path, retention=Retention(reconciliations=2)) as store:
            await store.note_reconciliation("other", "rev-0", Reason.SUCCEEDED, at=0.0, seconds=0.1)
            for number in range(5):
                await store.note_reconciliation("ollama", f"rev-{number}", Reason.SUCCEEDED, at=number, seconds=0.1)
            lines = await store.reconciliations(9)
            assert [(line.runtime, line.revision) for line in lines] == [
                ("ollama", "rev-4"),
                ("ollama", "rev-3"),
                ("other", "rev-0"),
            ]
            assert await store.reconciliations(9, runtime="other") == lines[2:]


async def test_events_are_the_latest_oldest_first(path: Path) -> None:
    """The log of events keeps the newest and gives them in the order in which they happened."""
    async with await Store.open(path, retention=Retention(events=4)) as store:
        for number in range(10):
            await store.append_events([Event(at=float(number), type="OperationStarted")])
        assert [event.at for event in await store.events(2)] == [8.0, 9.0]
        assert [event.at for event in await store.events(99)] == [6.0, 7.0, 8.0, 9.0]


async def test_the_last_good_file_is_kept_byte_for_byte(store: Store, path: Path) -> None:
    """The file accepted last is there after a restart, whatever its bytes, and the one before is not."""
    assert await store.load_file() is None
    await store.save_file(AcceptedFile(revision="sha256:0", generation=6, content=b"version: 1\n", accepted_at=1.0))
    accepted = AcceptedFile(revision="sha256:1", generation=7, content=bytes(range(256)) * 4000, accepted_at=2.5)
    await store.save_file(accepted)
    async with await Store.open(path, read_only=True) as again:
        assert await again.load_file() == accepted


def observed(digest: str = "sha256:q", *, free: int = 5, expires: str | None = None) -> ObservedState:
    """Return an observation of one model, installed and loaded."""
    return ObservedState(
        installed={QWEN: InstalledModel(name=QWEN, digest=digest, capabilities=("completion",))},
        loaded=(LoadedModel(name=QWEN, digest=digest, serves=frozenset({QWEN}), pinned=True, expires_at=expires),),
        disk=Disk(path="/models", free_bytes=free, total_bytes=9),
        version="0.12.0",
    )


class TestObservations:
    """What a runtime said last."""

    async def test_the_last_one_is_there_after_a_restart(self, path: Path) -> None:
        """What a runtime said last is kept with its time."""
        async with await Store.open(path) as store:
            assert await store.load_observation("ollama") is None
            await store.save_observation("ollama", observed(), at=3.0)
        async with await Store.open(path) as store:
            assert await store.load_observation("ollama") == LastObservation(
                runtime="ollama", observed=observed(), at=3.0
            )
            assert await store.load_observation("other") is None

    @pytest.mark.parametrize(
        ("later", "at", "written"),
        [
            (observed(), 30.0, False),
            (observed(free=4, expires="2026-01-01T00:00:00Z"), 30.0, False),
            (observed("sha256:new"), 30.0, True),
            (ObservedState(), 30.0, True),
            (observed(), 3700.0, True),
            (observed(), -3700.0, True),
        ],
        ids=["the same", "what moves on its own", "another digest", "nothing", "an hour later", "a clock set back"],
    )
    async def test_it_is_written_when_it_says_something_new(
        self, store: Store, later: ObservedState, at: float, *, written: bool
    ) -> None:
        """A cycle that found the same writes nothing, except once an hour, so that the time on show is not far off."""
        await store.save_observation("ollama", observed(), at=0.0)
        await store.save_observation("ollama", later, at=at)
        last = await store.load_observation("ollama")
        assert last is not None
        assert last.at == (at if written else 0.0)


class TestCallers:
    """Callers that go away, and callers at the same time."""

    async def test_a_cancelled_caller_loses_no_write(self, store: Store) -> None:
        """Writes that wait for their turn are done although whoever asked for them was cancelled."""
        names = [parse_ollama(f"model-{number}") for number in range(30)]
        writes = [asyncio.create_task(store.record("ollama", Entry(name=name))) for name in names]
        await asyncio.sleep(0)
        for write in writes:
            write.cancel()
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert any(isinstance(result, asyncio.CancelledError) for result in results)
        assert set((await store.load_inventory("ollama")).entries) == set(names)

    async def test_closing_finishes_what_was_asked_for(self, path: Path) -> None:
        """A write that was begun before the store was closed is in the file."""
        store = await Store.open(path)
        writes = [
            asyncio.create_task(store.append_events([Event(at=float(number), type="RuntimeLost")]))
            for number in range(20)
        ]
        await asyncio.sleep(0)
        await store.close()
        await asyncio.gather(*writes)
        async with await Store.open(path) as again:
            assert len(await again.events(99)) == 20

    async def test_an_opening_that_is_cancelled_lets_go_of_the_file(self, path: Path) -> None:
        """Whoever stops waiting for the store leaves no open file behind."""
        opening = asyncio.create_task(Store.open(path))
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        async with await Store.open(path) as store:
            await store.record("ollama", Entry(name=QWEN))

    async def test_concurrent_writers_lose_nothing(self, store: Store) -> None:
        """Calls from many tasks are done one after another."""
        await asyncio.gather(
            *(store.note_reconciliation("ollama", "rev-1", Reason.SUCCEEDED, at=1.0, seconds=0.1) for _ in range(50))
        )
        assert [line.count for line in await store.reconciliations(9)] == [50]


def modes(folder: Path) -> dict[str, int]:
    """Return the rights of each file of a folder."""
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def test_only_the_owner_can_read_the_files(path: Path, store: Store) -> None:
    """The database and its log are for their owner alone, since names of models may be private."""
    await store.record("ollama", Entry(name=QWEN))
    assert modes(path.parent) == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}


@pytest.fixture
def open_to_all(path: Path) -> Path:
    """Make an empty state that everybody may read."""
    path.touch()
    path.chmod(0o644)
    return path


async def test_a_file_open_to_others_is_closed_to_them(open_to_all: Path) -> None:
    """Rights that were too wide are narrowed when the daemon opens its state."""
    async with await Store.open(open_to_all):
        assert modes(open_to_all.parent)["state.db"] == 0o600


def test_importing_the_store_is_cheap() -> None:
    """The store needs the standard library and the core alone, so that every command of the CLI may import it."""
    code = "import sys, venom_modeld.state.store; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "sqlite3" in loaded
    assert not {"pydantic", "httpx2", "fastapi", "starlette", "click", "rich", "yaml", "ruamel", "uvicorn"} & set(
        loaded
    )

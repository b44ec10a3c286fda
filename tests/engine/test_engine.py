"""The engine on a runtime in memory: what it does, and above all what it does not do."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from tests.engine.conftest import House
from tests.engine.world import SIZE, MemoryRuntime, Server, declared, digest, name
from venom_modeld.core import events
from venom_modeld.core.conditions import ConditionType, Truth
from venom_modeld.core.desired import Limits, ModelSpec, Prune, Update
from venom_modeld.core.disk import MARGIN
from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.core.events import OperationStatus
from venom_modeld.core.inventory import Entry, Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import Disk
from venom_modeld.core.operations import OperationType
from venom_modeld.core.plan import BlockKind
from venom_modeld.core.reasons import Reason
from venom_modeld.engine.engine import NotFound
from venom_modeld.state.errors import StateError
from venom_modeld.state.snapshot import RuntimeSnapshot

A, B, C = name("a"), name("b"), name("c")


def broken(reason: Reason = Reason.NOT_FOUND) -> PermanentError:
    """Return a failure that no try mends."""
    return PermanentError("one: it cannot be", reason=reason)


def passing(reason: Reason = Reason.REGISTRY_UNREACHABLE) -> TemporaryError:
    """Return a failure that may pass."""
    return TemporaryError("one: not now", reason=reason)


def is_blocked(kind: BlockKind) -> Callable[[RuntimeSnapshot], bool]:
    """Return a test for a runtime whose plan has a step blocked in that way."""

    def test(now: RuntimeSnapshot) -> bool:
        return now.plan is not None and any(step.block and step.block.kind is kind for step in now.plan.steps)

    return test


def is_running(now: RuntimeSnapshot) -> bool:
    """Tell whether an operation is in flight."""
    return any(one.status is OperationStatus.IN_PROGRESS for one in now.operations)


async def test_an_edited_file_is_followed_in_the_safe_order(house: House, server: Server) -> None:
    """What is new is installed and active before what is old goes."""
    await house.desire(declared("a", "b", active="a"))
    await house.converged()
    assert set(server.installed) == {A, B}
    assert server.pinned == {A: True}
    server.log.clear()
    await house.desire(declared("b", "c", active="b"))
    await house.converged()
    assert set(server.installed) == {B, C}
    assert server.pinned == {B: True}
    order = [line for line in server.log if line != "install c:latest"]
    assert order == ["activate b:latest", "deactivate a:latest", "remove a:latest"]
    assert server.log.index("install c:latest") < server.log.index("remove a:latest")


async def test_an_unmanaged_model_is_never_touched(house: House, server: Server) -> None:
    """What somebody else installed stays under prune: managed, also when it was declared for a while."""
    server.installed[C] = digest("theirs")
    server.pinned[C] = True
    await house.desire(declared("a", "c"))
    await house.converged()
    await house.desire(declared("a"))
    await house.converged()
    await house.cycles(2)
    assert server.installed[C] == digest("theirs")
    assert server.pinned[C] is True
    assert server.done() == ["install a:latest"]


async def test_an_emptied_list_removes_nothing_until_it_is_approved(house: House, server: Server) -> None:
    """The brakes hold all removals; the approval of exactly that digest lets them happen."""
    await house.desire(declared("a", "b"))
    await house.converged()
    await house.desire(declared())
    blocked = await house.until(is_blocked(BlockKind.UNSAFE))
    await house.cycles(3)
    assert set(server.installed) == {A, B}
    assert blocked.plan is not None
    assert blocked.plan.unsafe is not None
    assert [event.reason for event in house.told(events.PLAN_UNSAFE)] == [Reason.UNSAFE]
    with pytest.raises(NotFound, match="no unsafe plan has the digest sha256:other"):
        await house.engine.approve("sha256:other")
    assert await house.engine.approve(blocked.plan.unsafe.digest) == ("one", ("a:latest", "b:latest"))
    await house.converged()
    assert server.installed == {}


async def test_an_approval_survives_a_crash_and_is_spent_by_its_removals(house: House, server: Server) -> None:
    """Consent counts for that plan, through a restart, and for nothing after it."""
    await house.desire(declared("a", "b", "c"))
    await house.converged()
    await house.desire(declared())
    plan = (await house.until(is_blocked(BlockKind.UNSAFE))).plan
    assert plan is not None
    assert plan.unsafe is not None
    server.gates["remove", B] = asyncio.Event()
    await house.engine.approve(plan.unsafe.digest)
    await house.until(lambda _: A not in server.installed)
    await house.stop()
    server.gates.clear()
    await house.start()
    await house.desire(declared())
    await house.converged()
    assert server.installed == {}
    await house.desire(declared("a", "b", "c"))
    await house.converged()
    await house.desire(declared())
    await house.until(is_blocked(BlockKind.UNSAFE))
    assert set(server.installed) == {A, B, C}


async def test_an_unknown_runtime_is_left_alone_and_its_return_converges(house: House, server: Server) -> None:
    """Nothing is installed or removed while nobody answers; the last observation stays on show with its age."""
    await house.desire(declared("a"))
    await house.converged()
    server.down = True
    await house.desire(declared("b"))
    lost = await house.until(lambda now: now.unknown is not None)
    await house.cycles(3)
    assert set(server.installed) == {A}
    assert lost.observed is not None
    assert A in lost.observed.installed
    assert {one.status for one in lost.conditions if one.type is ConditionType.READY} == {Truth.UNKNOWN}
    server.down = False
    await house.converged()
    assert set(server.installed) == {B}
    assert len(house.told(events.RUNTIME_LOST)) == 1
    assert len(house.told(events.RUNTIME_RETURNED)) == 1


async def test_what_failed_with_the_runtime_is_tried_at_once_when_it_returns(house: House, server: Server) -> None:
    """A long wait after an outage would be a wait for nothing."""
    house.engine._pace = replace(house.pace, backoff_first=3600.0, backoff_longest=3600.0)
    gate = server.gates["install", A] = asyncio.Event()
    await house.desire(declared("a"))
    await house.until(is_running)
    server.down = True
    gate.set()
    await house.until(lambda now: now.unknown is not None)
    server.down = False
    await house.converged()
    assert A in server.installed


async def test_a_temporary_failure_is_retried_and_a_permanent_one_is_not(house: House, server: Server) -> None:
    """Retries end with success; a stall waits for a change and keeps its reason on show."""
    server.failures["install", A] = [passing(), passing()]
    server.failures["install", B] = [broken()]
    await house.desire(declared("a", "b"))
    stalled = await house.until(
        lambda now: A in server.installed and bool(now.operations) and now.operations[0].reason is Reason.NOT_FOUND
    )
    await house.cycles(3)
    assert B not in server.installed
    assert stalled.operations[0].status is OperationStatus.FAILED
    assert server.done() == ["install a:latest"]
    await house.desire(declared("a", ModelSpec(name=B, pin=digest("b:latest"))))
    await house.converged()
    assert B in server.installed


async def test_a_stall_is_told_once(house: House, server: Server) -> None:
    """Whoever listens for what needs a person hears of it when it begins, with its reason, and not every cycle."""
    server.failures["install", A] = [broken()]
    await house.desire(declared("a", "b"))
    await house.until(is_blocked(BlockKind.STALLED))
    await house.cycles(3)
    told = house.told(events.MODEL_STALLED)
    assert [(one.model, one.reason, one.message) for one in told] == [
        ("a:latest", Reason.NOT_FOUND, "one: it cannot be")
    ]


async def test_a_stalled_model_survives_a_restart_and_ends_by_a_retry(house: House, server: Server) -> None:
    """A crash is no reason to try again what cannot work; a person's word is."""
    server.failures["install", A] = [broken()]
    await house.desire(declared("a"))
    await house.until(is_blocked(BlockKind.STALLED))
    await house.stop()
    await house.start()
    await house.desire(declared("a"))
    stalled = await house.until(is_blocked(BlockKind.STALLED))
    assert server.installed == {}
    await house.engine.retry(stalled.operations[0].id)
    await house.converged()
    assert A in server.installed


async def test_a_failure_on_one_server_says_nothing_of_another(house: House, server: Server) -> None:
    """Another address or other options of its runtime make it one; what a person cancelled stays cancelled."""
    server.failures["install", A] = [broken()]
    server.gates["install", B] = asyncio.Event()
    await house.desire(declared("a"))
    await house.until(is_blocked(BlockKind.STALLED))
    await house.desire(declared("a", "b"))
    running = await house.until(is_running)
    await house.engine.cancel(next(one.id for one in running.operations if one.model == "b:latest"))
    await house.until(is_blocked(BlockKind.HELD))
    server.gates.clear()
    await house.desire(declared("a", "b", options={"insecure": ["mirror.lan:5000"]}))
    await house.until(lambda _: A in server.installed)
    await house.cycles(2)
    assert set(server.installed) == {A}


@pytest.mark.parametrize(("tells", "words"), [(False, "removed, 1.0 MB"), (True, "removed; 500 kB freed")])
async def test_a_removal_is_remembered_with_what_it_freed(
    house: House, server: Server, *, tells: bool, words: str
) -> None:
    """That is on record for the history, and told to whoever listens; some runtimes do not tell it."""
    server.tells_freed = tells
    await house.desire(declared("a", "b"))
    await house.converged()
    await house.desire(declared("b"))
    await house.until(lambda _: A not in server.installed)
    await house.converged()
    (record, *_) = await house.store.operations(1)
    assert (record.type, record.message) == (OperationType.REMOVE, words)
    assert words in {event.message for event in house.told(events.OPERATION_COMPLETED)}


async def test_a_cancelled_download_stays_held_until_retried(house: House, server: Server) -> None:
    """A person's cancel is stronger than the next cycle."""
    gate = server.gates["install", A] = asyncio.Event()
    await house.desire(declared("a"))
    running = await house.until(is_running)
    await house.engine.cancel(running.operations[0].id)
    held = await house.until(is_blocked(BlockKind.HELD))
    gate.set()
    await house.cycles(3)
    assert server.installed == {}
    recorded = await house.store.operations(10)
    assert [(one.status, one.reason) for one in recorded] == [(OperationStatus.CANCELLED, Reason.CANCELLED)]
    await house.engine.retry(held.operations[0].id)
    await house.converged()
    assert A in server.installed


async def test_a_waiting_operation_can_be_held_before_it_begins(house: House, server: Server) -> None:
    """Cancelling what has not begun keeps it from beginning."""
    server.gates["install", A] = asyncio.Event()
    await house.desire(declared("a", "b"))
    waiting = await house.until(lambda now: [one.status.value for one in now.operations] == ["in_progress", "pending"])
    await house.engine.cancel(waiting.operations[1].id)
    server.gates["install", A].set()
    await house.until(is_blocked(BlockKind.HELD))
    await house.until(lambda _: A in server.installed)
    await house.cycles(2)
    assert B not in server.installed


async def test_operations_that_nobody_knows_cannot_be_cancelled_or_retried(house: House) -> None:
    """The error says where to look."""
    await house.desire(declared())
    await house.converged()
    with pytest.raises(NotFound, match="no operation abc is planned or running now"):
        await house.engine.cancel("abc")
    with pytest.raises(NotFound, match="see the history"):
        await house.engine.retry("abc")


async def test_a_download_is_cancelled_when_the_file_no_longer_wants_it(house: House, server: Server) -> None:
    """The pull stops; nothing is removed that is not there."""
    server.gates["install", A] = asyncio.Event()
    await house.desire(declared("a", "b"))
    await house.until(is_running)
    await house.desire(declared("b"))
    await house.converged()
    assert set(server.installed) == {B}
    assert server.done() == ["install b:latest"]
    cancelled = [one for one in await house.store.operations(10) if one.status is OperationStatus.CANCELLED]
    assert [(one.model, one.reason) for one in cancelled] == [("a:latest", Reason.REMOVED_FROM_FILE)]


async def test_a_download_that_stands_still_is_cut_and_goes_on(house: House, server: Server) -> None:
    """No byte for the stall time is a failure with its own reason, and is tried again."""
    house.engine._pace = replace(house.pace, stall_timeout=0.05)
    gate = server.gates["install", A] = asyncio.Event()
    await house.desire(declared("a"))
    seen = await house.until(lambda _: any(one.reason is Reason.NO_PROGRESS for one in house.events))
    assert seen.operations
    gate.set()
    await house.converged()
    assert A in server.installed
    message = next(one.message for one in house.events if one.reason is Reason.NO_PROGRESS)
    assert (
        message == "one: install of a:latest stood still at 500 kB (downloading); it was cut and will go on from there"
    )


async def test_downloads_overlap_up_to_the_limit(house: House, server: Server) -> None:
    """One at a time by default; a limit opens them."""
    for model in (A, B, C):
        server.gates["install", model] = asyncio.Event()

    def running(now: RuntimeSnapshot) -> int:
        return sum(one.status is OperationStatus.IN_PROGRESS for one in now.operations)

    await house.desire(declared("a", "b", "c", limits=Limits(downloads=2)))
    two = await house.until(lambda now: running(now) == 2)
    assert [one.status.value for one in two.operations] == ["in_progress", "in_progress", "pending"]
    for gate in server.gates.values():
        gate.set()
    await house.converged()


async def test_suspend_shows_drift_and_changes_nothing(house: House, server: Server) -> None:
    """A suspended runtime is observed; its downloads in flight are let go, and resume goes on."""
    server.gates["install", A] = asyncio.Event()
    await house.desire(declared("a"))
    await house.until(is_running)
    await house.desire(declared("a", suspend=True))
    suspended = await house.until(is_blocked(BlockKind.SUSPENDED))
    await house.until(lambda now: not is_running(now))
    server.gates.clear()
    await house.cycles(2)
    assert server.installed == {}
    assert [one.message for one in suspended.drift] == ["declared, not installed"]
    await house.desire(declared("a"))
    await house.converged()


async def test_an_activation_that_fails_leaves_the_last_healthy_model(house: House, server: Server) -> None:
    """The old one is active again, is not removed though the file dropped it, and the new one is stalled."""
    await house.desire(declared("a", active="a", alias=name("default")))
    await house.converged()
    server.failures["activate", B] = [broken(Reason.LOAD_FAILED)]
    server.pinned.clear()
    await house.desire(declared("b", active="b", alias=name("default"), limits=Limits(removal_share=1.0)))
    await house.until(is_blocked(BlockKind.STALLED))
    await house.until(lambda _: server.pinned == {A: True})
    await house.cycles(3)
    assert A in server.installed
    assert server.installed[name("default")] == digest("a:latest")
    stalled = house.hub.present.runtime("one")
    assert stalled is not None
    stop = next(one for one in stalled.conditions if one.type is ConditionType.STALLED)
    assert (stop.status, stop.reason) == (Truth.TRUE, Reason.LOAD_FAILED)


async def test_a_moved_tag_is_followed_and_the_old_version_is_held_meanwhile(house: House, server: Server) -> None:
    """The update is found by digest; the hold is gone after it."""
    follow = ModelSpec(name=A, update=Update.ALWAYS)
    await house.desire(declared(follow, "b"))
    await house.converged()
    house.engine._pace = replace(house.pace, update_interval=0.05)
    await house.desire(declared(follow, "b", url="http://127.0.0.1:2"))
    server.published[A] = digest("newer")
    await house.until(lambda _: server.installed.get(A) == digest("newer"))
    await house.converged()
    assert set(server.installed) == {A, B}


async def test_an_update_that_fails_keeps_the_installed_version(house: House, server: Server) -> None:
    """The held copy that a failure left is cleaned up by a later cycle."""
    follow = ModelSpec(name=A, update=Update.ALWAYS)
    await house.desire(declared(follow))
    await house.converged()
    house.engine._pace = replace(house.pace, update_interval=0.05)
    server.failures["update", A] = [broken(Reason.NOT_VERIFIED)]
    server.published[A] = digest("newer")
    await house.desire(declared(follow, url="http://127.0.0.1:2"))
    await house.until(is_blocked(BlockKind.STALLED))
    await house.until(lambda _: set(server.installed) == {A})
    assert server.installed[A] == digest("a:latest")


async def test_an_update_that_does_not_load_is_taken_back(house: House, server: Server) -> None:
    """A version that was put there just before a crash and turns out not to load gives way to the held one."""
    follow = ModelSpec(name=A, update=Update.ALWAYS)
    await house.desire(declared(follow, active="a"))
    await house.converged()
    await house.stop()
    hold = name("hold/a-latest")
    server.installed[hold], server.installed[A] = server.installed[A], digest("newer")
    server.published[A] = digest("newer")
    server.pinned.clear()
    server.failures["activate", A] = [broken(Reason.LOAD_FAILED)]
    await house.start()
    await house.store.record("one", Entry(name=hold, role=Role.HOLD, holds=A))
    await house.desire(declared(follow, active="a"))
    await house.until(lambda now: server.pinned == {A: True} and is_blocked(BlockKind.STALLED)(now))
    assert server.installed == {A: digest("a:latest")}
    assert "restore a:latest" in server.log


async def test_a_derived_model_is_rebuilt_only_when_its_definition_changes(house: House, server: Server) -> None:
    """Its undeclared base is installed for it; the same definition makes no work."""
    one = ModelSpec(name=B, base=A, definition='{"system":"x"}')
    await house.desire(declared(one))
    await house.converged()
    assert server.done() == ["install a:latest", "install b:latest"]
    await house.desire(declared(replace(one, keep=True)))
    await house.converged()
    assert server.done("update") == []
    await house.desire(declared(replace(one, definition='{"system":"y"}')))
    await house.converged()
    assert server.done("update") == ["update b:latest"]


async def test_a_kept_model_stays_after_it_left_the_file(house: House, server: Server) -> None:
    """keep: true protects until an entry without it was in force."""
    await house.desire(declared(ModelSpec(name=A, keep=True), "b"))
    await house.converged()
    await house.desire(declared("b"))
    await house.converged()
    assert A in server.installed
    await house.desire(declared("a", "b"))
    await house.converged()
    await house.desire(declared("b"))
    await house.converged()
    assert A not in server.installed


async def test_preloaded_models_are_held_beside_the_active_one(house: House, server: Server) -> None:
    """A pin that is lost is put back: activation is a state, not a deed."""
    await house.desire(declared("a", ModelSpec(name=B, preload=True), active="a"))
    await house.converged()
    assert server.pinned == {A: True, B: True}
    server.pinned[B] = False
    await house.until(lambda _: server.pinned == {A: True, B: True})
    await house.desire(declared("a", "b", active="a"))
    await house.until(lambda _: server.pinned == {A: True})


async def test_room_is_made_first_only_where_the_disk_would_not_hold_both(house: House, server: Server) -> None:
    """On a small disk the old model goes before the new one comes."""
    await house.desire(declared("a", "c"))
    await house.converged()
    server.log.clear()
    server.disk = Disk(path="/models", free_bytes=1_000_000_000 + SIZE // 2, total_bytes=10**12)
    await house.desire(declared("b", "c"))
    await house.converged()
    assert server.log == ["remove a:latest", "install b:latest"]


async def test_a_second_start_does_nothing_that_was_done(house: House, server: Server) -> None:
    """A restart on a satisfied file is one look."""
    await house.desire(declared("a", active="a"))
    await house.converged()
    await house.stop()
    server.log.clear()
    await house.start()
    await house.desire(declared("a", active="a"))
    await house.converged()
    assert server.log == []


async def test_a_runtime_that_leaves_the_file_keeps_its_models(house: House, server: Server) -> None:
    """Letting go is not removing."""
    await house.desire(declared("a"))
    await house.converged()
    await house.engine.desire(replace(house.hub.present.desired, generation=9, runtimes=()))  # type: ignore[type-var]
    assert house.engine.workers == {}
    assert set(server.installed) == {A}


async def test_prune_never_and_prune_all(house: House, server: Server) -> None:
    """Never removes nothing of ours; all removes what others brought too."""
    server.installed[C] = digest("theirs")
    await house.desire(declared("a", "b", prune=Prune.NEVER))
    await house.converged()
    await house.desire(declared("b", prune=Prune.NEVER))
    await house.converged()
    assert A in server.installed
    await house.desire(declared("b", prune=Prune.ALL, limits=Limits(removal_share=1.0)))
    await house.converged()
    assert set(server.installed) == {B}


async def test_no_removal_without_a_record(house: House, server: Server) -> None:
    """Where history cannot be written nothing is removed; afterwards it is."""
    await house.desire(declared("a", "b"))
    await house.converged()
    write = house.store.append_operation
    full = True

    async def on_a_full_disk(record: object) -> None:
        if full:
            raise StateError("the disk is full", reason=Reason.DISK_FULL)
        await write(record)  # type: ignore[arg-type]

    house.store.append_operation = on_a_full_disk  # type: ignore[method-assign]
    await house.desire(declared("b"))
    await house.until(is_blocked(BlockKind.BACKOFF))
    assert A in server.installed
    full = False
    await house.converged()
    assert A not in server.installed


async def test_a_download_that_comes_no_further_waits_longer_each_time(house: House, server: Server) -> None:
    """What stands still at the same byte again backs off, though its first part was there at once."""
    server.failures["install", A] = [passing(), passing(), passing()]
    house.engine._pace = replace(house.pace, backoff_longest=10.0)
    await house.desire(declared("a"))
    await house.converged()
    failed = [one for one in await house.store.operations(10) if one.status is OperationStatus.FAILED]
    waits = [round((one.retry_at or 0) - (one.completed_at or 0), 2) for one in reversed(failed)]
    assert [one.attempt for one in reversed(failed)] == [1, 2, 3]
    assert waits == sorted(waits)
    assert waits[2] > waits[0]


async def test_a_name_that_a_person_takes_during_a_load_is_not_overwritten(house: House, server: Server) -> None:
    """The alias is ours only from the moment at which it is set; what stands under it by then stays."""
    server.gates["activate", A] = asyncio.Event()
    await house.desire(declared("a", active="a", alias=name("default")))
    await house.until(lambda now: is_running(now) and A in server.installed)
    server.installed[name("default")] = digest("made by a person")
    server.gates["activate", A].set()
    await house.until(lambda now: server.pinned == {A: True} and is_blocked(BlockKind.STALLED)(now))
    assert server.installed[name("default")] == digest("made by a person")
    await house.desire(declared("a", active="a"))
    await house.converged()
    assert server.installed[name("default")] == digest("made by a person")


async def test_an_alias_that_was_removed_is_nobodys_name(house: House, server: Server) -> None:
    """A name that the daemon had and a person removed is forgotten; the active model gets it anew."""
    await house.desire(declared("a", active="a", alias=name("default")))
    await house.converged()
    del server.installed[name("default")]
    await house.until(lambda now: name("default") not in now.inventory.entries)
    await house.converged()
    assert server.installed[name("default")] == server.installed[A]


async def test_consent_ends_where_a_model_is_wanted_again(house: House, server: Server) -> None:
    """A model that was approved to go, came back into the file and leaves it again needs a new approval."""
    gate = server.gates["remove", A] = server.gates["remove", B] = asyncio.Event()
    await house.desire(declared("a", "b"))
    await house.converged()
    await house.desire(declared())
    unsafe = (await house.until(is_blocked(BlockKind.UNSAFE))).plan
    assert unsafe is not None
    assert unsafe.unsafe is not None
    await house.engine.approve(unsafe.unsafe.digest)
    await house.until(is_running)
    await house.desire(declared("b"))
    await house.cycles(2)
    await house.desire(declared())
    again = (await house.until(is_blocked(BlockKind.UNSAFE))).plan
    assert again is not None
    assert again.unsafe is not None
    assert again.unsafe.models == ("b:latest",)
    gate.set()
    await house.until(lambda _: A not in server.installed)
    assert B in server.installed


async def test_an_emptied_list_leaves_the_alias_too(house: House, server: Server) -> None:
    """What clients ask for by its second name answers until the removals are approved."""
    await house.desire(declared("a", active="a", alias=name("default")))
    await house.converged()
    await house.desire(declared())
    blocked = await house.until(is_blocked(BlockKind.UNSAFE))
    await house.cycles(3)
    assert set(server.installed) == {A, name("default")}
    assert blocked.plan is not None
    assert blocked.plan.unsafe is not None
    await house.engine.approve(blocked.plan.unsafe.digest)
    await house.converged()
    assert server.installed == {}


async def test_an_alias_does_not_hold_the_weights_of_a_removed_model(house: House, server: Server) -> None:
    """A removed model goes with its second name, though the file still says what that is to be."""
    await house.desire(declared("a", "b", active="a", alias=name("default")))
    await house.converged()
    await house.desire(declared("b", alias=name("default")))
    await house.converged()
    assert set(server.installed) == {B}


async def test_a_download_in_flight_is_not_short_of_the_room_that_it_takes(house: House, server: Server) -> None:
    """The free bytes shrink as it comes; what it has put there already is not needed once more."""
    server.gates["install", A] = asyncio.Event()
    server.disk = Disk(path="/models", free_bytes=MARGIN + SIZE, total_bytes=10 * MARGIN)
    await house.desire(declared("a"))
    await house.until(is_running)
    server.disk = replace(server.disk, free_bytes=MARGIN + SIZE // 2)
    running = await house.cycles(2)
    assert not is_blocked(BlockKind.STALLED)(running)
    server.gates["install", A].set()
    await house.converged()


async def test_a_derived_model_that_does_not_load_anew_stays_as_it_was(house: House, server: Server) -> None:
    """Its earlier version comes back, and the new definition is stalled with the reason until the entry changes."""
    one = ModelSpec(name=B, base=A, definition='{"system":"x"}')
    await house.desire(declared(one, active="b"))
    await house.converged()
    await house.stop()
    hold = name("hold/b-latest")
    server.installed[hold], server.installed[B] = server.installed[B], digest("made anew")
    server.pinned.clear()
    server.failures["activate", B] = [broken(Reason.LOAD_FAILED)]
    await house.start()
    await house.store.record("one", Entry(name=hold, role=Role.HOLD, holds=B))
    await house.desire(declared(one, active="b"))
    await house.until(lambda now: server.pinned == {B: True} and is_blocked(BlockKind.STALLED)(now))
    await house.cycles(3)
    assert server.installed == {A: digest("a:latest"), B: digest("a:latest")}
    assert server.done("update") == []


async def test_a_server_that_unloads_nothing_is_in_step_with_what_stays_loaded(house: House, server: Server) -> None:
    """Where nothing can take a model out of memory, one that stays there is no drift."""
    await house.desire(declared("a", "b", active="a"))
    await house.converged()
    MemoryRuntime.capabilities = replace(MemoryRuntime.capabilities, unload=False)
    try:
        await house.desire(declared("a", "b"))
        await house.converged()
    finally:
        MemoryRuntime.capabilities = replace(MemoryRuntime.capabilities, unload=True)
    assert server.pinned == {A: True}


async def test_a_pin_that_could_not_be_written_is_written_later(house: House, server: Server) -> None:
    """Memory and disk agree on what the daemon keeps loaded, whenever the disk is full."""
    write, failures = house.store.set_pinned, [StateError("the disk is full", reason=Reason.DISK_FULL)]

    async def on_a_full_disk(runtime: str, names: Iterable[ModelName]) -> None:
        if failures:
            raise failures.pop()
        await write(runtime, names)

    house.store.set_pinned = on_a_full_disk  # type: ignore[method-assign]
    await house.desire(declared("a", active="a"))
    await house.converged()
    assert (await house.store.load_inventory("one")).pinned == {A}


async def test_a_completed_operation_says_what_it_did(house: House) -> None:
    """The history tells results, not what was meant."""
    await house.desire(declared("a", active="a", alias=name("default")))
    await house.converged()
    told = {one.type: one.message for one in await house.store.operations(10)}
    assert told == {"install": "installed, 1.0 MB", "activate": "loaded, and answered; default:latest stands for it"}

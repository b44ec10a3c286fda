"""Turns what a runtime's cycles find into its snapshot, its events and its line in the history."""

from collections.abc import Callable
from dataclasses import replace

from venom_modeld.core import events
from venom_modeld.core.conditions import ConditionType, Truth
from venom_modeld.core.events import Event, OperationRecord, OperationStatus
from venom_modeld.core.observed import Capabilities
from venom_modeld.core.plan import Block, BlockKind, Step
from venom_modeld.core.reasons import Reason
from venom_modeld.engine.board import Board
from venom_modeld.engine.executor import Executor
from venom_modeld.engine.ledger import Ledger
from venom_modeld.engine.reconciler import Outcome
from venom_modeld.state.snapshot import RuntimeSnapshot
from venom_modeld.state.store import Store


class Reporter:
    """Reports one runtime. `wall` is seconds since the epoch; `tell` receives events."""

    def __init__(
        self,
        store: Store,
        board: Board,
        ledger: Ledger,
        executor: Executor,
        *,
        wall: Callable[[], float],
        tell: Callable[[Event], None],
    ) -> None:
        self._store = store
        self._board = board
        self._ledger = ledger
        self._executor = executor
        self._wall = wall
        self._tell = tell
        self._last: RuntimeSnapshot | None = None
        self._noted: tuple[str, Reason] | None = None

    async def begin(self, snapshot: RuntimeSnapshot) -> None:
        """Show what was known of the runtime before this process."""
        last = await self._store.load_observation(snapshot.spec.name)
        if last is not None:
            snapshot = replace(snapshot, observed=last.observed, observed_at=last.at)
        self._last = snapshot
        self._board.watch(snapshot.spec.name, self._with_operations)
        self._board.set_runtime(snapshot)

    async def report(self, outcome: Outcome) -> None:
        """Publish what a cycle found, and put on record what is new in it; raises StateError."""
        before, now = self._last, self._snapshot(outcome)
        self._last = now
        self._tell_changes(before, now)
        self._board.set_runtime(now)
        if outcome.observed is not None and outcome.unknown is None and outcome.observed_at is not None:
            await self._store.save_observation(now.spec.name, outcome.observed, at=outcome.observed_at)
        await self._note(outcome)

    def complain(self, outcome: Outcome) -> None:
        """Show the conditions of a cycle that was not finished; all else stays as it was."""
        if self._last is not None:
            self._last = replace(self._last, conditions=outcome.conditions)
            self._board.set_runtime(self._last)

    def _snapshot(self, outcome: Outcome) -> RuntimeSnapshot:
        before = self._last
        converged = not outcome.drift and outcome.unknown is None and not self._executor.in_flight
        return RuntimeSnapshot(
            spec=outcome.order.spec,
            capabilities=before.capabilities if before else Capabilities(),
            observed=outcome.observed or (before.observed if before else None),
            observed_at=outcome.observed_at or (before.observed_at if before else None),
            unknown=outcome.unknown,
            unknown_since=outcome.unknown_since,
            inventory=self._ledger.inventory,
            drift=outcome.drift,
            plan=outcome.plan,
            operations=tuple(_pending(step, outcome) for step in outcome.plan.steps) if outcome.plan else (),
            conditions=outcome.conditions,
            observed_generation=outcome.order.cause.generation,
            converged_revision=outcome.order.cause.revision if converged else _revision(before),
            cycle_seconds=outcome.seconds,
            cycles=outcome.cycles,
        )

    async def _note(self, outcome: Outcome) -> None:
        """Count a cycle in the history when its result is another one than the last."""
        ready = next((one for one in outcome.conditions if one.type is ConditionType.READY), None)
        if ready is None or self._noted == (outcome.order.cause.revision, ready.reason):
            return
        self._noted = (outcome.order.cause.revision, ready.reason)
        name, revision = outcome.order.spec.name, outcome.order.cause.revision
        seconds = outcome.seconds or 0.0
        await self._store.note_reconciliation(name, revision, ready.reason, at=self._wall(), seconds=seconds)

    def _tell_changes(self, before: RuntimeSnapshot | None, now: RuntimeSnapshot) -> None:
        was_lost = before is not None and before.unknown is not None
        if now.unknown is not None and not was_lost:
            self._event(now, events.RUNTIME_LOST, Reason(now.unknown.reason), now.unknown.message)
        if now.unknown is None and was_lost:
            self._event(now, events.RUNTIME_RETURNED, Reason.REACHABLE, "it answers again")
        unsafe = now.plan.unsafe if now.plan else None
        earlier = before.plan.unsafe if before and before.plan else None
        if unsafe is not None and (earlier is None or earlier.digest != unsafe.digest):
            message = f"{'; '.join(unsafe.reasons)}; approve {unsafe.digest}"
            self._event(now, events.PLAN_UNSAFE, Reason.UNSAFE, message)
        told = _stalled(before)
        for model, block in (one for key, one in _stalled(now).items() if key not in told):
            self._event(now, events.MODEL_STALLED, block.reason, block.message, model=model)
        if _is_ready(now) and not (before is not None and _is_ready(before) and _revision(before) == _revision(now)):
            self._event(now, events.RUNTIME_CONVERGED, Reason.SUCCEEDED, "the runtime is as the file says")

    def _event(self, now: RuntimeSnapshot, kind: str, reason: Reason, message: str, *, model: str = "") -> None:
        runtime = now.spec.name
        self._tell(Event(at=self._wall(), type=kind, runtime=runtime, model=model, reason=reason, message=message))

    def _with_operations(self, snapshot: RuntimeSnapshot) -> RuntimeSnapshot:
        """Return the snapshot of a cycle with what is in flight now, and after that what waits."""
        running = self._executor.records
        keys = {record.key for record in running}
        waiting = (record for record in snapshot.operations if record.key not in keys)
        return replace(snapshot, operations=(*running, *waiting), inventory=self._ledger.inventory)


def _stalled(snapshot: RuntimeSnapshot | None) -> dict[str, tuple[str, Block]]:
    """Return by step what failed for good: its model, and why."""
    steps = snapshot.plan.steps if snapshot and snapshot.plan else ()
    return {
        step.key: (step.operation.model.text, step.block)
        for step in steps
        if step.block and step.block.kind is BlockKind.STALLED
    }


def _revision(snapshot: RuntimeSnapshot | None) -> str | None:
    return snapshot.converged_revision if snapshot else None


def _is_ready(snapshot: RuntimeSnapshot) -> bool:
    return any(one.type is ConditionType.READY and one.status is Truth.TRUE for one in snapshot.conditions)


def _pending(step: Step, outcome: Outcome) -> OperationRecord:
    """Return the record of a step as long as it is not running: it waits, or it failed and is blocked."""
    operation, block, key = step.operation, step.block, step.key
    failed = block is not None and block.kind in (BlockKind.STALLED, BlockKind.BACKOFF)
    return OperationRecord(
        id=key,
        key=key,
        runtime=operation.runtime,
        type=operation.type,
        model=operation.model.text,
        status=OperationStatus.FAILED if failed else OperationStatus.PENDING,
        reason=block.reason if block else Reason.PENDING,
        message=block.message if block else operation.reason,
        revision="",
        generation=outcome.order.cause.generation,
        attempt=max(1, block.attempts) if block else 1,
        retry_at=block.until if block else None,
        size_bytes=operation.size_bytes,
    )

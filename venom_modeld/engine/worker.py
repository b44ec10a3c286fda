"""One runtime under reconciliation: its driver, its memory, its work in flight and its loop, wired together."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from venom_modeld.core import events
from venom_modeld.core.events import Event
from venom_modeld.core.operations import Operation
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.core.reasons import Reason
from venom_modeld.engine.advice import Advise, with_advice
from venom_modeld.engine.backoff import Backoff
from venom_modeld.engine.board import Board
from venom_modeld.engine.effects import Effects
from venom_modeld.engine.executor import Executor, Patience
from venom_modeld.engine.journal import Journal
from venom_modeld.engine.ledger import Ledger
from venom_modeld.engine.lookups import Lookups
from venom_modeld.engine.loop import Loop, Rhythm
from venom_modeld.engine.reconciler import Order, Outcome, Reconciler
from venom_modeld.engine.reporter import Reporter
from venom_modeld.runtimes.base import Runtime
from venom_modeld.state.snapshot import RuntimeSnapshot
from venom_modeld.state.store import Store

LONGEST_WAITS = 2.0
"""A wait left by an earlier process that is longer than so many of the longest means that the clock was set back."""


def everything(_: Operation) -> bool:
    """Permit every operation."""
    return True


def unheard(_: str) -> None:
    """Take a sign of life that nobody waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The times an engine works by, in seconds, and its senses.

    `wall` counts seconds from the epoch, `draw` returns a number from 0 to 1, evenly distributed.
    """

    interval: float = 30.0
    retry_interval: float = 5.0
    backoff_first: float = 5.0
    backoff_longest: float = 900.0
    stall_timeout: float = 120.0
    update_interval: float = 3600.0
    permits: Callable[[Operation], bool] = everything
    """Whether an operation may be started at all."""
    wall: Callable[[], float] = time.time
    draw: Callable[[], float] = random.random
    beat: Callable[[str], None] = unheard
    """Takes a sign of life of the loop of that name."""
    beat_every: float = 60.0
    """Between the signs of a loop that rests."""


class Worker:
    """One runtime. `tell` receives its events; its snapshots go to the board; `advise` is asked for missing names."""

    def __init__(
        self,
        runtime: Runtime,
        order: Order,
        *,
        store: Store,
        board: Board,
        pace: Pace,
        tell: Callable[[Event], None],
        advise: Advise,
    ) -> None:
        self._runtime = runtime
        self._pace = pace
        self._tell = tell
        self._task: asyncio.Task[None] | None = None
        clock = asyncio.get_running_loop().time
        self._ledger = Ledger(store, order.spec.name)
        self._journal = Journal(store, wall=pace.wall, tell=tell)
        self._lookups = Lookups(runtime, interval=pace.update_interval, clock=clock, wake=self.wake)
        self._executor = Executor(
            Effects(
                runtime,
                self._ledger,
                lambda: self._reconciler.observed,
                lambda error, operation: with_advice(error, operation, order.spec.kind, advise),
            ),
            self._ledger,
            self._journal,
            Patience(
                backoff=Backoff(first=pace.backoff_first, longest=pace.backoff_longest, draw=pace.draw),
                stall_timeout=pace.stall_timeout,
                load_timeout=runtime.capabilities.load_seconds,
                wall=pace.wall,
            ),
            changed=board.publish_soon,
            done=lambda operation: self._lookups.renew(operation.model),
            ended=self.wake,
        )
        self._reconciler = Reconciler(
            runtime, self._ledger, self._executor, self._lookups, order=order, wall=pace.wall, permits=pace.permits
        )
        self._reporter = Reporter(store, board, self._ledger, self._executor, wall=pace.wall, tell=tell)
        self._loop = Loop(
            self._reconciler,
            Rhythm(
                interval=pace.interval,
                retry_interval=pace.retry_interval,
                draw=pace.draw,
                sign_every=pace.beat_every,
            ),
            next_due=self._next_due,
            report=self._reporter.report,
            complain=self._reporter.complain,
            alive=lambda: pace.beat(order.spec.name),
            name=order.spec.name,
        )

    @property
    def order(self) -> Order:
        """Return what the runtime must be like."""
        return self._reconciler.order

    @property
    def outcome(self) -> Outcome:
        """Return what the last cycle found."""
        return self._reconciler.outcome

    @property
    def idle(self) -> bool:
        """Tell whether nothing is in flight and nothing is being looked up."""
        return not self._executor.in_flight and not self._lookups.asking

    @property
    def ran_at(self) -> float:
        """Return when the last cycle ended, or the loop was made, on the event loop's clock."""
        return self._loop.ran_at

    async def start(self, *, another: bool = False) -> None:
        """Load what is remembered and begin the loop.

        Where it became `another` server of that name, or is started otherwise, failures of before say nothing.
        """
        await self._ledger.load()
        latest = self._pace.wall() + LONGEST_WAITS * self._pace.backoff_longest
        await self._journal.saving(self._ledger.forgive_beyond(latest))
        if another:
            await self._journal.saving(self._ledger.forgive(stalls=True))
        await self._reporter.begin(
            RuntimeSnapshot(
                spec=self.order.spec, capabilities=self._runtime.capabilities, inventory=self._ledger.inventory
            )
        )
        self._runtime.watch(self.wake)
        self._task = asyncio.create_task(self._loop.run(), name=f"loop of {self.order.spec.name}")

    def wake(self) -> None:
        """Ask for a cycle now."""
        self._loop.wake()

    def look_anew(self) -> None:
        """Ask for a cycle now, in which nothing counts that a provider said before."""
        self._lookups.expire()
        self.wake()

    def desire(self, order: Order) -> None:
        """Take a new order, and act on it at once."""
        self._reconciler.order = order
        self.wake()

    async def close(self) -> None:
        """Stop the loop and the work in flight, and let go of the runtime; nothing is removed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._executor.close("the daemon lets go of this runtime; what is there stays")
        await self._lookups.close()
        await self._runtime.close()

    async def approve(self, digest: str) -> tuple[str, ...]:
        """Approve the unsafe plan of that digest and return the models that go; none if there is no such plan now."""
        plan = self.outcome.plan
        if plan is None or plan.unsafe is None or plan.unsafe.digest != digest:
            return ()
        await self._ledger.approve(plan.unsafe, at=self._pace.wall())
        message = f"a person approved the removal of {', '.join(plan.unsafe.models)}"
        name = self.order.spec.name
        event = Event(at=self._pace.wall(), type=events.PLAN_APPROVED, runtime=name, message=message)
        self._tell(event)
        self.wake()
        return plan.unsafe.models

    async def cancel(self, operation: Operation) -> None:
        """Stop an operation, or keep a waiting one from starting, until it is retried or its entry changes."""
        why = "cancelled by a person; retry it, or change its entry in the file"
        if operation in self._executor.in_flight:
            self._executor.cancel(operation.key, why, hold=True)
        else:
            block = Block(kind=BlockKind.HELD, reason=Reason.CANCELLED, message=why)
            await self._ledger.block(operation, block)
        self.wake()

    async def retry(self, operation: Operation) -> None:
        """End a hold, a backoff or a stall."""
        await self._ledger.unblock([operation.key])
        self.wake()

    def find(self, operation_id: str) -> Operation | None:
        """Return the planned or running operation of that id (a record's or a step's), or None."""
        key = operation_id.split("-", 1)[0]
        plan = self.outcome.plan
        planned = (step.operation for step in plan.steps) if plan else ()
        return next((one for one in (*self._executor.in_flight, *planned) if one.key == key), None)

    def _next_due(self) -> float | None:
        """Return in how many seconds a backoff ends or a look-up gets old."""
        now, clock = self._pace.wall(), asyncio.get_running_loop().time()
        retry, look_up = self._ledger.next_retry(now=now), self._lookups.next_due()
        waits = [] if retry is None else [retry - now]
        waits += [] if look_up is None else [look_up - clock]
        return min(waits, default=None)

"""All runtimes of the file, each with a worker of its own, so that none waits for another."""

import asyncio
import logging
from collections.abc import Callable

from venom_modeld.core.desired import DesiredState, RuntimeSpec
from venom_modeld.core.events import Event
from venom_modeld.core.operations import Operation
from venom_modeld.engine.advice import Advise, no_advice
from venom_modeld.engine.board import Board
from venom_modeld.engine.executor import Cause
from venom_modeld.engine.reconciler import Order
from venom_modeld.engine.worker import Pace, Worker
from venom_modeld.runtimes.base import Runtime
from venom_modeld.state.store import Store

logger = logging.getLogger(__name__)


class NotFound(LookupError):
    """No plan of that digest, no operation of that id; the message says what to look at instead."""


class Engine:
    """The workers. `make` makes the driver of a runtime; `tell` receives events."""

    def __init__(
        self,
        make: Callable[[RuntimeSpec], Runtime],
        *,
        store: Store,
        board: Board,
        pace: Pace,
        tell: Callable[[Event], None],
    ) -> None:
        self._make = make
        self._store = store
        self._board = board
        self._pace = pace
        self._tell = tell
        self.workers: dict[str, Worker] = {}
        self.advise: Advise = no_advice
        """Who knows what to write instead of a missing name; set once the catalogues are there."""

    async def desire(self, desired: DesiredState) -> None:
        """Make every runtime follow a desired state; one that is the same server as before is not disturbed."""
        orders = {spec.name: _order(spec, desired) for spec in desired.runtimes}
        others = [name for name, worker in self.workers.items() if _is_another(worker, orders.get(name))]
        for name in others:
            await self._drop(name)
        for name, order in orders.items():
            if name in self.workers:
                self.workers[name].desire(order)
            else:
                await self._add(name, order, another=name in others)

    def look_anew(self) -> None:
        """Ask every runtime for a cycle now, and every provider for what it publishes now."""
        for worker in self.workers.values():
            worker.look_anew()

    async def close(self) -> None:
        """Stop everything; nothing is removed from any runtime."""
        await asyncio.gather(*(worker.close() for worker in self.workers.values()))
        self.workers.clear()

    async def approve(self, digest: str) -> tuple[str, tuple[str, ...]]:
        """Approve the unsafe plan of that digest; return its runtime and the models that go. Raises NotFound."""
        for name, worker in self.workers.items():
            models = await worker.approve(digest)
            if models:
                return name, models
        raise NotFound(f"no unsafe plan has the digest {digest} now; look at the present plan, it may have changed")

    async def cancel(self, operation_id: str) -> None:
        """Cancel an operation and hold it; raises NotFound."""
        worker, operation = self._find(operation_id)
        await worker.cancel(operation)

    async def retry(self, operation_id: str) -> None:
        """End the hold, the backoff or the stall of an operation; raises NotFound."""
        worker, operation = self._find(operation_id)
        await worker.retry(operation)

    def ages(self) -> list[tuple[str, float]]:
        """Return how many seconds ago the loop of each runtime ended a cycle, or began where it has not ended one."""
        now = asyncio.get_running_loop().time()
        return [(name, now - worker.ran_at) for name, worker in self.workers.items()]

    def _find(self, operation_id: str) -> tuple[Worker, Operation]:
        for worker in self.workers.values():
            operation = worker.find(operation_id)
            if operation is not None:
                return worker, operation
        raise NotFound(f"no operation {operation_id} is planned or running now; it may have ended, see the history")

    async def _add(self, name: str, order: Order, *, another: bool) -> None:
        runtime = self._make(order.spec)
        worker = Worker(
            runtime,
            order,
            store=self._store,
            board=self._board,
            pace=self._pace,
            tell=self._tell,
            advise=self._advise,
        )
        self.workers[name] = worker
        await worker.start(another=another)

    async def _advise(self, kind: str, name: str) -> str | None:
        """Ask whoever knows at that moment."""
        return await self.advise(kind, name)

    async def _drop(self, name: str) -> None:
        worker = self.workers.pop(name)
        await worker.close()
        self._board.drop_runtime(name)
        logger.info("runtime let go", extra={"runtime": name})


def _order(spec: RuntimeSpec, desired: DesiredState) -> Order:
    cause = Cause(revision=desired.revision, generation=desired.generation, author=desired.author)
    return Order(spec=spec, cause=cause, suspended=desired.suspend or spec.suspend)


def _is_another(worker: Worker, order: Order | None) -> bool:
    """Tell whether a worker's runtime left the file or became another server."""
    if order is None:
        return True
    before, now = worker.order.spec, order.spec
    return (before.kind, before.url, before.options) != (now.kind, now.url, now.options)

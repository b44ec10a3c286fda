"""What the daemon remembers of one runtime: kept in memory for the planner, written through to the state store.

Whatever must survive a crash is on disk before the step that relies on it begins: a name is in the inventory before
the runtime is asked to put it there, so that a `kill -9` in between leaves a name too many, never a model that nobody
owns.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from venom_modeld.core.brakes import Removal, Unsafe
from venom_modeld.core.inventory import Entry, Inventory
from venom_modeld.core.names import ModelName
from venom_modeld.core.operations import Operation
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.state.records import Approval, Attempt
from venom_modeld.state.store import Store


class Ledger:
    """The inventory, the failures, the approvals and the cut downloads of one runtime."""

    def __init__(self, store: Store, runtime: str) -> None:
        self._store = store
        self._runtime = runtime
        self.inventory = Inventory()
        self._attempts: dict[str, Attempt] = {}
        self._approvals: tuple[Approval, ...] = ()
        self._pinning = asyncio.Lock()
        self.partial: dict[ModelName, int] = {}

    async def load(self) -> None:
        """Read what an earlier process left."""
        self.inventory = await self._store.load_inventory(self._runtime)
        self._attempts = {one.key: one for one in await self._store.load_attempts(self._runtime)}
        self._approvals = tuple(await self._store.load_approvals(self._runtime))
        self.partial = dict(await self._store.load_partial_bytes(self._runtime))

    # The inventory

    async def record(self, entry: Entry) -> None:
        """Remember that this daemon puts a name there; returns when that is on disk."""
        if self.inventory.entries.get(entry.name) != entry:
            await self._store.record(self._runtime, entry)
            entries = {**self.inventory.entries, entry.name: entry}
            self.inventory = replace(self.inventory, entries=entries)

    async def forget(self, names: Iterable[ModelName]) -> None:
        """Forget names that are gone."""
        for name in [name for name in names if name in self.inventory.entries]:
            await self._store.forget(self._runtime, name)
            entries = {key: entry for key, entry in self.inventory.entries.items() if key != name}
            self.inventory = replace(self.inventory, entries=entries)

    async def keep(self, names: frozenset[ModelName]) -> None:
        """Remember which models the file protects."""
        if names != self.inventory.kept:
            await self._store.keep(self._runtime, names)
            self.inventory = replace(self.inventory, kept=names)

    async def set_last_active(self, name: ModelName | None) -> None:
        """Remember the model that was last proven."""
        if name != self.inventory.last_active:
            await self._store.set_last_active(self._runtime, name)
            self.inventory = replace(self.inventory, last_active=name)

    async def pin(self, names: Iterable[ModelName], *, unpin: Iterable[ModelName] = ()) -> None:
        """Remember what the runtime is told to keep loaded, and what no longer."""
        async with self._pinning:
            pinned = self.inventory.pinned.difference(unpin).union(names)
            if pinned != self.inventory.pinned:
                await self._store.set_pinned(self._runtime, pinned)
                self.inventory = replace(self.inventory, pinned=pinned)

    # Failures and holds

    def attempts_of(self, key: str) -> int:
        """Return how often an operation failed in a row."""
        attempt = self._attempts.get(key)
        return attempt.attempts if attempt else 0

    def blocks(self, *, now: float) -> Mapping[str, Block]:
        """Return what blocks operations at `now`: all but the backoffs that have passed."""
        return {
            key: attempt.block
            for key, attempt in self._attempts.items()
            if attempt.block.kind is not BlockKind.BACKOFF or (attempt.block.until or 0.0) > now
        }

    def next_retry(self, *, now: float) -> float | None:
        """Return when the first backoff ends, or None."""
        ends = [block.until for block in self.blocks(now=now).values() if block.until is not None]
        return min(ends, default=None)

    async def block(self, operation: Operation, block: Block) -> None:
        """Remember why an operation is not to be started now; in memory at once, whether it can be written or not."""
        attempt = Attempt(
            key=operation.key, runtime=self._runtime, model=operation.model, block=block, attempts=block.attempts
        )
        self._attempts[operation.key] = attempt
        await self._store.save_attempt(attempt)

    async def unblock(self, keys: Iterable[str]) -> None:
        """Forget failures: the work succeeded, is no longer wanted, or is to be tried again at once."""
        for key in [key for key in keys if key in self._attempts]:
            attempt = self._attempts[key]
            await self._store.clear_attempt(self._runtime, key)
            if self._attempts.get(key) is attempt:
                del self._attempts[key]

    async def retain_attempts(self, keys: frozenset[str]) -> None:
        """Forget the failures of all work but this."""
        await self.unblock(self._attempts.keys() - keys)

    async def forgive(self, *, stalls: bool = False) -> None:
        """Forget all backoffs: the runtime came back, so what failed with it is worth a try at once.

        With `stalls` those too that wait for a person: it is another runtime now. What a person held stays held.
        """
        kinds = {BlockKind.BACKOFF, BlockKind.STALLED} if stalls else {BlockKind.BACKOFF}
        await self.unblock([key for key, one in self._attempts.items() if one.block.kind in kinds])

    async def forgive_beyond(self, at: float) -> None:
        """Forget the backoffs that end later than that, in seconds since the epoch: the clock was set back since."""
        await self.unblock([key for key, one in self._attempts.items() if (one.block.until or 0.0) > at])

    async def note_partial(self, name: ModelName, completed_bytes: int) -> None:
        """Remember how much of a cut download the runtime has; 0 forgets it."""
        if self.partial.get(name, 0) == completed_bytes:
            return
        await self._store.set_partial_bytes(self._runtime, name, completed_bytes or None)
        self.partial[name] = completed_bytes

    # Approvals

    @property
    def approved(self) -> frozenset[Removal]:
        """Return the removals that a person approved."""
        return frozenset(item for approval in self._approvals for item in approval.items)

    async def approve(self, unsafe: Unsafe, *, at: float) -> None:
        """Remember a person's consent to exactly these removals."""
        approval = Approval(runtime=self._runtime, digest=unsafe.digest, items=frozenset(unsafe.removals), at=at)
        await self._store.approve(approval)
        self._approvals = (*(one for one in self._approvals if one.digest != unsafe.digest), approval)

    async def drop_spent_approvals(self, planned: frozenset[Removal]) -> None:
        """Forget the consent to removals that nobody plans any more: it is for one plan, not for ever."""
        for approval in self._approvals:
            left = approval.items & planned
            if not left:
                await self._store.clear_approval(self._runtime, approval.digest)
            elif left != approval.items:
                await self._store.approve(replace(approval, items=left))
        lasting = (replace(one, items=one.items & planned) for one in self._approvals)
        self._approvals = tuple(one for one in lasting if one.items)

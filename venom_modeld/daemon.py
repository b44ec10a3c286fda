"""The composition root: puts the parts together, runs them until told to stop, and decides nothing.

Two ways to run them: `serve`, the daemon, and `converge`, which works until nothing is left that it could do.
"""

import asyncio
import logging
import os
import random
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from venom_modeld.config.git.choice import repository_of
from venom_modeld.config.settings import Settings
from venom_modeld.config.watcher import watch
from venom_modeld.core.operations import Operation, RemoveModel
from venom_modeld.engine.board import Board
from venom_modeld.engine.chronicle import Chronicle
from venom_modeld.engine.engine import Engine
from venom_modeld.engine.review import Review
from venom_modeld.engine.source import DesiredSource
from venom_modeld.engine.worker import Pace
from venom_modeld.planning import maker, plan_once, read_desired
from venom_modeld.runtimes import registry
from venom_modeld.state import lock
from venom_modeld.state.records import Retention
from venom_modeld.state.snapshot import SnapshotHub, StatusSnapshot
from venom_modeld.state.store import STATE_FILE, Store
from venom_modeld.supervision.pauses import short_pauses
from venom_modeld.supervision.pulse import Pulse
from venom_modeld.supervision.sd_notify import Notifier
from venom_modeld.supervision.supervisor import Supervisor

if TYPE_CHECKING:
    from venom_modeld.config.git.repository import Repository
    from venom_modeld.notifications.courier import Courier

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a running daemon."""

    settings: Settings
    store: Store
    hub: SnapshotHub
    board: Board
    engine: Engine
    source: DesiredSource
    turn: asyncio.Lock
    """Held while the file is read, so that two wake-ups do not read it at once."""
    repository: "Repository | None"
    """What the file comes out of, where it comes out of git."""

    async def begin(self, *, fetch: bool = False) -> None:
        """Put the file in force; what was in force before, where the file is not good now.

        A repository is fetched first with `fetch`, and where nothing of it is here yet.
        """
        await self.source.restore()
        if self.repository is not None:
            restored = await self.repository.restore()
            if fetch or not restored:
                await self.repository.fetch()
        await self.source.read()
        self._show_file()
        if self.source.desired is not None:
            await self.engine.desire(self.source.desired)

    async def reread(self, *, wake: bool = False) -> None:
        """Read the file and put it in force if it is good; with `wake`, look at everything at once in any case."""
        async with self.turn:
            changed = await self.source.read()
            self._show_file()
            if changed and self.source.desired is not None:
                await self.engine.desire(self.source.desired)
            if wake:
                self.engine.look_anew()

    async def refetch(self, *, wake: bool = False) -> None:
        """Fetch the repository, where there is one, and then read the file as `reread` does."""
        if self.repository is not None:
            await self.repository.fetch()
        await self.reread(wake=wake)

    def _show_file(self) -> None:
        origin = self.repository.origin if self.repository is not None else None
        self.board.set_file(replace(self.source.file, origin=origin), self.source.desired)


async def serve(settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Run the daemon until SIGTERM or SIGINT; `on_ready` gets the address of its API once that answers.

    Raises StateLocked where another daemon has the state, StateUnusable, NotificationsUnusable, and OSError for an
    address that is taken.
    """
    stop, hang_up, edited = asyncio.Event(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, hang_up.set)
    notifier = Notifier.take(os.environ)
    pulse = Pulse(watchdog=notifier.watchdog)
    with _listener(settings) as listener:
        async with _assembled(settings, Review(), pulse) as parts:
            supervisor = Supervisor(notifier, parts.hub, pulse, parts.engine.workers.keys)
            courier = _courier(settings, parts.hub)
            await parts.begin()
            from venom_modeld.serving import serving  # noqa: PLC0415 - FastAPI is loaded by the daemon alone

            api = serving(
                parts.hub,
                parts.engine,
                parts.store,
                settings,
                listener,
                wrote=edited.set,
                repository=parts.repository,
            )
            with short_pauses():
                async with api as address, asyncio.TaskGroup() as group:
                    following = [
                        group.create_task(_follow_source(parts, stop), name="follow the file"),
                        group.create_task(_follow_hang_ups(parts, hang_up, supervisor), name="follow SIGHUP"),
                        group.create_task(supervisor.run(), name="tell the service manager"),
                        group.create_task(_follow_edits(parts, edited), name="follow edits"),
                    ]
                    if courier is not None:
                        following.append(group.create_task(courier.run(), name="bring notices"))
                    on_ready(address)
                    await stop.wait()
                    logger.info("stopping")
                    for task in following:
                        task.cancel()
                    await supervisor.stopping()


async def converge(
    settings: Settings, *, digest: str | None = None, on_change: Callable[[StatusSnapshot], None]
) -> StatusSnapshot:
    """Work until nothing is left that can be done without a person, and return the last snapshot.

    With `digest`, only if that is the digest of the present plan, and only what is in it; its removals count as
    approved. Raises OutdatedPlan, SourceError, StateLocked, StateUnusable.
    """
    if settings.source.git.url is None:
        await read_desired(settings)
    review = Review() if digest is None else Review.of(await plan_once(settings), digest)
    async with _assembled(settings, review) as parts:
        await parts.begin(fetch=True)
        if parts.repository is not None:
            parts.repository.read()
        snapshot = parts.hub.present
        while not review.is_done(snapshot):
            snapshot = await parts.hub.newer_than(snapshot.version)
            on_change(snapshot)
            await review.approve(snapshot, parts.engine.approve)
        return snapshot


@asynccontextmanager
async def _assembled(settings: Settings, review: Review, pulse: Pulse | None = None) -> AsyncIterator[Parts]:
    """Take the state, and put the parts together; in the end stop them in the opposite order."""
    pulse = pulse or Pulse()

    def permits(operation: Operation) -> bool:
        """Remove nothing while the file is not valid: whoever mends it may want to keep what it does not name."""
        return review.permits(operation) and not (isinstance(operation, RemoveModel) and source.file.problems)

    pace = Pace(
        interval=settings.interval,
        retry_interval=min(settings.retry.first, settings.interval),
        backoff_first=settings.retry.first,
        backoff_longest=settings.retry.max,
        stall_timeout=settings.stall_timeout,
        update_interval=settings.update_check,
        permits=permits,
        beat=pulse.beat,
        beat_every=pulse.every,
    )
    async with AsyncExitStack() as stack:
        stack.enter_context(lock.hold(settings.state_dir))
        retention = Retention(operations=settings.history.keep, operation_days=settings.history.days)
        store = await Store.open(settings.state_dir / STATE_FILE, retention=retention)
        await stack.enter_async_context(store)
        await _greet(store, pace)
        hub = SnapshotHub()
        board = Board(hub, host=socket.gethostname(), wall=pace.wall)
        chronicle = await stack.enter_async_context(Chronicle(store, board))
        engine = Engine(maker(settings), store=store, board=board, pace=pace, tell=chronicle.tell)
        stack.push_async_callback(engine.close)
        repository = repository_of(settings)
        path, read = (Path(repository.path), repository.read) if repository else (settings.file, None)
        source = DesiredSource(path, registry.kinds(), store, wall=pace.wall, tell=chronicle.tell, read=read)
        yield Parts(
            settings=settings,
            store=store,
            hub=hub,
            board=board,
            engine=engine,
            source=source,
            turn=asyncio.Lock(),
            repository=repository,
        )


async def _greet(store: Store, pace: Pace) -> None:
    """Say what the last process left behind."""
    if store.recovered is not None:
        logger.warning("state was damaged and begun anew", extra={"detail": store.recovered})
    for record in await store.interrupted(at=pace.wall()):
        logger.info("operation was interrupted", extra={"operation_id": record.id, "model": record.model})


async def _follow_source(parts: Parts, stop: asyncio.Event) -> None:
    if parts.repository is None:
        await _follow_file(parts, stop)
    else:
        await _follow_repository(parts, parts.repository.called)


async def _follow_repository(parts: Parts, called: asyncio.Event) -> None:
    """Fetch now and then, and at once when somebody calls; hosts that start together do not ask together for ever."""
    interval = parts.settings.source.git.interval
    while True:
        called.clear()
        await parts.refetch()
        with suppress(TimeoutError):
            async with asyncio.timeout(interval * random.uniform(0.9, 1.1)):  # noqa: S311 - it keeps no secret
                await called.wait()


async def _follow_file(parts: Parts, stop: asyncio.Event) -> None:
    async with aclosing(watch(parts.settings.file, stop=stop, poll=parts.settings.poll)) as changes:
        async for _ in changes:
            await parts.reread()


async def _follow_hang_ups(parts: Parts, hang_up: asyncio.Event, supervisor: Supervisor) -> None:
    while True:
        await hang_up.wait()
        hang_up.clear()
        logger.info("reading the file again", extra={"cause": "SIGHUP"})
        await supervisor.reloading()
        await parts.refetch(wake=True)
        await supervisor.reloaded()


async def _follow_edits(parts: Parts, edited: asyncio.Event) -> None:
    """Read the file at once after an edit of our own, also where its file system reports no changes."""
    while True:
        await edited.wait()
        edited.clear()
        await parts.reread()


def _courier(settings: Settings, hub: SnapshotHub) -> "Courier | None":
    """Return who brings notices, where the settings name any address. Raises NotificationsUnusable."""
    file = settings.notifications.urls_file
    if file is None:
        return None
    from venom_modeld.notifications.channel import Channel  # noqa: PLC0415 - most hosts notify nobody
    from venom_modeld.notifications.courier import Courier  # noqa: PLC0415

    channel = Channel(file)
    channel.require()
    return Courier(hub, channel, settings.state_dir)


def _listener(settings: Settings) -> socket.socket:
    """Return a socket that listens where the settings say, taken before any work begins.

    It names its protocol, since asyncio turns Nagle's delay off only for sockets that do.
    """
    listen = settings.api.listen
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((listen.host, listen.port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener

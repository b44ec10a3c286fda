"""What the service manager is told of a daemon at work."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import pytest

from tests.api.builder import installed, observation, runtime, snapshot, spec
from tests.supervision.conftest import Manager
from venom_modeld.state.snapshot import SnapshotHub
from venom_modeld.supervision.pulse import Pulse
from venom_modeld.supervision.sd_notify import Notifier
from venom_modeld.supervision.supervisor import Supervisor

WATCHDOG = 0.4


@dataclass
class Daemon:
    """What a supervisor speaks for."""

    loops: Collection[str] = ("one", "two")
    watchdog: float | None = WATCHDOG
    hub: SnapshotHub = field(default_factory=SnapshotHub)

    @asynccontextmanager
    async def watched_by(self, manager: Manager) -> AsyncIterator[Supervisor]:
        """Run the supervisor."""
        self.pulse = Pulse(watchdog=self.watchdog)
        notifier = Notifier(manager.address, watchdog=self.watchdog)
        supervisor = Supervisor(notifier, self.hub, self.pulse, lambda: self.loops)
        task = asyncio.create_task(supervisor.run())
        yield supervisor
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def beat(pulse: Pulse, *names: str) -> None:
    """Give signs of life for ever."""
    while True:
        for name in names:
            pulse.beat(name)
        await asyncio.sleep(pulse.every)


async def test_ready_is_told_when_every_loop_has_ended_a_cycle(manager: Manager) -> None:
    """Before that, nothing but the words."""
    daemon = Daemon(watchdog=None)
    async with daemon.watched_by(manager) as supervisor:
        daemon.pulse.beat("one")
        daemon.hub.publish(snapshot(version=1))
        await manager.until("STATUS", "no runtime is declared")
        await supervisor.reloading()
        await supervisor.reloaded()
        assert not manager.has("READY")
        assert not manager.has("RELOADING")
        daemon.pulse.beat("two")
        assert await manager.message() == {"READY": "1"}


async def test_a_daemon_without_loops_is_ready_at_once(manager: Manager) -> None:
    """A file that names no runtime leaves nothing to look at."""
    async with Daemon(loops=()).watched_by(manager):
        await manager.until("READY")
        await manager.until("WATCHDOG")


async def test_a_loop_that_is_dropped_is_not_waited_for(manager: Manager) -> None:
    """The file may take a runtime out before it was looked at."""
    daemon = Daemon()
    async with daemon.watched_by(manager):
        daemon.pulse.beat("two")
        daemon.loops = ("two",)
        await manager.until("READY")


async def test_the_watchdog_is_fed_while_every_loop_lives(manager: Manager) -> None:
    """Half of its time after the last feed, so that one late round does no harm."""
    daemon = Daemon()
    async with daemon.watched_by(manager):
        beating = asyncio.create_task(beat(daemon.pulse, "one", "two"))
        await manager.until("READY")
        clock = asyncio.get_running_loop().time
        began = clock()
        await manager.until("WATCHDOG")
        await manager.until("WATCHDOG")
        assert clock() - began >= WATCHDOG * 0.95
        beating.cancel()


async def test_one_loop_that_is_stuck_starves_the_watchdog(manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    """The signs of the others do not count for it; it is named, and when it moves again, the watchdog is fed again."""
    daemon = Daemon()
    async with daemon.watched_by(manager):
        daemon.pulse.beat("two")
        beating = asyncio.create_task(beat(daemon.pulse, "one"))
        await manager.until("READY")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(manager.until("WATCHDOG"), 3 * WATCHDOG)
        [line] = caplog.records
        assert (line.message, line.runtime) == ("loop gives no sign of life", "two")
        daemon.pulse.beat("two")
        await manager.until("WATCHDOG")
        beating.cancel()


async def test_the_words_are_told_when_they_change(manager: Manager) -> None:
    """A snapshot that changes nothing in them is not told."""
    daemon = Daemon(watchdog=None)
    shown = snapshot(runtime(spec("a"), observation()), version=1)
    async with daemon.watched_by(manager):
        for version in range(1, 4):
            daemon.hub.publish(replace(shown, version=version))
            await asyncio.sleep(0)
        assert await manager.message() == {"STATUS": "ollama: not as the file says yet"}
        daemon.hub.publish(snapshot(runtime(spec("a"), observation(installed("a"))), version=4))
        assert await manager.message() == {"STATUS": "ollama: as the file says"}


async def test_a_reload_has_a_beginning_and_an_end(manager: Manager) -> None:
    """The beginning tells its time, by which the manager knows which reload ends."""
    async with Daemon(loops=(), watchdog=None).watched_by(manager) as supervisor:
        await manager.until("READY")
        await supervisor.reloading()
        assert int((await manager.until("RELOADING"))["MONOTONIC_USEC"]) > 0
        await supervisor.reloaded()
        await manager.until("READY")


async def test_the_end_is_told(manager: Manager) -> None:
    """With words, since the last ones are no longer true."""
    async with Daemon(loops=(), watchdog=None).watched_by(manager) as supervisor:
        await supervisor.stopping()
        assert await manager.until("STOPPING") == {"STOPPING": "1", "STATUS": "stopping"}

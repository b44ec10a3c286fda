"""Notices that the content behind a path may have changed, soon and without fail.

Soon: one thread listens to the kernel in every folder on the way to the file, through watchfiles. What happens to a
name on that way (a write, a rename over it, a link that is set anew, a folder that goes or comes) wakes the consumer
when nothing more has happened for `debounce` seconds, so half a save or a burst of saves wakes it once. The folders are
looked up again after each wake-up, and listened to anew when they are others.

Without fail: network file systems and some bind mounts tell the kernel nothing, so the file is compared every `poll`
seconds as well, by its attributes and its content. Where the kernel cannot listen at all (its limit of watches is
reached, say) that alone goes on, with one warning. Listening always starts before the file is compared, so nothing can
fall between.

All that may block (a network file system that hangs) happens in the thread, never in the event loop.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

# Documented by watchfiles as "Rust backend direct usage". `awatch` on top of it logs each change of any file in the
# folders, and cannot be told to wait a shorter time once something happened.
from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from venom_modeld.config.loader import read_file, signature
from venom_modeld.config.problems import SourceError
from venom_modeld.config.trail import Trail, trace

_log = logging.getLogger(__name__)

_STEP = 0.03
"""Seconds between two looks at what the kernel told, while somebody is at work: a part of each delay."""

_RESTING_STEP = 0.08
"""The same while nobody is: what it costs to watch is paid for each look, so an idle watcher takes fewer."""


_SETTLING_STEP = 0.005
"""The same while a burst is waited for, which is short."""

_NEVER = object()

_LONGEST_BURST = 10
"""A file that is written without a pause wakes the consumer after so many times `debounce`."""


async def watch(
    path: Path | str, *, stop: asyncio.Event, poll: float = 30.0, debounce: float = 0.03, alert: float = 15.0
) -> AsyncGenerator[None, None]:
    """Yield once when the watch stands, and then each time when the content behind `path` may have changed.

    The consumer reads the file at each turn; what happens while it does so gives another turn, and many changes give
    one. The file need not exist. `poll`, `debounce` and `alert` are seconds; the last is how long somebody counts as
    being at work after anything happened in the file's folder: an editor that opens the file makes one beside it. Ends
    when `stop` is set, with its thread gone; a consumer that leaves the loop in another way should close the iterator
    (`contextlib.aclosing`).
    """
    loop = asyncio.get_running_loop()
    bell = asyncio.Event()
    wake = partial(loop.call_soon_threadsafe, bell.set)
    lookout = _Lookout(path, poll=poll, debounce=debounce, alert=alert, wake=wake)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="watch") as thread:
        work = loop.run_in_executor(thread, lookout.run)
        work.add_done_callback(lambda _: bell.set())
        relay = asyncio.create_task(_relay(stop, bell), name="watch-stop")
        try:
            while True:
                await bell.wait()
                if stop.is_set() or work.done():
                    break
                bell.clear()
                yield
        finally:
            relay.cancel()
            lookout.stop.set()
            await work


async def _relay(stop: asyncio.Event, bell: asyncio.Event) -> None:
    await stop.wait()
    bell.set()


class _Lookout:
    """What runs in the thread: listens, compares, wakes."""

    def __init__(
        self, path: Path | str, *, poll: float, debounce: float, alert: float, wake: Callable[[], object]
    ) -> None:
        self.stop = threading.Event()
        self._path = Path(path).absolute()
        self._poll = poll
        self._debounce = debounce
        self._alert = alert
        self._wake = wake
        self._last: object = _NEVER
        self._listening = True
        self._alert_until = time.monotonic() + alert

    def run(self) -> None:
        """Listen until `stop` is set, anew each time when the trail is another one."""
        while not self.stop.is_set():
            trail = trace(self._path)
            try:
                notify = RustNotify(
                    list(trail.folders),
                    debug=False,
                    force_polling=False,
                    poll_delay_ms=0,
                    recursive=False,
                    ignore_permission_denied=True,
                )
            except (OSError, WatchfilesRustInternalError, UnicodeError) as error:
                self._do_without(trail, str(error))
                continue
            self._report(None)
            # One cause is known: a file in one of the folders whose name is no UTF-8. Listening anew goes on.
            with notify, suppress(WatchfilesRustInternalError):
                self._follow(notify, trail)

    def _do_without(self, trail: Trail, error: str) -> None:
        vanished = trace(self._path) != trail  # a folder went away just before it was to be listened to
        if not vanished:
            self._report(error)
        self._compare()
        self.stop.wait(_STEP if vanished else self._poll)

    def _report(self, error: str | None) -> None:
        if (error is None) == self._listening:
            return
        self._listening = error is None
        fields = {"file": str(self._path), "poll_seconds": self._poll, "error": error}
        if error is None:
            _log.info("file watched by notification again", extra=fields)
        else:
            _log.warning("file watched by polling only", extra=fields)

    def _follow(self, notify: RustNotify, trail: Trail) -> None:
        """Return when the trail is another one, so that its folders are not those which are listened to."""
        due = time.monotonic()
        while not self.stop.is_set() and trace(self._path) == trail:
            if time.monotonic() >= due:
                self._compare()
                due = time.monotonic() + self._poll
            seconds, step = self._patience(due)
            if self._happened(notify, trail, seconds, step):
                self._settle(notify, trail, self._debounce - step)
                self._last = self._look()
                self._wake()

    def _patience(self, due: float) -> tuple[float, float]:
        """Return for how long to listen before anything else is done, and with how long a step."""
        now = time.monotonic()
        if now < self._alert_until:
            return min(due, self._alert_until) - now, _STEP
        return due - now, _RESTING_STEP

    def _settle(self, notify: RustNotify, trail: Trail, left: float) -> None:
        """Wait for the end of a burst. A look tells of a change after a quiet step; so much is `left` then."""
        limit = time.monotonic() + _LONGEST_BURST * self._debounce
        quiet = time.monotonic() + left
        while (left := min(quiet, limit) - time.monotonic()) > 0 and not self.stop.is_set():
            if self._happened(notify, trail, left, _SETTLING_STEP):
                quiet = time.monotonic() + self._debounce

    def _happened(self, notify: RustNotify, trail: Trail, seconds: float, step: float) -> bool:
        """Wait for anything to happen in the folders, and tell whether it concerned the trail."""
        step_ms = round(step * 1000)
        changes = notify.watch(step_ms, step_ms, max(1, round(seconds * 1000)), self.stop)
        if isinstance(changes, str):
            return False
        if any(os.path.dirname(name) == trail.end for _, name in changes):  # noqa: PTH120 - a name may be no path
            self._alert_until = time.monotonic() + self._alert
        return any(name in trail.names for _, name in changes)

    def _compare(self) -> None:
        now = self._look()
        if now != self._last:
            self._last = now
            self._wake()

    def _look(self) -> object:
        try:
            return signature(self._path.stat()), read_file(self._path).revision
        except (OSError, SourceError) as error:
            return str(error)

"""The blobs on their way, each shared by all pulls that want it.

The first pull that needs a blob asks the registry for its size and starts the download; later ones join it. Whoever
watches gets a line at every interval, whether anything moved or not. The download ends when nobody watches any more,
and what had arrived stays on disk. One flaw of the real server is kept: a pull that joined while the first one was
still asking is never told when that fails, and the server dies when it leaves.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from venom_modeld.sandbox.artifacts import Blob, Layer
from venom_modeld.sandbox.faults import Faults
from venom_modeld.sandbox.settings import SandboxSettings
from venom_modeld.sandbox.store import Store
from venom_modeld.sandbox.transfer import MAX_TRIES, Pace, Transfer, TransferError
from venom_modeld.sandbox.upstream import SMALL, PullError, Source, Upstream

Line = dict[str, Any]


class StreamCutError(Exception):
    """The dial cuts the stream of this pull."""


@dataclass(frozen=True, slots=True)
class Work:
    """The transfer of a blob, and the task that moves it."""

    transfer: Transfer
    task: asyncio.Task[None]

    def end(self, *, keep: bool) -> None:
        """Stop, and keep what has arrived or lose it."""
        self.task.cancel()
        if keep:
            self.transfer.save(time.time())
        else:
            self.transfer.lose()


@dataclass(slots=True)
class Download:
    """One blob that pulls wait for. `work` is None until the registry has told its size."""

    digest: str
    work: Work | None = None
    failure: Exception | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)
    watchers: int = 0

    def line(self) -> Line:
        """Return the progress line; like Ollama's it leaves out numbers that are zero."""
        line: Line = {"status": f"pulling {self.digest[7:19]}", "digest": self.digest}
        if self.work is not None:
            numbers = {"total": self.work.transfer.size, "completed": self.work.transfer.completed}
            line |= {name: number for name, number in numbers.items() if number}
        return line


class Downloads:
    """All downloads of one Ollama process."""

    def __init__(
        self, store: Store, upstream: Upstream, faults: Faults, settings: SandboxSettings, panic: Callable[[], None]
    ) -> None:
        self._store = store
        self._upstream = upstream
        self._faults = faults
        self._settings = settings
        self._panic = panic
        self._current: dict[str, Download] = {}
        self._closing = False

    @property
    def digests(self) -> list[str]:
        """The blobs on their way."""
        return list(self._current)

    async def fetch(self, layer: Layer, source: Source) -> AsyncGenerator[Line, None]:
        """Bring a blob to the disk, and tell how far it is. Raises `PullError` and `StreamCutError`."""
        download = self._current.get(layer.digest)
        if download is None:
            download = Download(layer.digest)
            with self._registered(download):
                transfer = await self._prepare(layer.digest, source)
            task = asyncio.create_task(self._run(download, transfer, source))
            download.work = Work(transfer, task)
        with self._watching(download):
            while not await self._finished(download):
                yield download.line()
            if download.failure is not None:
                raise download.failure

    async def stop(self, *, keep: bool) -> None:
        """End everything, and keep what has arrived or lose it."""
        self._closing = True
        running = [download.work for download in self._current.values() if download.work is not None]
        for work in running:
            work.end(keep=keep)
        await asyncio.gather(*(work.task for work in running), return_exceptions=True)
        self._current.clear()

    @contextlib.contextmanager
    def _registered(self, download: Download) -> Iterator[None]:
        self._current[download.digest] = download
        try:
            yield
        except BaseException:
            self._current.pop(download.digest, None)
            raise

    @contextlib.contextmanager
    def _watching(self, download: Download) -> Iterator[None]:
        download.watchers += 1
        try:
            yield
        finally:
            download.watchers -= 1
            if download.watchers == 0 and not self._closing:
                self._abandon(download)

    def _abandon(self, download: Download) -> None:
        if download.done.is_set():
            return
        if download.work is None:
            self._panic()
            return
        download.work.end(keep=True)
        self._current.pop(download.digest, None)

    async def _finished(self, download: Download) -> bool:
        try:
            async with asyncio.timeout(self._settings.line_interval):
                await download.done.wait()
        except TimeoutError:
            return False
        return True

    async def _prepare(self, digest: str, source: Source) -> Transfer:
        size = await self._upstream.blob_size(source, digest)
        known = self._store.transfers.get(digest)
        transfer = known or Transfer.of(digest, size, self._settings.part_size)
        transfer.begin()
        self._store.transfers[digest] = transfer
        return transfer

    async def _run(self, download: Download, transfer: Transfer, source: Source) -> None:
        try:
            await self._download(transfer, source)
        except (PullError, StreamCutError) as error:
            download.failure = error
            transfer.save(time.time())
        self._current.pop(download.digest, None)
        download.done.set()

    async def _download(self, transfer: Transfer, source: Source) -> None:
        location = await self._locate(transfer.digest, source)
        await self._receive(transfer)
        content = await self._upstream.blob_content(location) if transfer.size <= SMALL else None
        corrupt = self._faults.corrupt_blobs > 0
        if corrupt:
            self._faults.corrupt_blobs -= 1
        blob = Blob(digest=transfer.digest, size=transfer.size, content=content)
        self._store.add_blob(blob, corrupt=corrupt)

    async def _locate(self, digest: str, source: Source) -> str:
        for attempt in range(MAX_TRIES + 1):
            location = await self._upstream.blob_location(source, digest)
            if location is not None:
                return location
            if attempt < MAX_TRIES:
                await asyncio.sleep(self._settings.retry_delay * 2**attempt)
        raise PullError("max retries exceeded: EOF")

    async def _receive(self, transfer: Transfer) -> None:
        loop = asyncio.get_running_loop()
        before = loop.time()
        while not transfer.done:
            await asyncio.sleep(transfer.pause(self._pace(transfer), self._settings.line_interval))
            now = loop.time()
            self._advance(transfer, now - before)
            before = now
            await self._trip(transfer)

    def _advance(self, transfer: Transfer, seconds: float) -> None:
        retries = transfer.retries
        try:
            transfer.advance(seconds, self._pace(transfer))
        except TransferError as error:
            full = "no space" in str(error)
            path = f"{self._settings.models_dir}/blobs/{transfer.digest.replace(':', '-')}-partial"
            raise PullError(f"write {path}: {error}" if full else str(error)) from error
        if transfer.retries > retries:
            self._count_stall()

    def _count_stall(self) -> None:
        if self._faults.stall_times is None:
            return
        self._faults.stall_times -= 1
        if self._faults.stall_times <= 0:
            self._faults.stall_at = self._faults.stall_part_at = self._faults.stall_times = None

    async def _trip(self, transfer: Transfer) -> None:
        """Do what the dial wants to happen at this byte."""
        faults = self._faults
        if transfer.completed == faults.crash_at:
            faults.crash_at = None
            self._panic()
            await asyncio.Event().wait()
        if transfer.completed == faults.cut_at:
            faults.cut_at = None
            raise StreamCutError

    def _pace(self, transfer: Transfer) -> Pace:
        faults, settings = self._faults, self._settings
        trips = [at for at in (faults.crash_at, faults.cut_at) if at is not None and at > transfer.completed]
        capacity = faults.disk_capacity
        return Pace(
            rate=settings.rate if faults.rate is None else faults.rate,
            stall_timeout=settings.stall_timeout,
            retry_delay=settings.retry_delay,
            stall_at=faults.stall_at,
            stall_part_at=faults.stall_part_at,
            cut_part_at=faults.registry_cut_at,
            ceiling=min(trips, default=None),
            room=None if capacity is None else capacity - self._store.used,
        )

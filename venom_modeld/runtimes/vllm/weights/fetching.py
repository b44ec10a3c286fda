"""Fetches the missing files of a snapshot, a few at a time, each by the best way that works.

The threads are daemons: where one file fails, the process ends at once and does not wait for the others, whose bytes
stay on the disk for the next run.
"""

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import quote

import httpx2

from venom_modeld.runtimes.vllm.weights import locks, xet
from venom_modeld.runtimes.vllm.weights.contents import Contents
from venom_modeld.runtimes.vllm.weights.files import RemoteFile
from venom_modeld.runtimes.vllm.weights.job import Install
from venom_modeld.runtimes.vllm.weights.layout import Place
from venom_modeld.runtimes.vllm.weights.plain import Download
from venom_modeld.runtimes.vllm.weights.record import Mark
from venom_modeld.runtimes.vllm.weights.telling import Teller

LOOK_AGAIN = 0.25
"""Seconds between two looks at a file that somebody else is downloading: how far that one is nothing else tells."""

_Result = BaseException | None


class Fetcher:
    """Fetches files of one job."""

    def __init__(self, job: Install, place: Place, client: httpx2.Client, teller: Teller) -> None:
        self._job = job
        self._place = place
        self._contents = Contents(place, job.commit)
        self._client = client
        self._teller = teller
        self._xet = job.xet and xet.is_there()

    def fetch(self, files: Sequence[RemoteFile]) -> None:
        """Fetch files. Raises the first failure: Failed, or OSError."""
        waiting: queue.SimpleQueue[RemoteFile] = queue.SimpleQueue()
        ended: queue.SimpleQueue[_Result] = queue.SimpleQueue()
        for file in {file.blob: file for file in files}.values():
            waiting.put(file)
        count = waiting.qsize()
        for _ in range(min(self._job.parallel, count)):
            threading.Thread(target=self._work, args=(waiting, ended), daemon=True).start()
        for _ in range(count):
            failure = ended.get()
            if failure is not None:
                raise failure

    def _work(self, waiting: "queue.SimpleQueue[RemoteFile]", ended: "queue.SimpleQueue[_Result]") -> None:
        with suppress(queue.Empty):
            while True:
                file = waiting.get_nowait()
                try:
                    self._fetch(file)
                except BaseException as failure:  # noqa: BLE001 - it is raised again in the thread that waits
                    ended.put(failure)
                    return
                ended.put(None)

    def _fetch(self, file: RemoteFile) -> None:
        url = f"{self._job.endpoint}/{self._job.repository}/resolve/{self._job.commit}/{quote(file.path)}"
        self._make_way(file)
        if not self._fetch_by_xet(file, url):
            with self._alone(file):
                if self._contents.find(file) is None:
                    self._fetch_plainly(file, url)
        self._teller.arrived(file, file.size)

    def _fetch_by_xet(self, file: RemoteFile, url: str) -> bool:
        """Fetch a large file by xet; what plain HTTP has begun it goes on with."""
        begun = self._place.partial(file.blob).exists()
        if not (self._xet and file.large) or begun or not xet.is_offered(self._client, url):
            return False
        self._teller.say(xet=file.path)
        try:
            xet.fetch(self._job, file, lambda size: self._teller.arrived(file, size))
        except xet.XetFailed as error:
            self._xet = False
            self._teller.say(fallback=str(error))
            return False
        return True

    def _fetch_plainly(self, file: RemoteFile, url: str) -> None:
        partial, blob = self._place.partial(file.blob), self._place.blob(file.blob)
        download = Download(self._client, url, file, partial, pause=self._job.retry_pause)
        download.run(lambda size: self._teller.arrived(file, size))
        partial.replace(blob)
        if file.large:
            self._contents.remember({file.blob: Mark.of(blob)})

    def _make_way(self, file: RemoteFile) -> None:
        """Take away what has the name of a content and not its size, which other clients would take for it."""
        self._place.pointer(self._job.commit, file.path).unlink(missing_ok=True)
        blob = self._place.blob(file.blob)
        if self._contents.find(file) is None:
            blob.unlink(missing_ok=True)

    @contextmanager
    def _alone(self, file: RemoteFile) -> Iterator[None]:
        """Hold the lock of a blob; while another process holds it, tell how far that one is."""
        while True:
            try:
                with locks.holding(self._place.lock(file.blob)):
                    yield
                    return
            except locks.Held:
                self._teller.arrived(file, self._arrived(file))
                time.sleep(LOOK_AGAIN)

    def _arrived(self, file: RemoteFile) -> int:
        sizes = [0]
        for path in self._place.blobs.glob(f"{file.blob}*"):
            with suppress(OSError):
                sizes.append(path.stat().st_size)
        return min(max(sizes), file.size)

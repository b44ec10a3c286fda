"""One file over plain HTTP, going on where an earlier process stopped, and checked while it arrives.

huggingface_hub starts a file anew in every process and checks no hash, so this part is our own. What arrived stays on
the disk whatever happens, and is asked for by `Range` the rest of the way. Bytes that turn out wrong are deleted.
"""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import httpx2

from venom_modeld.runtimes.vllm.weights.checking import Check, check_of
from venom_modeld.runtimes.vllm.weights.errors import Refusal
from venom_modeld.runtimes.vllm.weights.files import RemoteFile
from venom_modeld.runtimes.vllm.weights.job import Failed, Trouble

TRIES = 5
"""How often in a row a connection may bring nothing."""

_PASSING = frozenset({408, 500, 502, 503, 504})
_MAX_WORDS = 4096

Told = Callable[[int], None]
"""Takes how many bytes of the file are there."""


class _Passing(Exception):
    """A failure after which the same request may do better."""

    def __init__(self, failure: Failed) -> None:
        super().__init__(failure)
        self.failure = failure


class Download:
    """One file on its way to `path`, where some of it may be already."""

    def __init__(self, client: httpx2.Client, url: str, file: RemoteFile, path: Path, *, pause: float) -> None:
        self._client = client
        self._url = url
        self._file = file
        self._path = path
        self._pause = pause
        self._check = Check(file)
        self._restarts = 0

    def run(self, told: Told) -> None:
        """Fetch what is missing. Raises Failed, and OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch()
        self._check = check_of(self._file, self._path)
        with self._path.open("r+b") as content:
            content.seek(0, os.SEEK_END)
            if self._check.size >= self._file.size and not self._check.right:
                self._start_anew(content)
            told(self._check.size)
            self._go_on(content, told)
            content.flush()
            os.fsync(content.fileno())
        if not self._check.right:
            self._path.unlink()
            raise Failed(Trouble.CORRUPT, f"{self._file.path} arrived with other bytes than the Hub announced")

    def _go_on(self, content: BinaryIO, told: Told) -> None:
        fruitless = 0
        while self._check.size < self._file.size:
            before = self._check.size
            try:
                self._request(content, told)
                failure = Failed(Trouble.UNREACHABLE, f"it breaks off {self._file.path}")
            except httpx2.TransportError as error:
                failure = Failed(Trouble.UNREACHABLE, words_of(error))
            except _Passing as passing:
                failure = passing.failure
            fruitless = 0 if self._check.size > before else fruitless + 1
            if fruitless >= TRIES:
                raise failure
            if self._check.size < self._file.size:
                time.sleep(self._pause)

    def _request(self, content: BinaryIO, told: Told) -> None:
        start = self._check.size
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._client.stream("GET", self._url, headers=headers) as answer:
            if answer.status_code not in (200, 206):
                self._refused(answer, content)
                return
            if start and answer.status_code == 200:
                self._start_anew(content)
            self._check_size(answer)
            for chunk in answer.iter_bytes():
                content.write(chunk)
                self._check.add(chunk)
                if self._check.size > self._file.size:
                    raise self._wrong_size(content, f"more than {self._file.size}")
                told(self._check.size)

    def _refused(self, answer: httpx2.Response, content: BinaryIO) -> None:
        if answer.status_code == 416:
            self._start_anew(content)
            return
        body = b""
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > _MAX_WORDS:
                break
        failure = refused(answer.status_code, answer.headers, body)
        raise _Passing(failure) if answer.status_code in _PASSING else failure

    def _start_anew(self, content: BinaryIO) -> None:
        """Drop what is there: the server knows nothing of parts, or has fewer bytes than we."""
        self._restarts += 1
        if self._restarts > TRIES:
            raise Failed(Trouble.NONSENSE, f"it gives {self._file.path} from the middle at one time and not at another")
        content.seek(0)
        content.truncate()
        self._check = Check(self._file)

    def _check_size(self, answer: httpx2.Response) -> None:
        told = answer.headers.get("content-length", "")
        if not told.isdigit() or "content-encoding" in answer.headers:
            return
        size = self._check.size + int(told)
        if size != self._file.size:
            page = "html" in answer.headers.get("content-type", "")
            raise Failed(
                Trouble.NONSENSE if page else Trouble.CORRUPT,
                f"a page instead of {self._file.path}"
                if page
                else f"{self._file.path} comes with {size} bytes, and the Hub announced {self._file.size}",
            )

    def _wrong_size(self, content: BinaryIO, size: str) -> Failed:
        content.seek(0)
        content.truncate()
        return Failed(Trouble.CORRUPT, f"{self._file.path} comes with {size} bytes")


def refused(status: int, headers: Mapping[str, str], body: bytes) -> Failed:
    """Return the failure for an answer that says no."""
    page = "html" in headers.get("content-type", "")
    words = "a page instead of an answer" if page else body.decode("utf-8", "replace")
    refusal = Refusal.of(status, {key.lower(): value for key, value in headers.items()}, words)
    return Failed(Trouble.REFUSED, refusal.words, status=status, code=refusal.code, retry_after=refusal.retry_after)


def words_of(error: BaseException) -> str:
    """Say what a failure of the wire was, in the words of the system where it spoke."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return str(cause.strerror)
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__

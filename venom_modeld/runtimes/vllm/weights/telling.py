"""The child's lines to the daemon: phases at once, bytes of a file a few times a second."""

import json
import threading
import time
from collections.abc import Callable

from venom_modeld.runtimes.vllm.weights.files import RemoteFile

INTERVAL = 0.2
"""Seconds between two lines about the same file."""


class Teller:
    """Writes lines, from any thread; `write` sends one."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._told: dict[str, float] = {}

    def say(self, **line: object) -> None:
        """Send a line."""
        with self._lock:
            self._write(json.dumps(line, separators=(",", ":")))

    def phase(self, phase: str) -> None:
        """Tell that a phase begins."""
        self.say(phase=phase)

    def arrived(self, file: RemoteFile, size: int) -> None:
        """Tell how many bytes of a file are there: the first and the last word about it always, others now and then."""
        now = time.monotonic()
        if 0 < size < file.size and now - self._told.get(file.path, 0.0) < INTERVAL:
            return
        self._told[file.path] = now
        self.say(file=file.path, bytes=size)

"""The real daemon in a process of its own, and what it logs."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

SETTINGS = {
    "API_LISTEN": "127.0.0.1:0",
    "LOG_FORMAT": "json",
    "TRENDING_OLLAMA_SOURCE": "off",
    "REGISTRY_URL": "http://127.0.0.1:9",
    "FILE": "models.yaml",
    "STATE_DIR": "state",
}
PATIENCE = 300.0
"""Seconds after which a line of the log that was waited for is not coming."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log, and when it came, on the clock of `time.perf_counter`."""

    at: float
    told: dict[str, Any]


def settings(**more: str) -> dict[str, str]:
    """Return the variables of a daemon that talks to nobody else, with `more` settings laid over them."""
    named = {f"VENOM_MODELD_{name}": value for name, value in (SETTINGS | more).items()}
    return {"HF_HUB_OFFLINE": "1", **named}


def save(file: Path, content: str) -> float:
    """Put another content in the place of a file in one step, as editors and git do; return when."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(content)
    now = time.perf_counter()
    beside.replace(file)
    return now


class ADaemon:
    """`venom-modeld run` in a folder, on a models.yaml of this content.

    `more` are settings, laid over ours, and `environ` are variables; `before` is put before the command.
    """

    def __init__(
        self,
        folder: Path,
        content: str,
        *,
        environ: Mapping[str, str] = MappingProxyType({}),
        before: Sequence[str] = (),
        **more: str,
    ) -> None:
        self._command = [*before, sys.executable, "-m", "venom_modeld", "run"]
        self._folder = folder
        self.file = folder / "models.yaml"
        self.file.write_text(content)
        self._environment = os.environ | settings(**more) | dict(environ)
        self._lines: queue.SimpleQueue[Line] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        self.url = str(self.logged("answering").told["address"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait()

    def save(self, content: str) -> float:
        """Save another content of the file; return when."""
        return save(self.file, content)

    def logged(self, message: str, **fields: str) -> Line:
        """Wait for the next line that says this with these fields; what comes before it is forgotten.

        Raises RuntimeError where the daemon ends, says nothing for a long time, or tells of a failed operation.
        """
        wanted = {"message": message, **fields}.items()
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise RuntimeError(f"the daemon did not say {message!r} within {PATIENCE:g} seconds") from None
            if not line.told:
                raise RuntimeError(f"the daemon ended before it said {message!r}")
            if line.told["message"] == "operation failed":
                raise RuntimeError(line.told["detail"])
            if all(line.told.get(key) == value for key, value in wanted):
                return line

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            now = time.perf_counter()
            if line.startswith("{"):
                self._lines.put(Line(now, json.loads(line)))
        self._lines.put(Line(time.perf_counter(), {}))

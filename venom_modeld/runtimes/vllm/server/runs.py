"""The starts of servers, each in a folder of its own, so that a daemon finds what one before it has started.

A folder is made before the process, and the process writes down who it is before it becomes a server. So at whatever
instant the daemon dies, a process without a folder never lives, and a folder without a living process is rubbish.
"""

import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venom_modeld.runtimes.vllm.server.files import read_json, write_json
from venom_modeld.runtimes.vllm.server.launch import Launch
from venom_modeld.runtimes.vllm.server.processes import Identity, is_alive, members

logger = logging.getLogger(__name__)

MAX_LOG = 16 * 1024 * 1024
"""Bytes of a log above which its older part is dropped."""

KEPT_LOG = 1024 * 1024
"""Bytes of the newest part of a log that are kept then, and that are read for a reason."""

KEPT_RUNS = 3
"""How many folders of servers that are gone stay, for their logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One start of a server: a folder with what it was told, who it became, and what it said."""

    folder: Path
    launch: Launch
    host: str
    port: int
    began: float
    """When it was started, in seconds since the epoch."""

    @property
    def url(self) -> str:
        """Return where it answers."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file that takes what it says."""
        return self.folder / "log"

    @property
    def process(self) -> Path:
        """Return the file in which it writes down who it is."""
        return self.folder / "process.json"

    @property
    def temporary(self) -> Path:
        """Return its own folder for temporary files.

        It lies where those of the system lie, because vLLM makes sockets in it, whose paths must be short.
        """
        short = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"venom-modeld-{short}"

    def identity(self) -> Identity | None:
        """Return who it became, or None where it never became anything."""
        found = read_json(self.process)
        try:
            return Identity(str(found["boot"]), int(found["pid"]), int(found["ticks"]))
        except (KeyError, TypeError, ValueError):
            return None

    def is_alive(self) -> bool:
        """Tell whether its first process runs."""
        identity = self.identity()
        return identity is not None and is_alive(identity)

    def members(self) -> tuple[int, ...]:
        """Return all of its processes that run, those that outlived the first one too."""
        identity = self.identity()
        return () if identity is None else members(identity)

    def note(self, **facts: object) -> None:
        """Remember facts of it for a later process; one that cannot be written down is only missed by that."""
        try:
            write_json(self.folder / "facts.json", {**read_json(self.folder / "facts.json"), **facts})
        except OSError as error:
            logger.warning("facts of a server cannot be written down", extra={"detail": str(error)})

    def fact(self, name: str, otherwise: Any = None) -> Any:
        """Return a fact that was noted."""
        return read_json(self.folder / "facts.json").get(name, otherwise)

    def said(self) -> str:
        """Return the newest part of what it said."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - KEPT_LOG))
                return file.read(KEPT_LOG).decode("utf-8", errors="replace")
        except OSError:
            return ""

    def bound_log(self) -> None:
        """Drop the older part of a log that has grown too long; the server goes on writing at its end."""
        with suppress(OSError):
            if self.log.stat().st_size > MAX_LOG:
                newest = self.said()
                self.log.with_name("log.1").write_text(newest, encoding="utf-8")
                os.truncate(self.log, 0)


def served_beside(folder: Path) -> frozenset[str]:
    """Return the folders of commits that other runtimes serve now, which may keep their weights in the same cache.

    `folder` is that of a runtime among those of its daemon. Raises OSError.
    """
    others = (one for one in folder.parent.glob("*") if one.name != folder.name)
    return frozenset(run.launch.path for one in others for run in Runs(one / "runs").all() if run.is_alive())


class Runs:
    """The starts of one runtime's servers; `wall` returns seconds since the epoch."""

    def __init__(self, folder: Path, *, wall: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._wall = wall

    def all(self) -> list[Run]:
        """Return all starts that are on record, oldest first."""
        return [run for run in map(self._load, self._folders()) if run is not None]

    def sweep(self) -> None:
        """Remove what no start ever came of: a daemon died while it made the folder. Raises OSError."""
        for folder in self._folders():
            if self._load(folder) is None:
                shutil.rmtree(folder, ignore_errors=True)

    def new(self, launch: Launch, host: str, port: int) -> Run:
        """Make the folder of a start that is to come. Raises OSError."""
        folder = self._folder / f"{time.time_ns():016x}"
        folder.mkdir(parents=True, mode=0o700)
        run = Run(folder=folder, launch=launch, host=host, port=port, began=self._wall())
        run.temporary.mkdir(mode=0o700)
        write_json(folder / "run.json", {"launch": launch.as_json(), "host": host, "port": port, "began": run.began})
        return run

    def tidy(self, run: Run) -> None:
        """Remove what a server that is gone has left, but for its log; the logs of older ones go."""
        shutil.rmtree(run.temporary, ignore_errors=True)
        run.process.unlink(missing_ok=True)
        gone = [one for one in self.all() if not one.process.exists() and one.folder != run.folder]
        for old in gone[: len(gone) + 1 - KEPT_RUNS]:
            shutil.rmtree(old.temporary, ignore_errors=True)
            shutil.rmtree(old.folder, ignore_errors=True)

    def _folders(self) -> list[Path]:
        try:
            return sorted(path for path in self._folder.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []

    def _load(self, folder: Path) -> Run | None:
        found = read_json(folder / "run.json")
        launch = Launch.from_json(found.get("launch"))
        if launch is None:
            return None
        return Run(
            folder=folder, launch=launch, host=found["host"], port=int(found["port"]), began=float(found["began"])
        )

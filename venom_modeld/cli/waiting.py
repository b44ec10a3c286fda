"""`wait`: whether the daemon has made the file true, judged from each status that it tells."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venom_modeld.cli.client import DaemonClient, Unreachable
from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.render.units import duration, short_digest
from venom_modeld.config.loader import read_file
from venom_modeld.config.problems import SourceError

Json = dict[str, Any]

RETRY_SECONDS = 1.0
"""Before a daemon that does not answer is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a status means for whoever waits; without a code there is more to wait for."""

    message: str
    code: ExitCode | None = None

    def as_json(self) -> Json:
        """Return it as plain values."""
        return {"converged": self.code is ExitCode.OK, "exit_code": int(self.code or 0), "message": self.message}


def judge(status: Json, written: str | None) -> Verdict:
    """Judge a status; `written` is the revision that the file has on disk, where that can be known."""
    file, conditions = status["file"], {one["type"]: one for one in status["conditions"]}
    if written is not None and file["attempted_revision"] != written:
        return Verdict(message="the daemon has not read the file yet")
    if file["problems"]:
        return Verdict(message="\n".join(["models.yaml is not valid:", *file["problems"]]), code=ExitCode.FAILED)
    if file["revision"] is None or (status["observed_generation"] or 0) < (status["generation"] or 0):
        return Verdict(message="the file has not been worked on yet")
    ready, stalled = conditions.get("Ready"), conditions.get("Stalled")
    if ready is None or ready["status"] == "True":
        return Verdict(message=f"In sync at revision {short_digest(file['revision'])}.", code=ExitCode.OK)
    moves = conditions.get("Reconciling", {}).get("status") == "True"
    if stalled is not None and stalled["status"] == "True" and not moves:
        what = "\n".join(_told_of(status, "Stalled", "True")) or stalled["message"]
        return Verdict(message=f"A person has to act:\n{what}", code=ExitCode.BLOCKED)
    return Verdict(message="; ".join(_told_of(status, "Ready", "False", "Unknown")) or str(ready["message"]))


def _told_of(status: Json, kind: str, *truths: str) -> Iterator[str]:
    """Yield what each runtime says by a condition, with its name, which the condition of the whole does not tell."""
    for runtime in status["runtimes"]:
        for one in runtime["conditions"]:
            if one["type"] == kind and one["status"] in truths:
                name, message = runtime["name"], one["message"]
                yield message if f"Runtime {name!r}" in message else f"{name}: {message}"


def written_revision(status: Json) -> str | None:
    """Return the revision of the file on disk, where the daemon runs on this host and the file can be read."""
    path = Path(status["file"]["path"])
    if status["host"] != socket.gethostname() or not path.is_absolute():
        return None
    try:
        return read_file(path).revision
    except SourceError:
        return None


def wait(client: DaemonClient, seconds: float, tell: Callable[[str], None]) -> Verdict:
    """Wait until a status is a verdict or the time has passed; `tell` is given what is waited for when that changes.

    The daemon is listened to, not polled; one that does not answer is tried again until the time has passed.
    """
    deadline = time.monotonic() + seconds
    told = _Told(tell)
    while True:
        try:
            for item in client.events(deadline=deadline):
                if item.name == "snapshot":
                    verdict = judge(item.data, written_revision(item.data))
                    if verdict.code is not None:
                        return verdict
                    told.now(verdict.message, ExitCode.TIMEOUT)
        except Unreachable as error:
            told.now(str(error), ExitCode.UNREACHABLE)
        except TimeoutError:
            return Verdict(message=f"Not converged after {duration(seconds)}: {told.last}", code=told.code)
        time.sleep(max(0.0, min(RETRY_SECONDS, deadline - time.monotonic())))


class _Told:
    """What was told last, and the exit code of giving up on it."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.last = "nothing was heard of the daemon"
        self.code = ExitCode.TIMEOUT

    def now(self, message: str, code: ExitCode) -> None:
        """Tell what is not there yet, if that is another thing than before."""
        if message != self.last:
            self._tell(message)
        self.last, self.code = message, code

"""Counts how often a proven server ended by itself, so that one that always does is not started without a pause."""

import time

from venom_modeld.runtimes.vllm.server.control import Crash
from venom_modeld.runtimes.vllm.server.launch import Launch

MEMORY = 900.0
"""Seconds after which a crash has nothing to do with the one before."""


class Crashes:
    """The crashes of one runtime's server; `last` is the last one."""

    def __init__(self) -> None:
        self.last: Crash | None = None

    def note(self, launch: Launch, reason: str) -> Crash:
        """Count a crash."""
        now, before = time.monotonic(), self.last
        again = before is not None and before.launch == launch and now - before.at < MEMORY
        self.last = Crash(launch=launch, reason=reason, at=now, count=before.count + 1 if before and again else 1)
        return self.last

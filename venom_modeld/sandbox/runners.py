"""The models in memory.

Ollama keys a runner by its weights, not by the name it was loaded as. So names with the same weights and options share
one, and the list shows the name that came first; other options load the weights anew; unloading one name unloads all.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from venom_modeld.sandbox.durations import FOREVER
from venom_modeld.sandbox.store import Details

_LONGEST = timedelta(seconds=(2**63 - 1) / 1e9)
_KEPT_PER_TOKEN = 1536
_ODD_NANOSECONDS = 123  # Python counts microseconds; readers must cope with the nanoseconds of Go


@dataclass(slots=True, kw_only=True)
class Runner:
    """One model in memory."""

    name: str
    digest: str
    weights: str
    options: tuple[Any, ...]
    context_length: int
    size: int
    details: Details
    keep: float = FOREVER
    expires: datetime = field(default_factory=lambda: datetime.now(UTC))
    dead: bool = False
    """Whether its process was killed; it is listed all the same, and the next request starts another."""

    def hold(self, keep: float, now: datetime) -> None:
        """Set anew how long it stays after a request; every request does so, also with the default of five minutes."""
        self.keep = keep
        self.expires = now + (_LONGEST if math.isinf(keep) else timedelta(seconds=keep))

    def as_json(self) -> dict[str, Any]:
        """Return the entry of `/api/ps`."""
        return {
            "name": self.name,
            "model": self.name,
            "size": self.size,
            "digest": self.digest,
            "details": self.details.as_json(),
            "expires_at": timestamp(int(self.expires.timestamp() * 1e6) * 1000 + _ODD_NANOSECONDS),
            "size_vram": 0,
            "context_length": self.context_length,
        }


@dataclass(slots=True)
class Runners:
    """What is loaded, at most so many at once."""

    room: int
    loaded: list[Runner] = field(default_factory=list)

    def listed(self, now: datetime) -> list[Runner]:
        """Return what `/api/ps` shows: those that stay longest come first."""
        self.expire(now)
        return sorted(self.loaded, key=lambda runner: int(runner.expires.timestamp()), reverse=True)

    def expire(self, now: datetime) -> None:
        """Unload what nobody asked for in time."""
        self.loaded = [runner for runner in self.loaded if runner.expires > now]

    def serving(self, weights: str, options: tuple[Any, ...]) -> Runner | None:
        """Return the runner that can serve a request as it is."""
        for runner in self.loaded:
            if runner.weights == weights and runner.options == options and not runner.dead:
                return runner
        return None

    def make_room(self, weights: str, name: str) -> None:
        """Unload what a new runner replaces: the same weights, the same name, and one more where all places are taken.

        The one that goes is the one kept for the shortest time; among pinned ones the digest decides.
        """
        self.loaded = [runner for runner in self.loaded if runner.weights != weights and runner.name != name]
        while len(self.loaded) >= self.room:
            self.loaded.remove(min(self.loaded, key=lambda runner: (runner.keep, runner.weights)))

    def unload(self, weights: str) -> None:
        """Unload whatever runs these weights."""
        self.loaded = [runner for runner in self.loaded if runner.weights != weights]

    def named(self, name: str) -> Iterator[Runner]:
        """Return the runners that were loaded under a name."""
        return (runner for runner in self.loaded if runner.name == name)


def memory(weights: int, context: int) -> int:
    """Bytes that a model takes in memory: the weights and what it keeps for each token of its context."""
    return weights + context * _KEPT_PER_TOKEN


def timestamp(nanoseconds: int) -> str:
    """Return a time in Go's notation: UTC, up to nine digits of a second without trailing zeros."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    digits = f"{rest:09d}".rstrip("0")
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{digits}" if digits else "") + "Z"

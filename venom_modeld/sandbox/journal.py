"""The requests a sandbox was asked, so that a test can count them and a person can see what the daemon does."""

import fnmatch
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Request:
    """One request; `status` is None while it is not answered."""

    server: str
    method: str
    path: str
    body: Any
    time: float
    status: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the request as the control port shows it."""
        return asdict(self)


@dataclass(slots=True)
class Journal:
    """All requests in the order of their arrival."""

    entries: list[Request] = field(default_factory=list)

    def __iter__(self) -> Iterator[Request]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def note(self, server: str, method: str, path: str, body: bytes) -> Request:
        """Write down a request; the caller fills in the status when it is known."""
        entry = Request(server=server, method=method, path=path, body=_read(body), time=time.time())
        self.entries.append(entry)
        return entry

    def matching(self, *, server: str = "*", method: str = "*", path: str = "*") -> list[Request]:
        """Return the requests to some paths; `*` stands for anything."""
        return [
            entry
            for entry in self.entries
            if fnmatch.fnmatchcase(entry.server, server)
            and fnmatch.fnmatchcase(entry.method, method)
            and fnmatch.fnmatchcase(entry.path, path)
        ]

    def count(self, *, server: str = "*", method: str = "*", path: str = "*") -> int:
        """How many requests went to some paths."""
        return len(self.matching(server=server, method=method, path=path))

    def clear(self) -> None:
        """Forget all requests."""
        self.entries.clear()


def _read(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")

"""Why a server would not start, read from what it said: the one line that a person needs.

vLLM is several processes, and an error of one becomes an error of the next: a worker cannot read a file, the engine
cannot start its worker, the server cannot start its engine. Each writes its traceback, and the last lines only point
upwards ("See root cause above"). So the reason is the last exception that says something itself, leaving out those by
which processes only notice that another one is gone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from venom_modeld.core.wording import one_line

MAX_WORDS = 600
"""Characters of a reason that are passed on."""

_PREFIX = re.compile(r"^\([^()\s]+ pid=\d+\) (?:(?:INFO|WARNING|ERROR|CRITICAL) [\d-]+ [\d:]+ \[[^\]]*\] ?)?")
"""What vLLM puts before the lines of each of its processes."""

_COMPLAINT = re.compile(
    r"^(?:\([^()\s]+ pid=\d+\) )?(?:ERROR|CRITICAL)(?: [\d-]+ [\d:]+ \[[^\]]*\] |: +)(?P<words>\S.*)"
)
"""A line that is written as an error."""

_EXCEPTION = re.compile(
    r"^(?P<kind>(?:[A-Za-z_]\w*\.)*(?:[A-Z]\w*(?:Error|Interrupt|Exit|Failure)|\w*Exception))(?:: (?P<words>.*))?$"
)
"""The line that ends a traceback."""

_POINTER = re.compile(
    r"see (?:the )?(?:root cause|stack trace)|initialization failed|encountered an issue",
    re.IGNORECASE,
)
"""An exception that only says that there was another."""

_LOST = frozenset(
    {"BrokenPipeError", "CancelledError", "ConnectionResetError", "EOFError", "KeyboardInterrupt", "SystemExit"}
)
"""Exceptions by which a process notices that another one is gone."""

_VALUE_ERROR = re.compile(r"^  (?:Value|Assertion) error, (?P<words>.+)$")
_USAGE = re.compile(r"^[\w. -]+: error: (?P<words>.+)$")
_ADVICE = re.compile(r" *(?:\[type=\w+, .*|For further information visit .*)$")
_TRACE = "Traceback (most recent call last):"


@dataclass(frozen=True, slots=True)
class _Raised:
    kind: str
    words: str

    @property
    def points_elsewhere(self) -> bool:
        return self.name in _LOST or _POINTER.search(self.words) is not None

    @property
    def name(self) -> str:
        return self.kind.rpartition(".")[2]

    def __str__(self) -> str:
        return f"{self.name}: {self.words}" if self.words else self.name


def reason_of(said: str) -> str | None:
    """Return the reason in what a server said, on one line, or None where it gave none."""
    lines = [_PREFIX.sub("", line.rstrip()) for line in said.splitlines()]
    usage = next((found["words"] for found in map(_USAGE.match, lines) if found), None)
    raised = list(_raised(lines))
    telling = [str(one) for one in raised if not one.points_elsewhere]
    complaint = None if raised else _last_complaint(said)
    reason = usage or (telling[-1] if telling else complaint)
    return None if reason is None else _short(reason)


def _last_complaint(said: str) -> str | None:
    """Return the last line that was written as an error."""
    found = [complaint["words"] for complaint in map(_COMPLAINT.match, said.splitlines()) if complaint]
    return found[-1] if found else None


def _raised(lines: list[str]) -> Iterator[_Raised]:
    """Yield the exceptions that end a traceback, in their order."""
    inside = False
    for number, line in enumerate(lines):
        if line == _TRACE:
            inside = True
            continue
        found = _EXCEPTION.match(line) if inside else None
        if found:
            inside = False
            yield _told(found, lines[number + 1 : number + 2])


def _told(found: re.Match[str], following: list[str]) -> _Raised:
    """Return an exception; pydantic's says only how many faults there are, and the fault stands on the next line."""
    fault = _VALUE_ERROR.match(following[0]) if following else None
    if fault:
        return _Raised("ValueError", _ADVICE.sub("", fault["words"]))
    return _Raised(found["kind"], found["words"] or "")


def _short(words: str) -> str:
    line = one_line(words)
    return line if len(line) <= MAX_WORDS else f"{line[:MAX_WORDS]}…"

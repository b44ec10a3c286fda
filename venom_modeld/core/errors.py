"""The errors that a person or the engine can act on.

    ModeldError
    ├── TemporaryError     worth another try, with backoff
    │   └── RuntimeUnreachable   nothing is known of the runtime now
    └── PermanentError     no try will help until a person, the file or the model changes

Whoever talks to the outside (a runtime's client, the registry reader) translates what went wrong there once, at its
boundary, into one of these. The engine knows only these two families: it retries the first and stalls on the second.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from venom_modeld.core.reasons import Reason

LONGEST_WAIT = 86_400.0
"""Seconds for which the other side is believed at the most when it asks for a wait; a day."""


class ModeldError(Exception):
    """Carry a reason for programs (one CamelCase word) and a message for people (what, where, what to do next)."""

    def __init__(self, message: str, *, reason: "Reason") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason


class TemporaryError(ModeldError):
    """A failure that may pass by itself; `retry_after` is the number of seconds the other side asked for, if it did.

    It is a day at the most.
    """

    def __init__(self, message: str, *, reason: "Reason", retry_after: float | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = None if retry_after is None else min(retry_after, LONGEST_WAIT)


class RuntimeUnreachable(TemporaryError):
    """The runtime did not answer, answered partly, or answered nonsense: what it has is Unknown."""


class PermanentError(ModeldError):
    """A failure that repeats until the entry, the model or the host changes."""

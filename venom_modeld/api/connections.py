"""Connections that are let go when their other end does not do its part, so that nobody can hold all there are.

uvicorn waits without end for a request, for its body, and for a reader of what it answered. Here each of these has a
time: who opens connections and says nothing, says it byte by byte, or takes no answer, is hung up on. Readers of the
event stream have a shorter patience of their own (see `readers`), which tells of them in the log.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

Phase = tuple[str, object, int]
"""What is waited for, in which request, and how many bytes of its answer are not taken yet."""


class PatientProtocol(H11Protocol):
    """One connection."""

    most = 768
    """Connections at once; the operating system gives a process 1,024 files as a rule, and the daemon needs some."""
    head_seconds = 10.0
    """How long the head of a request may take, from the opening of the connection or the end of the request before."""
    body_seconds = 30.0
    """How long the body of a request may take, from the end of its head."""
    taking_seconds = 30.0
    """How long a reader may take nothing of an answer."""
    look_seconds = 2.5
    """How often this is looked at."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        # uvicorn would close after half of it, for which many clients keep a connection too: some would meet its end
        self.timeout_keep_alive = self.head_seconds  # type: ignore[assignment]  # a fraction is as good for a timer
        self._phase: Phase = ("", None, 0)
        self._waited = 0.0
        self._next_look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection; hang up where it is one too many."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()
            return
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of a connection."""
        if self._next_look is not None:
            self._next_look.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Hang up where the same has been waited for too long.

        Looks are counted, not seconds: a process that stood still must not take that for the silence of everybody.
        """
        phase = self._present()
        self._waited = self._waited + self.look_seconds if phase == self._phase else 0.0
        if self._waited >= self._limit(phase):
            self.transport.abort()
            return
        self._phase = phase
        self._next_look = self.loop.call_later(self.look_seconds, self._look)

    def _present(self) -> Phase:
        waiting = self.transport.get_write_buffer_size()
        if waiting:
            return ("taking", self.cycle, waiting)
        # uvicorn's types leave out that there is no request at first
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]
            return ("head", self.cycle, 0)
        return ("body" if self.cycle.more_body else "answer", self.cycle, 0)

    def _limit(self, phase: Phase) -> float:
        limits = {"head": self.head_seconds, "body": self.body_seconds, "taking": self.taking_seconds}
        return limits.get(phase[0], float("inf"))

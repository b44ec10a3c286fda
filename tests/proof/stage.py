"""Sandboxes in a process of their own that write down all that is asked of them and all that changes in them.

`python -m tests.proof.stage COUNT --log FILE` tells the addresses as one line of JSON, then takes commands, each a line
of JSON, and answers each with a line. It ends when its input does, so it never outlives whoever started it. With
`--models N`, somebody has installed so many small models on each, called `crowd/model-0` and so on. The log has one
JSON object a line, stamped with the monotonic clock, which is the same in every process of a host:

- `begin` and `end` of a request that changes something, with who sent it;
- `look`: a list of what is installed or loaded, and whether the answer went out whole and sound;
- `write` and `remove`: a name on the disk changed, with the request that did it.

The one command is `{"kill": PID, "at": "begin" | "end" | "write" | "remove", "path": PATH, "skip": N}`: a process is
killed at that very moment, which no process that only listens could hit.
"""

import argparse
import asyncio
import contextvars
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any, TextIO

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.conftest import QUICK
from venom_modeld.sandbox import Sandbox, SandboxSettings
from venom_modeld.sandbox.artifacts import Manifest
from venom_modeld.sandbox.guard import Recorder
from venom_modeld.sandbox.journal import Journal, Request
from venom_modeld.sandbox.names import ModelName
from venom_modeld.sandbox.store import Installed, Store, UnreadableModelError

Json = dict[str, Any]

CHANGING = ("/api/pull", "/api/delete", "/api/create", "/api/copy", "/api/generate", "/api/embed")
LOOKING = ("/api/tags", "/api/ps")

SLOW_LINES = 0.06
"""Seconds between the lines of a pull where there is a crowd, as of the real server."""

_cause: contextvars.ContextVar[int | None] = contextvars.ContextVar("cause", default=None)


@dataclass(slots=True)
class Trap:
    """Whom to kill, and when."""

    pid: int
    at: str
    path: str
    skip: int


class Ledger:
    """Writes the log, and springs the trap."""

    def __init__(self, file: TextIO | None) -> None:
        self._file = file
        self.trap: Trap | None = None
        self.numbers = itertools.count(1)

    def note(self, what: str, path: str = "", **fields: Any) -> None:
        """Write a line, after the trap was sprung where this is the moment."""
        trap = self.trap
        killed = None
        if trap is not None and trap.at == what and trap.path in ("", path):
            trap.skip -= 1
            if trap.skip < 0:
                self.trap, killed = None, trap.pid
                with suppress(ProcessLookupError):
                    os.kill(killed, signal.SIGKILL)
        if self._file is not None:
            extra = {} if killed is None else {"killed": killed}
            line = {"t": time.monotonic(), "what": what, "path": path} | fields | extra
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()


class Forgetful(Journal):
    """A journal that keeps nothing, so that an hour costs no memory."""

    def note(self, server: str, method: str, path: str, body: bytes) -> Request:
        """Make an entry, and keep it nowhere."""
        return Request(server=server, method=method, path=path, body=None, time=0.0)


class Disk(Store):
    """A disk whose changes are written down."""

    def __init__(self, tell: Callable[..., None]) -> None:
        super().__init__()
        self._tell = tell

    def write(self, name: ModelName, manifest: Manifest) -> list[str]:
        """Install a manifest under a name."""
        before = self.models.get(name.key)
        unused = super().write(name, manifest)
        earlier = before.manifest.digest if before else None
        self._tell("write", model=name.short, before=earlier, after=manifest.digest, by=_cause.get())
        return unused

    def remove(self, name: ModelName) -> bool:
        """Remove a model."""
        before = self.models.get(name.key)
        listed = before is not None and self._is_listed(before)
        gone = super().remove(name)
        if before is not None:
            digest = before.manifest.digest
            self._tell("remove", model=before.name.short, before=digest, listed=listed, by=_cause.get())
        return gone

    def _is_listed(self, model: Installed) -> bool:
        try:
            self.details(model)
        except UnreadableModelError:
            return False
        return True


class Witness:
    """Stands before an Ollama, and writes down what goes in and what comes out."""

    def __init__(self, app: ASGIApp, tell: Callable[..., None], numbers: "itertools.count[int]") -> None:
        self._app = app
        self._tell = tell
        self._numbers = numbers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        path = scope["path"]
        if path in CHANGING:
            await self._change(path, scope, receive, send)
        elif path in LOOKING:
            await self._look(path, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _change(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        raw = await _whole(receive)
        number = next(self._numbers)
        sender = dict(scope["headers"]).get(b"user-agent", b"").decode()
        self._tell("begin", path, n=number, sender=sender, body=_json(raw))
        pending: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]

        async def again() -> Message:
            return pending.pop() if pending else await receive()

        token = _cause.set(number)
        try:
            await self._app(scope, again, send)
        finally:
            _cause.reset(token)
            self._tell("end", path, n=number)

    async def _look(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        began, status, body, whole = time.monotonic(), 0, b"", False

        async def note(message: Message) -> None:
            nonlocal status, body, whole
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                body += message.get("body", b"")
                whole = not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            sound = status == 200 and whole and isinstance((_json(body) or {}).get("models"), list)
            self._tell("look", path, began=began, sound=sound)


class Watched(Sandbox):
    """A sandbox before which a witness stands; `number` tells it from its neighbours in the log."""

    def __init__(self, number: int, ledger: Ledger, settings: SandboxSettings) -> None:
        super().__init__(settings)

        def tell(what: str, path: str = "", **fields: Any) -> None:
            ledger.note(what, path, on=number, **fields)

        self._tell = tell
        self._numbers = ledger.numbers
        self.requests = Forgetful()
        self.store = Disk(tell)

    def _recorded(self, server: str, app: Any) -> Recorder:
        inner = super()._recorded(server, app)
        return Witness(inner, self._tell, self._numbers) if server == "ollama" else inner  # type: ignore[return-value]


async def _whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _json(raw: bytes) -> Json | None:
    try:
        found = json.loads(raw)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


async def _obey(ledger: Ledger) -> None:
    """Take commands until the input ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        command = json.loads(line)
        ledger.trap = Trap(command["kill"], command["at"], command["path"], command["skip"]) if command else None
        _say({"taken": command})


def _say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def serve(count: int, models: int, log: TextIO | None) -> None:
    """Run so many sandboxes, each with so many models, until the input ends."""
    ledger = Ledger(log)
    settings = replace(QUICK, line_interval=SLOW_LINES) if models else QUICK
    async with AsyncExitStack() as stack:
        sandboxes = [await stack.enter_async_context(Watched(number, ledger, settings)) for number in range(count)]
        for one in sandboxes:
            for number in range(models):
                one.publish(crowd(number), size=1_000_000)
            one.install(*map(crowd, range(models)))
        _say([one.addresses.as_json() for one in sandboxes])
        await _obey(ledger)


def crowd(number: int) -> str:
    """Return the name of one of the models that are there from the start."""
    return f"crowd/model-{number}:latest"


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--log", type=argparse.FileType("a"))
    parser.add_argument("--models", type=int, default=0)
    chosen = parser.parse_args()
    asyncio.run(serve(chosen.count, chosen.models, chosen.log))


if __name__ == "__main__":
    main()

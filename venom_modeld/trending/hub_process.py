"""Asks the Hub through a child process (see `hub_child`), within the budget of its host, and in sentences."""

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from venom_modeld.core.reasons import Reason
from venom_modeld.trending.errors import NoSuchModel, ParseFailed, SourceFailed, Throttled
from venom_modeld.trending.limits import Host, read_rate_limit
from venom_modeld.trending.wire import refused, unreachable

DEADLINE = 30.0
"""Seconds for a child, of which it needs about one to start."""

_TOKEN = re.compile(r"hf_[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubReply:
    """What the Hub answered to one call."""

    value: Any
    """None where it is still what the validator named."""
    validator: str | None = None
    unchanged: bool = False


Call = Mapping[str, Any]
"""One call in the words of `hub_child`."""


class Hub(Protocol):
    """The Hub, as far as it is asked here."""

    @property
    def url(self) -> str:
        """Where it is."""
        ...

    async def ask(self, call: Call) -> HubReply:
        """Return the answer to a call. Raises NoSuchModel, SourceFailed, Throttled."""
        ...

    async def ask_all(self, calls: Sequence[Call]) -> list[HubReply | SourceFailed]:
        """Return the answers to the first of the calls, as many as may be asked now and as it answers."""
        ...


class HubProcess:
    """The Hub of the environment: `environ` holds HF_ENDPOINT, HF_TOKEN and the others of the Hub's own settings."""

    def __init__(
        self,
        host: Host,
        *,
        version: str,
        environ: Mapping[str, str],
        deadline: float = DEADLINE,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.url = environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
        self._host = host
        self._version = version
        self._environ = environ
        self._deadline = deadline
        self._wall = wall
        self._turn = asyncio.Lock()

    async def ask(self, call: Call) -> HubReply:
        """Return the answer to a call. Raises NoSuchModel, SourceFailed, Throttled."""
        self._host.spend()
        [found] = await self._run([call])
        if isinstance(found, SourceFailed):
            raise found
        return found

    async def ask_all(self, calls: Sequence[Call]) -> list[HubReply | SourceFailed]:
        """Return the answers to the first of the calls, as many as may be asked now and as it answers."""
        granted: list[Call] = []
        for call in calls:
            try:
                self._host.spend()
            except Throttled:
                break
            granted.append(call)
        return await self._run(granted) if granted else []

    async def _run(self, calls: list[Call]) -> list[HubReply | SourceFailed]:
        try:
            async with self._turn:
                answers = await self._talk(calls)
            return [self._reply(call, found) for call, found in zip(calls, answers, strict=False)]
        except SourceFailed as error:
            self._host.failed()
            return [error]

    async def _talk(self, calls: list[Call]) -> list[Mapping[str, Any]]:
        command = (sys.executable, "-P", "-m", "venom_modeld.trending.hub_child")
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=pipe, env=dict(self._environ)
        )
        try:
            async with asyncio.timeout(self._deadline):
                said, complaints = await child.communicate(json.dumps([*map(self._named, calls)]).encode())
        except TimeoutError as error:
            raise unreachable(self._host.name, f"no answer within {self._deadline:g} s") from error
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode != 0:
            raise SourceFailed(_broken(complaints), reason=Reason.FAILED)
        answers: list[Mapping[str, Any]] = json.loads(said)
        return answers

    def _named(self, call: Call) -> dict[str, Any]:
        return {**call, "version": self._version}

    def _reply(self, call: Call, found: Mapping[str, Any]) -> HubReply | SourceFailed:
        headers = found["headers"]
        self._host.charge(max(0, found["requests"] - 1))
        self._host.heard(read_rate_limit(headers))
        if "value" in found:
            return HubReply(value=found["value"], validator=found["validator"])
        if found.get("status") == 304:
            return HubReply(value=None, validator=call.get("validator"), unchanged=True)
        error = self._error(call, found)
        if not isinstance(error, NoSuchModel):
            self._host.failed()
            self._host.refused(error)
        return error

    def _error(self, call: Call, found: Mapping[str, Any]) -> SourceFailed:
        if "unreachable" in found:
            return unreachable(self._host.name, found["unreachable"])
        if "invalid" in found:
            return ParseFailed(f"The answer of {self._host.name} cannot be read: {found['invalid']}.")
        status, headers, repository = found["status"], found["headers"], call.get("repository")
        if repository and headers.get("x-error-code") == "GatedRepo":
            message = f"{repository} is gated: ask for access at {self.url}/{repository}, and set HF_TOKEN."
            return SourceFailed(message, reason=Reason.ACCESS_DENIED)
        if repository and status in (401, 404):
            return NoSuchModel(
                f"{self._host.name} has no repository {repository} that may be read from here; a private one needs"
                " HF_TOKEN."
            )
        return refused(f"{self.url}/api/models", status, headers, now=self._wall())


def _broken(complaints: bytes) -> str:
    lines = complaints.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
    return f"The program that reads the Hub ended before its time: {_TOKEN.sub('hf_…', lines[-1])[:200]}"

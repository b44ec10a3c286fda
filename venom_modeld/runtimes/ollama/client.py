"""The wire to one Ollama: each call of its API that we use, with typed answers.

A call either gives what Ollama documents or raises: `Refused` where Ollama itself says no, `RuntimeUnreachable` where
nothing, or nothing sensible, came back.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from venom_modeld.core.errors import ModeldError, RuntimeUnreachable
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import InstalledModel
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.ollama.answers import (
    Catalogue,
    Generated,
    Nonsense,
    Running,
    Shown,
    error_text,
    read_embedded,
    read_generated,
    read_running,
    read_shown,
)
from venom_modeld.runtimes.ollama.errors import Refused, clean
from venom_modeld.runtimes.transport import Answer, NotJson, Stream, Timeouts, Transport, Trouble, parse_object

FOR_EVER = -1
"""The `keep_alive` that pins a model; the text "-1" would be refused."""

_Read = TypeVar("_Read")


class Client:
    """Calls to one Ollama; `runtime` is how sentences call it: `Runtime 'gpu' (http://…)`."""

    def __init__(self, url: str, *, runtime: str, environment: Environment) -> None:
        self.runtime = runtime
        self._catalogue = Catalogue()
        self._known: dict[str, tuple[bytes, Any]] = {}  # what was last told by each path, and what was read in it
        self._answer_timeout = environment.read_timeout
        self._load_timeout = environment.load_timeout
        self._transport = Transport(
            url,
            translate=self._translate,
            timeouts=Timeouts(connect=environment.connect_timeout, answer=environment.read_timeout),
            user_agent=environment.user_agent,
        )

    async def version(self) -> str | None:
        """Return what `/api/version` says; None where a server speaks the rest but not that."""
        try:
            answer = await self._ask("GET", "/api/version")
        except Refused:
            return None
        found = answer.get("version")
        return found if isinstance(found, str) else None

    async def tags(self) -> Mapping[ModelName, InstalledModel]:
        """Return the installed models; the same mapping as before where nothing changed."""
        return await self._observed("/api/tags", self._catalogue.read)

    async def ps(self) -> tuple[Running, ...]:
        """Return what is in memory."""
        return await self._observed("/api/ps", read_running)

    async def show(self, name: ModelName) -> Shown:
        """Return how a model is loaded."""
        return self._read(await self._ask("POST", "/api/show", {"model": name.text}), read_shown)

    async def copy(self, source: ModelName, destination: ModelName) -> None:
        """Give a model a second name, over whatever had it."""
        await self._tell("POST", "/api/copy", {"source": source.text, "destination": destination.text})

    async def delete(self, name: ModelName) -> bool:
        """Delete a name; False where there was none."""
        return await self._unless_missing("DELETE", "/api/delete", {"model": name.text})

    async def unload(self, name: ModelName) -> bool:
        """Ask for a model to be taken out of memory, which happens soon after; False where there is no such model."""
        return await self._unless_missing("POST", "/api/generate", {"model": name.text, "keep_alive": 0})

    async def generate(self, name: ModelName, *, pin: bool) -> Generated:
        """Load a model and generate one token, as it comes, with no template around it."""
        body = {"model": name.text, "prompt": "hi", "raw": True, "stream": False, "options": {"num_predict": 1}}
        return self._read(await self._load("/api/generate", body, pin=pin), read_generated)

    async def embed(self, name: ModelName, *, pin: bool) -> Generated:
        """Load an embedding model and make one vector."""
        return self._read(await self._load("/api/embed", {"model": name.text, "input": "x"}, pin=pin), read_embedded)

    @asynccontextmanager
    async def pull(self, name: ModelName, *, insecure: bool) -> AsyncIterator[Stream]:
        """Start a pull and give its lines; leaving the context ends it, and Ollama keeps what has arrived."""
        async with self._streamed("/api/pull", {"model": name.text, "insecure": insecure}) as stream:
            yield stream

    @asynccontextmanager
    async def create(self, name: ModelName, base: ModelName, definition: Mapping[str, Any]) -> AsyncIterator[Stream]:
        """Start to make a model of another one, and give its lines."""
        async with self._streamed("/api/create", {**definition, "model": name.text, "from": base.text}) as stream:
            yield stream

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _observed(self, path: str, read: Callable[[Mapping[str, Any]], _Read]) -> _Read:
        try:
            answer = await self._told("GET", path, None, deadline=None)
            known = self._known.get(path)
            if known is None or known[0] != answer.body:
                known = self._known[path] = (answer.body, self._read(self._understood(answer), read))
        except Refused as refused:
            raise self._not_observable(path, refused) from refused
        found: _Read = known[1]
        return found

    def _read(self, answer: Mapping[str, Any], read: Callable[[Mapping[str, Any]], _Read]) -> _Read:
        try:
            return read(answer)
        except Nonsense as error:
            raise self._translate(Trouble.INVALID, str(error)) from error

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, deadline: float | None = None
    ) -> Mapping[str, Any]:
        return self._understood(await self._told(method, path, body, deadline=deadline))

    def _understood(self, answer: Answer) -> Mapping[str, Any]:
        """Return what an answer says; raises Refused where that is an error, whatever its status."""
        said = self._transport.parse(answer)
        words = error_text(said)
        if words:
            raise Refused(500, words)
        return said

    async def _tell(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        """Send what is answered with an empty body."""
        await self._told(method, path, body, deadline=None)

    async def _told(self, method: str, path: str, body: Mapping[str, Any] | None, *, deadline: float | None) -> Answer:
        answer = await self._transport.send(method, path, body=body, deadline=deadline)
        if answer.status != 200:
            raise Refused(answer.status, _words(answer.body))
        return answer

    async def _unless_missing(self, method: str, path: str, body: Mapping[str, Any]) -> bool:
        try:
            await self._tell(method, path, body)
        except Refused as refused:
            if refused.status == 404:
                return False
            raise
        return True

    async def _load(self, path: str, body: Mapping[str, Any], *, pin: bool) -> Mapping[str, Any]:
        kept = {"keep_alive": FOR_EVER} if pin else {}
        return await self._ask("POST", path, {**body, **kept}, deadline=self._load_timeout)

    @asynccontextmanager
    async def _streamed(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[Stream]:
        async with self._transport.stream("POST", path, body=body) as stream:
            if stream.status != 200:
                raise Refused(stream.status, _words(await stream.body(deadline=self._answer_timeout)))
            yield stream

    def _not_observable(self, path: str, refused: Refused) -> RuntimeUnreachable:
        if refused.status in (401, 403):
            return RuntimeUnreachable(
                f"{self.runtime} refuses us ({refused.status}): Ollama takes no host name that it does not know; write"
                " its IP address or localhost in `url`.",
                reason=Reason.ACCESS_DENIED,
            )
        said = clean(refused.words) or "without a reason"
        return RuntimeUnreachable(
            f"{self.runtime} answered {path} with status {refused.status}: {said}. Check that `url` is that of an"
            " Ollama.",
            reason=Reason.INVALID_ANSWER,
        )

    def _translate(self, trouble: Trouble, words: str) -> ModeldError:
        what, advice, reason = _TROUBLES[trouble]
        return RuntimeUnreachable(f"{self.runtime} {what}: {clean(words)}. {advice}", reason=reason)


_TROUBLES: Mapping[Trouble, tuple[str, str, Reason]] = {
    Trouble.UNREACHABLE: (
        "cannot be reached",
        "Check that Ollama runs there and that `url` is right.",
        Reason.UNREACHABLE,
    ),
    Trouble.TIMEOUT: (
        "does not answer",
        "Check that Ollama is well there and that `url` is right.",
        Reason.UNREACHABLE,
    ),
    Trouble.TLS: ("cannot be spoken to securely", "Check whether `url` is http or https.", Reason.UNREACHABLE),
    Trouble.INVALID: (
        "gave an answer that makes no sense",
        "Check that `url` is that of an Ollama.",
        Reason.INVALID_ANSWER,
    ),
    Trouble.CUT: ("broke off its answer", "Check whether Ollama was restarted there.", Reason.CUT),
}


def _words(body: bytes) -> str:
    """Return the words of a refusal, which is JSON from Ollama and anything from what stands in front of it."""
    try:
        return error_text(parse_object(body))
    except NotJson:
        return body.decode("utf-8", "replace")

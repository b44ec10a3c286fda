"""The wire to one vLLM: each call of its API that we use, with typed answers.

A call either gives what vLLM is known to answer or raises: `Refused` where vLLM itself says no, `RuntimeUnreachable`
where nothing, or nothing sensible, came back.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from venom_modeld.core.errors import ModeldError, RuntimeUnreachable
from venom_modeld.core.names import shown
from venom_modeld.core.reasons import Reason
from venom_modeld.core.sizes import LARGEST
from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.transport import Answer, NotJson, Timeouts, Transport, Trouble, parse_object
from venom_modeld.runtimes.vllm.errors import clean

LONGEST_NAME = 4096
"""Characters of the longest name that a server may answer to; without one of its own it is a path."""

_METRIC = re.compile(r"^(?P<name>vllm:\w+)(?:\{[^}\n]*\})? (?P<value>[0-9.]+(?:[eE][+-]?[0-9]+)?)$", re.MULTILINE)


class Refused(Exception):
    """An answer of vLLM that says no: its status, and its words, which may be empty."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words}")
        self.status = status
        self.words = words


class NotThere(RuntimeUnreachable):
    """Nobody listens at the address: for a server of ours, it does not run or is not ready yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One name that a server answers to."""

    id: str
    root: str
    """What the server was told to serve: a repository, or a folder."""
    parent: str | None
    """The model that it is an adapter of, if it is one."""
    context_length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How busy a server is; None where it does not say."""

    running: int | None = None
    waiting: int | None = None
    cache_use: float | None = None


class Client:
    """Calls to one vLLM; `title` is how sentences call it, `key` what it wants to see of its clients."""

    def __init__(self, url: str, *, title: str, environment: Environment, key: str | None) -> None:
        self.title = title
        self._load_timeout = environment.load_timeout
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._transport = Transport(
            url,
            translate=self._translate,
            timeouts=Timeouts(connect=environment.connect_timeout, answer=environment.read_timeout),
            user_agent=environment.user_agent,
        )

    async def is_healthy(self) -> bool:
        """Tell whether the engine behind the server is well; raises NotThere before it is ready."""
        return (await self._transport.send("GET", "/health")).status == 200

    async def version(self) -> str | None:
        """Return the version that the server tells, if it does."""
        answer = await self._transport.send("GET", "/version")
        try:
            found = parse_object(answer.body).get("version")
        except NotJson:
            return None
        return found if isinstance(found, str) else None

    async def models(self) -> tuple[Served, ...]:
        """Return the names that the server answers to."""
        answer = await self._send("GET", "/v1/models")
        if answer.status in (401, 403):
            raise RuntimeUnreachable(
                f"{self.title} refuses us ({answer.status}). Write the file with its key as `api_key_file` of the"
                " server.",
                reason=Reason.ACCESS_DENIED,
            )
        if answer.status != 200:
            raise self._translate(Trouble.INVALID, f"status {answer.status} for /v1/models")
        entries = self._transport.parse(answer).get("data")
        if not isinstance(entries, list):
            raise self._translate(Trouble.INVALID, "/v1/models has no list of models")
        return tuple(self._served(entry) for entry in entries)

    async def load(self) -> Load:
        """Return how busy the server is."""
        answer = await self._transport.send("GET", "/metrics")
        text = answer.body.decode("utf-8", "replace") if answer.status == 200 else ""
        sums: dict[str, float] = {}
        for found in _METRIC.finditer(text):
            with suppress(ValueError):
                sums[found["name"]] = sums.get(found["name"], 0.0) + float(found["value"])
        running, waiting = sums.get("vllm:num_requests_running"), sums.get("vllm:num_requests_waiting")
        return Load(
            running=_count(running),
            waiting=_count(waiting),
            cache_use=sums.get("vllm:kv_cache_usage_perc"),
        )

    async def complete(self, model: str) -> bool:
        """Ask for one token, and tell whether one came. Raises Refused."""
        answer = await self._ask("/v1/completions", {"model": model, "prompt": "hi", "max_tokens": 1})
        usage, choices = answer.get("usage"), answer.get("choices")
        counted = isinstance(usage, dict) and bool(usage.get("completion_tokens"))
        return counted or _any_has(choices, "text")

    async def embed(self, model: str) -> bool:
        """Ask for one vector, and tell whether one came. Raises Refused."""
        answer = await self._ask("/v1/embeddings", {"model": model, "input": "hi"})
        return _any_has(answer.get("data"), "embedding")

    async def load_adapter(self, name: str, path: str) -> None:
        """Load a LoRA adapter, over one of the same name. Raises Refused."""
        body = {"lora_name": name, "lora_path": path, "load_inplace": True}
        await self._tell("/v1/load_lora_adapter", body)

    async def unload_adapter(self, name: str) -> None:
        """Unload a LoRA adapter; one that is not loaded is a success. Raises Refused."""
        try:
            await self._tell("/v1/unload_lora_adapter", {"lora_name": name})
        except Refused as refused:
            if refused.status != 404:
                raise

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    def _served(self, entry: Any) -> Served:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise self._translate(Trouble.INVALID, "/v1/models has an entry without an id")
        if not entry["id"].isprintable() or len(entry["id"]) > LONGEST_NAME:
            raise self._translate(Trouble.INVALID, f"/v1/models has an entry with the id {shown(entry['id'])}")
        parent, length = entry.get("parent"), entry.get("max_model_len")
        return Served(
            id=entry["id"],
            root=str(entry.get("root") or entry["id"]),
            parent=parent if isinstance(parent, str) else None,
            context_length=length if isinstance(length, int) else None,
        )

    async def _ask(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = await self._send("POST", path, body=body, deadline=self._load_timeout)
        if answer.status != 200:
            raise Refused(answer.status, _words(answer.body))
        return self._transport.parse(answer)

    async def _tell(self, path: str, body: Mapping[str, Any]) -> None:
        answer = await self._send("POST", path, body=body, deadline=self._load_timeout)
        if answer.status != 200:
            raise Refused(answer.status, _words(answer.body))

    async def _send(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, deadline: float | None = None
    ) -> Answer:
        return await self._transport.send(method, path, body=body, headers=self._headers, deadline=deadline)

    def _translate(self, trouble: Trouble, words: str) -> ModeldError:
        what, advice, reason = _TROUBLES[trouble]
        family = NotThere if trouble is Trouble.UNREACHABLE else RuntimeUnreachable
        return family(f"{self.title} {what}: {clean(words)}. {advice}", reason=reason)


_TROUBLES: Mapping[Trouble, tuple[str, str, Reason]] = {
    Trouble.UNREACHABLE: (
        "cannot be reached",
        "Check that vLLM runs there and that `url` is right.",
        Reason.UNREACHABLE,
    ),
    Trouble.TIMEOUT: (
        "does not answer",
        "Check that vLLM is well there and that `url` is right.",
        Reason.UNREACHABLE,
    ),
    Trouble.TLS: ("cannot be spoken to securely", "Check whether `url` is http or https.", Reason.UNREACHABLE),
    Trouble.INVALID: (
        "gave an answer that makes no sense",
        "Check that `url` is that of a vLLM.",
        Reason.INVALID_ANSWER,
    ),
    Trouble.CUT: ("broke off its answer", "Check whether vLLM was restarted there.", Reason.CUT),
}


def _count(sum_: float | None) -> int | None:
    return None if sum_ is None or not 0 <= sum_ <= LARGEST else int(sum_)


def _any_has(entries: Any, key: str) -> bool:
    return isinstance(entries, list) and any(isinstance(one, dict) and one.get(key) for one in entries)


def _words(body: bytes) -> str:
    """Return the words of a refusal: vLLM's own form, that of its web framework, or whatever it is."""
    try:
        found = parse_object(body)
    except NotJson:
        return body.decode("utf-8", "replace")
    error = found.get("error", found.get("detail", ""))
    return str(error.get("message", "")) if isinstance(error, dict) else str(error)

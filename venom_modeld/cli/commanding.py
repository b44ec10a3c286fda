"""`approve`, `retry` and `cancel`: what a person tells the daemon, in the words of the file.

The API knows operations by their ids. People know a runtime and a model, so the operations that are meant are looked up
among what the daemon does and plans.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from venom_modeld.cli.client import DaemonClient, Refused
from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.core.names import InvalidName, parse_ollama

Json = dict[str, Any]

_ENDED_BY_A_RETRY = frozenset({"stalled", "backoff", "held"})
_ABOUT_TO_BE_DONE = frozenset({None, "backoff"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation that runs or is planned, by the id that the API takes."""

    id: str
    type: str
    model: str
    block: Json | None = None

    @property
    def stop(self) -> str | None:
        """Return what kind of thing keeps it from being done, or None."""
        return str(self.block["kind"]) if self.block else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the daemon was told, of which operations."""

    runtime: str
    operations: tuple[Operation, ...]
    outcome: str

    @property
    def message(self) -> str:
        """Return it as a sentence."""
        what = " and ".join(one.type for one in self.operations)
        return f"{what} {self.operations[0].model} on {self.runtime} {self.outcome}."

    def as_json(self) -> Json:
        """Return it as plain values."""
        return {
            "runtime": self.runtime,
            "model": self.operations[0].model,
            "operations": [{"operation_id": one.id, "operation": one.type} for one in self.operations],
            "message": self.message,
        }


def approve(client: DaemonClient, digest: str) -> Json:
    """Let the unsafe plan of that digest happen; return what the daemon answers. Raises Failure, and as the client."""
    try:
        answer: Json = client.post("/api/v1/plan/approve", {"digest": digest})
    except Refused as refused:
        if refused.status != 404:
            raise
        message = f"No unsafe plan with the digest {digest} waits for an approval. See which does: venom-modeld status"
        raise Failure(message, ExitCode.OUTDATED) from refused
    return answer


def retry(client: DaemonClient, runtime: str, model: str) -> Told:
    """Let what failed with a model, or was cancelled, be tried at once. Raises Failure, and as the client does."""
    planned = list(_planned(client, runtime, model))
    stopped = tuple(one for one in planned if one.stop in _ENDED_BY_A_RETRY)
    if not stopped:
        raise Failure(_no_retry(runtime, model, planned))
    return _tell(client, "retry", Told(runtime=runtime, operations=stopped, outcome="is tried again now"))


def cancel(client: DaemonClient, runtime: str, model: str) -> Told:
    """Stop what is being done with a model, or keep it from being begun. Raises Failure, and as the client does."""
    planned = [one for one in _planned(client, runtime, model) if one.stop in _ABOUT_TO_BE_DONE]
    meant = tuple(_running(client, runtime, model)) or tuple(planned[:1])
    if not meant:
        raise Failure(f"Nothing is being done with {model} on {runtime}, and nothing is about to be.")
    outcome = "is cancelled, and held until you retry it or change its entry in the file"
    return _tell(client, "cancel", Told(runtime=runtime, operations=meant, outcome=outcome))


def _tell(client: DaemonClient, command: str, told: Told) -> Told:
    for one in told.operations:
        try:
            client.post(f"/api/v1/models/operations/{quote(one.id, safe='')}/{command}", {})
        except Refused as refused:
            if refused.status != 404:
                raise
            message = f"{one.type} {one.model} on {told.runtime} has ended meanwhile. See: venom-modeld status"
            raise Failure(message) from refused
    return told


def _planned(client: DaemonClient, runtime: str, model: str) -> Iterator[Operation]:
    """Yield what is planned for a model, in order. Raises Failure for a runtime that the daemon does not have."""
    runtimes = client.get("/api/v1/plan")["runtimes"]
    found = next((one for one in runtimes if one["name"] == runtime), None)
    if found is None:
        names = ", ".join(one["name"] for one in runtimes) or "none"
        raise Failure(f"There is no runtime {runtime}; the daemon has {names}.")
    for step in found["steps"]:
        if _key(step["model"]) == _key(model):
            yield Operation(id=step["key"], type=step["operation"], model=step["model"], block=step["block"])


def _running(client: DaemonClient, runtime: str, model: str) -> Iterator[Operation]:
    for one in client.get("/api/v1/models/operations")["operations"]:
        is_meant = one["runtime"] == runtime and _key(one["model_name"]) == _key(model)
        if is_meant and one["status"] == "in_progress":
            yield Operation(id=one["operation_id"], type=one["operation_type"], model=one["model_name"])


def _no_retry(runtime: str, model: str, planned: list[Operation]) -> str:
    block = next((one.block for one in planned if one.block), None)
    if block is not None:
        return f"A retry does not help {model} on {runtime}: {block['message']}"
    return f"Nothing that concerns {model} on {runtime} failed or was cancelled, so there is nothing to retry."


def _key(name: str) -> str:
    """Return what two spellings of one model share; a name that is none of Ollama's is compared as it is written."""
    try:
        return parse_ollama(name).key
    except InvalidName:
        return name

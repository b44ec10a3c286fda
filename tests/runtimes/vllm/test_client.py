"""What a vLLM answers, and what it means where it does not answer as vLLM does."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.runtimes.vllm.conftest import MakeClient
from venom_modeld.core.errors import RuntimeUnreachable
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.client import Client, Load, NotThere, Refused, Served

METRICS = b"""# HELP vllm:num_requests_running Running.
vllm:num_requests_running{engine="0",model_name="a"} 2.0
vllm:num_requests_running{engine="1",model_name="a"} 1.0
vllm:num_requests_waiting{engine="0",model_name="a"} 0.0
vllm:num_requests_waiting_by_reason{engine="0",reason="x"} 9.0
vllm:kv_cache_usage_perc{engine="0",model_name="a"} 2.5e-01
"""


async def test_names_and_adapters_are_told_apart(server: Any, client: MakeClient) -> None:
    """An adapter has a parent; what is not said is unknown."""
    entries = [
        {"id": "a", "root": "/hub/c", "parent": None, "max_model_len": 256},
        {"id": "x", "root": "/lora", "parent": "a", "max_model_len": None},
        {"id": "b"},
    ]
    server.on("GET /v1/models", {"object": "list", "data": entries})
    assert await client(server.url, key="k").models() == (
        Served(id="a", root="/hub/c", parent=None, context_length=256),
        Served(id="x", root="/lora", parent="a", context_length=None),
        Served(id="b", root="b", parent=None, context_length=None),
    )
    assert server.asked[0].headers["authorization"] == "Bearer k"


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        ({"status": 401, "body": b'{"error": "Unauthorized"}'}, Reason.ACCESS_DENIED, "refuses us .401.*api_key_file"),
        ({"status": 500}, Reason.INVALID_ANSWER, "status 500 for /v1/models"),
        ({"body": b"<html>"}, Reason.INVALID_ANSWER, "not JSON"),
        ({"body": b'{"data": 3}'}, Reason.INVALID_ANSWER, "has no list of models"),
        ({"body": b'{"data": [3]}'}, Reason.INVALID_ANSWER, "an entry without an id"),
        ({"body": b'{"data": [{"id": 3}]}'}, Reason.INVALID_ANSWER, "an entry without an id"),
        ({"body": b"{", "end": "cut"}, Reason.CUT, "broke off its answer"),
    ],
)
async def test_an_answer_that_is_not_vllms_is_unknown(
    server: Any, client: MakeClient, reply: Any, answer: dict[str, Any], reason: Reason, words: str
) -> None:
    """Unknown is not empty."""
    server.on("GET /v1/models", reply(**answer))
    with pytest.raises(RuntimeUnreachable, match=words) as caught:
        await client(server.url).models()
    assert caught.value.reason is reason


async def test_nobody_there_is_told_from_silence(server: Any, client: MakeClient, reply: Any) -> None:
    """A closed port may open soon; a server that hangs is ill."""
    with pytest.raises(NotThere, match="cannot be reached: connection refused"):
        await client("http://127.0.0.1:1").is_healthy()
    server.on("GET /health", reply(end="silence"))
    with pytest.raises(RuntimeUnreachable, match="does not answer") as caught:
        await client(server.url, patience=0.2).is_healthy()
    assert not isinstance(caught.value, NotThere)


@pytest.mark.parametrize(
    ("body", "load"),
    [
        (METRICS, Load(running=3, waiting=0, cache_use=0.25)),
        (b"", Load()),
        (b"something else 3\n", Load()),
    ],
)
async def test_metrics_are_added_up_over_engines(
    server: Any, client: MakeClient, reply: Any, body: bytes, load: Load
) -> None:
    """What is not there is unknown, never 0."""
    server.on("GET /metrics", reply(body=body))
    assert await client(server.url).load() == load
    assert await client(server.url.replace("127.0.0.1", "localhost")).load() == load


@pytest.mark.parametrize(
    ("body", "version"), [(b'{"version": "0.32.0"}', "0.32.0"), (b'{"version": 3}', None), (b"<html>", None)]
)
async def test_a_version_is_told_or_not(
    server: Any, client: MakeClient, reply: Any, body: bytes, version: str | None
) -> None:
    """A server without one is no worse."""
    server.on("GET /version", reply(body=body))
    assert await client(server.url).version() == version


@pytest.mark.parametrize(
    ("answer", "proven"),
    [
        ({"choices": [{"text": ""}], "usage": {"completion_tokens": 1}}, True),
        ({"choices": [{"text": " a"}]}, True),
        ({"choices": [{"text": ""}], "usage": {"completion_tokens": 0}}, False),
        ({"choices": 3, "usage": 3}, False),
    ],
)
async def test_a_token_is_a_token(server: Any, client: MakeClient, answer: dict[str, Any], proven: bool) -> None:
    """One that prints nothing counts as well."""
    server.on("POST /v1/completions", answer)
    assert await client(server.url).complete("a") is proven
    assert server.bodies("POST /v1/completions") == [{"model": "a", "prompt": "hi", "max_tokens": 1}]


@pytest.mark.parametrize(
    ("answer", "proven"),
    [({"data": [{"embedding": [0.1]}]}, True), ({"data": [{"embedding": []}]}, False), ({"data": 3}, False)],
)
async def test_a_vector_is_a_vector(server: Any, client: MakeClient, answer: dict[str, Any], proven: bool) -> None:
    """An empty one is none."""
    server.on("POST /v1/embeddings", answer)
    assert await client(server.url).embed("a") is proven


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"message": "no such model"}}', "no such model"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"error": "Unauthorized"}', "Unauthorized"),
        (b"plain words", "plain words"),
        (b"{}", ""),
    ],
)
async def test_a_refusal_keeps_its_words(server: Any, client: MakeClient, reply: Any, body: bytes, words: str) -> None:
    """In whatever form they come."""
    asking: dict[str, Callable[[Client], Awaitable[object]]] = {
        "POST /v1/completions": lambda one: one.complete("a"),
        "POST /v1/load_lora_adapter": lambda one: one.load_adapter("x", "/x"),
        "POST /v1/unload_lora_adapter": lambda one: one.unload_adapter("x"),
    }
    for what, ask in asking.items():
        server.on(what, reply(status=400, body=body))
        with pytest.raises(Refused) as caught:
            await ask(client(server.url))
        assert (caught.value.status, caught.value.words) == (400, words)


async def test_unloading_what_is_not_there_is_a_success(server: Any, client: MakeClient, reply: Any) -> None:
    """An operation whose end is reached already is done."""
    server.on("POST /v1/unload_lora_adapter", reply(status=404, body=b'{"error": {"message": "cannot be found"}}'))
    await client(server.url).unload_adapter("x")

"""Loading, proving, pinning and unloading on an Ollama."""

import asyncio
from typing import Any

import pytest

from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.errors import ModeldError, PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.names import parse_ollama
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Runtime
from venom_modeld.sandbox import Sandbox

QWEN = ModelSpec(name=parse_ollama("qwen3:0.6b"))
EMBED = ModelSpec(name=parse_ollama("nomic-embed-text"))
M = ModelSpec(name=parse_ollama("m"))
VERSION = {"version": "1"}


async def _activate(runtime: Runtime, spec: ModelSpec, *, alias: str | None = None, pin: bool = True) -> None:
    name = parse_ollama(alias) if alias else None
    await runtime.activate(spec, alias=name, pin=pin, report=lambda _: None)
    if name is not None:
        await runtime.point(name, spec.name)


@pytest.fixture
def scripted(server: Any, make_runtime: Any, tags: Any) -> tuple[Any, Runtime]:
    """Give a scripted Ollama with one model, and a driver on it."""
    server.on("GET /api/tags", tags("m")).on("GET /api/version", VERSION)
    return server, make_runtime(server.url)


async def test_a_load_is_a_proof_in_one_request(sandbox: Sandbox, runtime: Runtime) -> None:
    """One token without a template around it is asked for, and the model is told to stay."""
    sandbox.install("qwen3:0.6b")
    await _activate(runtime, QWEN)
    (request,) = sandbox.requests.matching(path="/api/generate")
    assert request.body == {
        "model": "qwen3:0.6b",
        "prompt": "hi",
        "raw": True,
        "stream": False,
        "options": {"num_predict": 1},
        "keep_alive": -1,
    }


async def test_an_embedding_model_is_proven_by_a_vector(sandbox: Sandbox, runtime: Runtime) -> None:
    """A model that cannot generate is loaded and pinned by an embedding."""
    sandbox.install("nomic-embed-text")
    await _activate(runtime, EMBED)
    assert sandbox.requests.count(path="/api/generate") == 0
    serving = (await runtime.observe([])).serving(EMBED.name)
    assert serving is not None
    assert serving.pinned


async def test_an_embedding_model_that_makes_nothing_is_told(sandbox: Sandbox, runtime: Runtime) -> None:
    """An empty vector proves nothing."""
    sandbox.install("nomic-embed-text")
    sandbox.faults.load_silent = ["*"]
    with pytest.raises(PermanentError) as caught:
        await _activate(runtime, EMBED)
    assert caught.value.reason is Reason.NOTHING_GENERATED


async def test_a_pin_that_a_client_reset_is_set_again(sandbox: Sandbox, runtime: Runtime, ollama: Any) -> None:
    """Activation of what is loaded, but not pinned any more, pins it."""
    sandbox.install("qwen3:0.6b")
    await _activate(runtime, QWEN)
    await ollama.post("/api/generate", model="qwen3:0.6b", prompt="hi", stream=False)
    assert not (await runtime.observe([])).loaded[0].pinned
    await _activate(runtime, QWEN)
    assert (await runtime.observe([])).loaded[0].pinned


async def test_a_model_is_loaded_without_a_pin_where_none_is_wanted(sandbox: Sandbox, runtime: Runtime) -> None:
    """Without `pin` the time that a model stays is Ollama's own."""
    sandbox.install("qwen3:0.6b")
    await _activate(runtime, QWEN, pin=False)
    assert not (await runtime.observe([])).loaded[0].pinned


async def test_a_model_whose_runner_was_killed_is_loaded_again(sandbox: Sandbox, runtime: Runtime) -> None:
    """A dead runner is still listed; the proof is what brings it back."""
    sandbox.install("qwen3:0.6b")
    await _activate(runtime, QWEN)
    sandbox.kill_runner("qwen3:0.6b")
    await _activate(runtime, QWEN)
    assert sandbox.loaded() == ["qwen3:0.6b"]


async def test_activating_a_second_name_finds_the_shared_runner(
    sandbox: Sandbox, runtime: Runtime, ollama: Any
) -> None:
    """A derived model with the runner of a loaded one is active although another name is listed."""
    sandbox.install("qwen3:0.6b")
    await ollama.lines("/api/create", model="coder", **{"from": "qwen3:0.6b"}, system="You write.")
    await ollama.load("qwen3:0.6b")
    await _activate(runtime, ModelSpec(name=parse_ollama("coder")))
    assert sandbox.loaded() == ["qwen3:0.6b"]
    (loaded,) = (await runtime.observe([parse_ollama("coder")])).loaded
    assert loaded.pinned


async def test_an_alias_is_copied_only_where_it_differs(sandbox: Sandbox, runtime: Runtime) -> None:
    """An alias that stands for the model already is left alone, and one of another version is moved."""
    sandbox.install("qwen3:0.6b", "llama3.2:1b")
    for _ in range(2):
        await _activate(runtime, QWEN, alias="default")
    assert sandbox.requests.count(path="/api/copy") == 1
    await _activate(runtime, ModelSpec(name=parse_ollama("llama3.2:1b")), alias="Default")
    assert sandbox.installed()["default:latest"] == sandbox.installed()["llama3.2:1b"]


async def test_an_alias_comes_after_the_proof(sandbox: Sandbox, runtime: Runtime) -> None:
    """Clients are not sent to a model that does not work."""
    sandbox.install("qwen3:0.6b")
    sandbox.faults.load_errors = {"*": "model requires more system memory than is available"}
    with pytest.raises(PermanentError, match="more system memory"):
        await _activate(runtime, QWEN, alias="default")
    assert list(sandbox.installed()) == ["qwen3:0.6b"]


async def test_an_alias_under_its_own_name_is_nothing_to_do(sandbox: Sandbox, runtime: Runtime) -> None:
    """A model that is its own alias is not copied onto itself."""
    sandbox.install("qwen3:0.6b")
    await _activate(runtime, QWEN, alias="qwen3:0.6b")
    assert sandbox.requests.count(path="/api/copy") == 0


async def test_a_load_that_takes_too_long_is_left(sandbox: Sandbox, make_runtime: Any) -> None:
    """Loading has a time of its own, after which it is tried again."""
    sandbox.install("qwen3:0.6b")
    sandbox.faults.load_delay = 60
    runtime = make_runtime(sandbox.ollama_url, patience=0.3)
    with pytest.raises(RuntimeUnreachable, match=r"no answer within 0\.3 s"):
        await _activate(runtime, QWEN)


async def test_a_server_that_goes_away_while_loading_is_unreachable(
    server: Any, reply: Any, make_runtime: Any, tags: Any
) -> None:
    """A lost connection is no verdict on the model."""
    server.on("GET /api/tags", tags("m")).on("POST /api/generate", reply(end="nothing"))
    with pytest.raises(RuntimeUnreachable):
        await _activate(make_runtime(server.url), M)


@pytest.mark.parametrize(
    ("status", "body", "family", "reason"),
    [
        (404, b'{"error":"model \'m\' not found"}', TemporaryError, Reason.NOT_FOUND),
        (503, b'{"error":"server busy"}', TemporaryError, Reason.LOAD_FAILED),
        (500, b'{"error":"tensor is larger than the file"}', PermanentError, Reason.LOAD_FAILED),
        (200, b'{"error":"it stopped in the middle"}', PermanentError, Reason.LOAD_FAILED),
        (200, b'{"done":true}', PermanentError, Reason.NOTHING_GENERATED),
        (200, b'{"eval_count":"many"}', RuntimeUnreachable, Reason.INVALID_ANSWER),
    ],
)
async def test_what_a_load_is_answered_has_a_meaning(
    scripted: Any, reply: Any, status: int, body: bytes, family: type[ModeldError], reason: Reason
) -> None:
    """Gone, busy, broken, silent and nonsensical are five different things."""
    server, runtime = scripted
    server.on("POST /api/generate", reply(status=status, body=body))
    with pytest.raises(family, match="Runtime 'gpu'") as caught:
        await _activate(runtime, M)
    assert caught.value.reason is reason


async def test_a_model_that_does_not_say_what_it_can_is_tried_both_ways(
    server: Any, reply: Any, make_runtime: Any, make_entry: Any, make_runner: Any
) -> None:
    """Where a server tells no capabilities, a refusal to generate leads to an embedding."""
    refusal = reply(status=400, body=b'{"error":"\\"m\\" does not support generate"}')
    server.on("GET /api/tags", {"models": [make_entry("m", capabilities=None)]}).on("GET /api/version", VERSION)
    server.on("GET /api/ps", {"models": [make_runner("m:latest")]})
    server.on("POST /api/generate", refusal).on("POST /api/embed", {"embeddings": [[0.1]]})
    await _activate(make_runtime(server.url), M)
    assert server.bodies("POST /api/embed") == [{"model": "m:latest", "input": "x", "keep_alive": -1}]


async def test_a_pin_is_waited_for(server: Any, make_runtime: Any, tags: Any, make_runner: Any, soon: str) -> None:
    """Ollama writes down that a model stays a moment after it has answered."""
    server.on("GET /api/tags", tags("m")).on("GET /api/version", VERSION).on("POST /api/generate", {"eval_count": 1})
    not_yet, pinned = make_runner("m:latest", expires_at=soon), make_runner("m:latest")
    server.on("GET /api/ps", {"models": []}, {"models": [not_yet]}, {"models": [pinned]})
    await _activate(make_runtime(server.url), M)
    assert server.count("GET /api/ps") == 3


@pytest.mark.parametrize(("pin", "words"), [(True, "does not list it as kept loaded"), (False, "list it as loaded")])
async def test_a_model_that_is_never_listed_is_not_active(
    server: Any, make_runtime: Any, tags: Any, pin: bool, words: str
) -> None:
    """A token is no activation while the runtime does not list the model."""
    server.on("GET /api/tags", tags("m")).on("GET /api/version", VERSION).on("GET /api/ps", {"models": []})
    server.on("POST /api/generate", {"eval_count": 1})
    with pytest.raises(TemporaryError, match=words) as caught:
        await _activate(make_runtime(server.url, patience=0.3), M, pin=pin)
    assert caught.value.reason is Reason.NOT_VERIFIED


async def test_unloading_is_waited_for(server: Any, reply: Any, make_runtime: Any, tags: Any, make_runner: Any) -> None:
    """Ollama takes a model out of memory after it has answered."""
    loaded = {"models": [make_runner("m:latest")]}
    server.on("GET /api/tags", tags("m")).on("GET /api/version", VERSION).on("POST /api/generate", reply())
    server.on("GET /api/ps", loaded, loaded, loaded, {"models": []})
    await make_runtime(server.url).deactivate(M.name)
    assert server.count("GET /api/ps") == 4


async def test_a_model_that_stays_in_memory_is_told(
    server: Any, reply: Any, make_runtime: Any, tags: Any, make_runner: Any
) -> None:
    """A client that keeps a model busy keeps it loaded, and that is no success."""
    server.on("GET /api/tags", tags("m")).on("GET /api/version", VERSION).on("POST /api/generate", reply())
    server.on("GET /api/ps", {"models": [make_runner("m:latest")]})
    with pytest.raises(TemporaryError, match="still in memory") as caught:
        await make_runtime(server.url, patience=0.3).deactivate(M.name)
    assert caught.value.reason is Reason.NOT_VERIFIED


async def test_unloading_what_is_not_installed_is_a_success(
    server: Any, reply: Any, make_runtime: Any, make_runner: Any
) -> None:
    """A model that is listed as loaded, but was deleted, cannot be unloaded, and needs no waiting for."""
    server.on("GET /api/tags", {"models": []}).on("GET /api/version", VERSION)
    server.on("GET /api/ps", {"models": [make_runner("m:latest")]})
    server.on("POST /api/generate", reply(status=404, body=b'{"error":"model \'m\' not found"}'))
    await make_runtime(server.url).deactivate(M.name)
    assert server.bodies("POST /api/generate") == [{"model": "m:latest", "keep_alive": 0}]


async def test_a_refused_unloading_is_told(server: Any, reply: Any, make_runtime: Any, tags: Any) -> None:
    """An unloading that Ollama refuses is a failure with its words."""
    server.on("GET /api/tags", tags("m")).on("GET /api/version", VERSION).on("GET /api/ps", {"models": []})
    server.on("POST /api/generate", reply(status=500, body=b'{"error":"scheduler is stuck"}'))
    with pytest.raises(TemporaryError, match="unloading m:latest failed: scheduler is stuck"):
        await make_runtime(server.url).deactivate(M.name)


async def test_a_cancelled_load_leaves_no_connection(server: Any, reply: Any, make_runtime: Any, tags: Any) -> None:
    """Cancelling an activation closes its request."""
    server.on("GET /api/tags", tags("m")).on("POST /api/generate", reply(end="silence"))
    loading = asyncio.create_task(_activate(make_runtime(server.url), M))
    async with asyncio.timeout(20):
        await server.reached.wait()
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        await server.left.wait()

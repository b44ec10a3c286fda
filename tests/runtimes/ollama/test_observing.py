"""What an observation of an Ollama says, and what it costs."""

from pathlib import Path
from typing import Any

import pytest

from venom_modeld.core.errors import RuntimeUnreachable
from venom_modeld.core.names import parse_ollama
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Runtime
from venom_modeld.runtimes.ollama.observing import _first
from venom_modeld.sandbox import Sandbox

VERSION = {"version": "0.33.0"}
NOTHING: dict[str, Any] = {"models": []}
QWEN = parse_ollama("qwen3:0.6b")


async def test_a_cycle_costs_one_request_each(sandbox: Sandbox, runtime: Runtime) -> None:
    """However many models are installed and of interest, a cycle without change asks for two lists."""
    names = [f"m{number}" for number in range(100)]
    for name in names:
        sandbox.publish(name, size=1000, weights="shared")
    sandbox.install(*names)
    interest = [parse_ollama(name) for name in names[:5]]
    first = await runtime.observe(interest)
    sandbox.requests.clear()
    for _ in range(3):
        state = await runtime.observe(interest)
        assert state.installed is first.installed
    assert sandbox.requests.count(server="ollama") == 6
    assert sandbox.requests.count(path="/api/tags") == sandbox.requests.count(path="/api/ps") == 3


async def test_a_shared_runner_is_asked_for_once(sandbox: Sandbox, runtime: Runtime, ollama: Any) -> None:
    """A derived model that shares the weights of a loaded one is found to be served, and that is remembered."""
    sandbox.install("qwen3:0.6b")
    await ollama.lines("/api/create", model="coder", **{"from": "qwen3:0.6b"}, system="You write.")
    await ollama.load("qwen3:0.6b")
    coder = parse_ollama("coder")
    for _ in range(3):
        state = await runtime.observe([coder])
        (loaded,) = state.loaded
        assert loaded.serves == {QWEN, coder}
        assert state.serving(coder) is loaded
    assert sandbox.requests.count(path="/api/show") == 2


async def test_another_context_is_another_runner(sandbox: Sandbox, runtime: Runtime, ollama: Any) -> None:
    """A derived model with a context of its own is not served by its base's runner."""
    sandbox.install("qwen3:0.6b")
    await ollama.lines("/api/create", model="long", **{"from": "qwen3:0.6b"}, parameters={"num_ctx": 512})
    await ollama.load("qwen3:0.6b")
    state = await runtime.observe([parse_ollama("long")])
    assert state.serving(parse_ollama("long")) is None
    assert state.serving(QWEN) is not None


async def test_a_copy_is_served_by_the_runner_of_the_original(sandbox: Sandbox, runtime: Runtime, ollama: Any) -> None:
    """An alias is in memory with its model, though only one of the names is listed."""
    sandbox.install("qwen3:0.6b")
    await ollama.post("/api/copy", source="qwen3:0.6b", destination="default")
    await ollama.load("default")
    state = await runtime.observe([])
    assert [loaded.serves for loaded in state.loaded] == [{QWEN, parse_ollama("default")}]


async def test_a_pin_is_a_time_far_away(server: Any, make_runtime: Any, make_runner: Any, soon: str, tags: Any) -> None:
    """Only a model whose time ends in another century counts as pinned; its memory and context are told."""
    running = [make_runner("pinned:latest", "a"), make_runner("other:latest", "b", soon)]
    server.on("GET /api/ps", {"models": running}).on("GET /api/version", VERSION)
    server.on("GET /api/tags", tags(pinned="a", other="b"))
    state = await make_runtime(server.url).observe([])
    other, pinned = state.loaded
    assert (pinned.pinned, other.pinned) == (True, False)
    assert (pinned.memory_bytes, pinned.vram_bytes, pinned.context_length) == (2000, 1500, 4096)
    assert other.expires_at == soon


async def test_a_name_shown_in_memory_counts_only_in_its_installed_version(
    server: Any, make_runtime: Any, make_runner: Any, tags: Any
) -> None:
    """After an update the earlier version is still listed as loaded, and answers for nothing that is installed."""
    server.on("GET /api/ps", {"models": [make_runner("m:latest", "a")]}).on("GET /api/version", VERSION)
    server.on("GET /api/tags", tags(m="b"))
    state = await make_runtime(server.url).observe([parse_ollama("m")])
    assert state.loaded[0].serves == frozenset()


@pytest.mark.parametrize("path", ["/api/tags", "/api/ps"])
@pytest.mark.parametrize("answer", ["garbage", "wrong", "null", "truncated", "cut"])
async def test_an_answer_with_a_flaw_is_no_observation(
    sandbox: Sandbox, runtime: Runtime, path: str, answer: Any
) -> None:
    """Nonsense, half an answer or a lost connection: what the runtime has is unknown, never empty."""
    sandbox.install("qwen3:0.6b")
    assert QWEN in (await runtime.observe([])).installed
    sandbox.faults.answers = {path: answer}
    with pytest.raises(RuntimeUnreachable, match="Runtime 'gpu'"):
        await runtime.observe([])
    sandbox.faults.reset()
    assert QWEN in (await runtime.observe([])).installed


@pytest.mark.parametrize(
    ("status", "body", "reason", "words"),
    [
        (403, b"", Reason.ACCESS_DENIED, "refuses us"),
        (404, b"404 page not found", Reason.INVALID_ANSWER, "404 page not found"),
        (500, b'{"error":"database is gone"}', Reason.INVALID_ANSWER, "database is gone"),
        (302, b"", Reason.INVALID_ANSWER, "status 302: without a reason"),
        (200, b'{"error":"not today"}', Reason.INVALID_ANSWER, "not today"),
        (200, b'{"models":[{"name":"a"}]}', Reason.INVALID_ANSWER, "`digest` is missing"),
        (200, b'{"models":[', Reason.INVALID_ANSWER, "makes no sense"),
    ],
)
async def test_a_refusal_is_no_observation(  # one argument a fixture
    server: Any, reply: Any, make_runtime: Any, status: int, body: bytes, reason: Reason, words: str
) -> None:
    """A server that is no Ollama, or an Ollama that refuses us, is told with what it said."""
    server.on("GET /api/tags", reply(status=status, body=body)).on("GET /api/ps", NOTHING)
    server.on("GET /api/version", VERSION)
    with pytest.raises(RuntimeUnreachable, match=words) as caught:
        await make_runtime(server.url).observe([])
    assert caught.value.reason is reason


async def test_silence_is_no_observation(server: Any, reply: Any, make_runtime: Any) -> None:
    """A server that accepts and says nothing is unreachable after the time allowed."""
    server.on("GET /api/tags", reply(end="silence")).on("GET /api/ps", NOTHING).on("GET /api/version", VERSION)
    with pytest.raises(RuntimeUnreachable, match="does not answer") as caught:
        await make_runtime(server.url, patience=0.1).observe([])
    assert caught.value.reason is Reason.UNREACHABLE


async def test_https_where_there_is_none_is_told(server: Any, make_runtime: Any) -> None:
    """A wrong scheme in `url` is told as what it is."""
    with pytest.raises(RuntimeUnreachable, match="whether `url` is http or https"):
        await make_runtime(server.url.replace("http:", "https:")).observe([])


async def test_the_version_is_asked_once_and_after_silence(sandbox: Sandbox, runtime: Runtime) -> None:
    """A server that was away may have been updated meanwhile; one that was not, was not."""
    for _ in range(2):
        assert (await runtime.observe([])).version == "0.33.0"
    assert sandbox.requests.count(path="/api/version") == 1
    await sandbox.stop_ollama()
    with pytest.raises(RuntimeUnreachable):
        await runtime.observe([])
    await sandbox.start_ollama()
    await runtime.observe([])
    assert sandbox.requests.count(path="/api/version") == 2


@pytest.mark.parametrize("version", [{"version": 7}, {}])
async def test_a_server_without_a_version_is_observed(server: Any, make_runtime: Any, version: Any) -> None:
    """The version is for people; nothing depends on it."""
    server.on("GET /api/tags", NOTHING).on("GET /api/ps", NOTHING).on("GET /api/version", version)
    assert (await make_runtime(server.url).observe([])).version is None


async def test_a_server_without_that_path_is_observed(server: Any, make_runtime: Any) -> None:
    """Stand-ins of Ollama may lack what we can do without."""
    server.on("GET /api/tags", NOTHING).on("GET /api/ps", NOTHING)
    assert (await make_runtime(server.url).observe([])).version is None


async def test_a_flaw_while_looking_closer_is_no_observation(
    server: Any, reply: Any, make_runtime: Any, make_runner: Any, tags: Any
) -> None:
    """What a loaded model answers for is a part of the observation like any other."""
    server.on("GET /api/tags", tags(a="a", b="b")).on("GET /api/version", VERSION)
    server.on("GET /api/ps", {"models": [make_runner("a", "a")]})
    server.on("POST /api/show", {"modelfile": None})
    with pytest.raises(RuntimeUnreachable, match="`modelfile` is missing") as caught:
        await make_runtime(server.url).observe([parse_ollama("b")])
    assert caught.value.reason is Reason.INVALID_ANSWER


async def test_the_disk_of_an_ollama_here_is_told(
    server: Any, make_runtime: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the models folder is on this host, its free space is known."""
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    server.on("GET /api/tags", NOTHING).on("GET /api/ps", NOTHING).on("GET /api/version", VERSION)
    disk = (await make_runtime(server.url).observe([])).disk
    assert disk is not None
    assert disk.path == str(tmp_path)


def test_an_error_of_ours_is_told_before_any_other() -> None:
    """Of several failures at once the one that a person can act on is raised."""
    ours = RuntimeUnreachable("x", reason=Reason.UNREACHABLE)
    assert _first(ExceptionGroup("", [KeyError("bug"), ours])) is ours
    assert isinstance(_first(ExceptionGroup("", [KeyError("bug")])), KeyError)

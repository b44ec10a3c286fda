"""Pulls that go as they should."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tests.conftest import QUICK, OllamaClient, eventually
from venom_modeld.sandbox import Sandbox

MODEL = "qwen3:0.6b"
SLOW = 200e6
"""Bytes per second at which the model takes over two seconds, so that a test can step in."""


def moving(line: dict[str, Any]) -> bool:
    """Tell whether a line shows bytes that arrived."""
    return line.get("completed", 0) > 0


def progress(lines: list[dict[str, Any]]) -> list[int]:
    """Pick the bytes of the weights that had arrived, line by line."""
    return [line.get("completed", 0) for line in lines if line.get("total", 0) > 1_000_000]


async def test_a_pull_tells_how_far_it_is(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Lines come at every interval, `completed` grows, and is left out while it is zero."""
    sandbox.faults.rate = 3e9
    lines = await ollama.pull(MODEL)
    statuses = [line["status"] for line in lines]
    assert statuses[0] == "pulling manifest"
    assert statuses[-3:] == ["verifying sha256 digest", "writing manifest", "success"]
    shown = progress(lines)
    assert shown == sorted(shown)
    assert any(0 < count < 522_640_096 for count in shown)
    assert all(line.get("completed") != 0 for line in lines)
    assert next(line for line in lines if moving(line))["status"].startswith("pulling d11d9a21c731")


async def test_a_pulled_model_has_the_digest_of_its_manifest(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The digest in the list is the sha256 of what the registry serves, and the size is the sum of the layers."""
    await ollama.pull(MODEL)
    entry = (await ollama.tags())[MODEL]
    assert entry["digest"] == sandbox.offered()["library/qwen3:0.6b"]
    assert entry["size"] > 522_640_096
    assert entry["details"]["context_length"] == 40960
    assert "thinking" in entry["capabilities"]


async def test_a_second_pull_shows_every_layer_complete(ollama: OllamaClient) -> None:
    """A model that is there is shown once a layer, with `completed` at `total`, and its time is renewed."""
    await ollama.pull(MODEL)
    before = (await ollama.tags())[MODEL]
    lines = await ollama.pull(MODEL)
    layers = [line for line in lines if "total" in line]
    assert len(layers) == 5
    assert all(line["completed"] == line["total"] for line in layers)
    after = (await ollama.tags())[MODEL]
    assert (after["digest"], after["modified_at"] > before["modified_at"]) == (before["digest"], True)


async def test_without_a_stream_only_the_last_line_comes(ollama: OllamaClient) -> None:
    """`stream: false` waits, and answers success with 200 and failure with 500."""
    good = await ollama.post("/api/pull", model=MODEL, stream=False)
    assert (good.status_code, good.json()) == (200, {"status": "success"})
    assert good.headers["content-type"] == "application/json"
    bad = await ollama.post("/api/pull", model="nope", stream=False)
    assert (bad.status_code, bad.json()) == (500, {"error": "pull model manifest: file does not exist"})


async def test_a_failure_in_a_stream_is_its_last_line(ollama: OllamaClient) -> None:
    """A model that does not exist is HTTP 200 with an error line."""
    lines = await ollama.pull("nope")
    assert lines == [{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}]


async def test_leaving_keeps_what_arrived(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The next pull goes on from where the first one was left, and does not begin at zero."""
    sandbox.faults.rate = SLOW
    seen = await ollama.watch(MODEL, lambda line: line.get("completed", 0) > 50_000_000)
    await eventually(lambda: sandbox.requests.count(path="/api/pull") == 1)
    sandbox.faults.rate = 2e9
    lines = await ollama.pull(MODEL)
    assert progress(lines)[0] >= progress(seen)[-1]
    assert lines[-1] == {"status": "success"}


async def test_a_stop_in_order_keeps_what_arrived_and_a_crash_does_not(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Partial blobs survive a stop; after a crash they are back to what an earlier pull had left."""
    sandbox.faults.rate = SLOW
    await ollama.watch(MODEL, lambda line: line.get("completed", 0) > 20_000_000)
    await eventually(lambda: not sandbox.pulling())
    left = sandbox.store.used
    stopped = await used_after(sandbox, ollama, sandbox.stop_ollama)
    assert stopped > left
    assert await used_after(sandbox, ollama, sandbox.crash) == stopped


async def used_after(sandbox: Sandbox, ollama: OllamaClient, end: Callable[[], Awaitable[None]]) -> int:
    """Pull some more, end the server, start it again; gives the bytes that are on disk then."""
    before = sandbox.store.used
    pulling = asyncio.create_task(ollama.pull(MODEL))
    await eventually(lambda: sandbox.store.used > before + 10_000_000)
    await end()
    with pytest.raises(httpx2.TransportError):
        await pulling
    await sandbox.start_ollama()
    return sandbox.store.used


async def test_two_pulls_share_a_download(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The second pull joins where the first one is, and the blob is asked for once."""
    sandbox.faults.rate = SLOW
    first = asyncio.create_task(ollama.pull(MODEL))
    await eventually(lambda: sandbox.store.used > 50_000_000)
    second = asyncio.create_task(ollama.pull(MODEL))
    await eventually(lambda: sandbox.requests.count(server="registry", path="*manifests*") == 2)
    sandbox.faults.rate = 3e9
    assert progress(await second)[0] >= 50_000_000
    assert (await first)[-1] == (await second)[-1] == {"status": "success"}
    assert sandbox.requests.count(server="registry", method="HEAD", path="*d11d9a21c731*") == 1


def _tells(joined: asyncio.Event, line: dict[str, Any]) -> bool:
    """Tell when a pull takes part in the download; it never has enough."""
    if "completed" in line:
        joined.set()
    return False


def watchers(sandbox: Sandbox) -> int:
    """Return how many pulls watch a download."""
    assert sandbox._ollama is not None
    return sum(download.watchers for download in sandbox._ollama._downloads._current.values())


async def test_a_download_outlives_the_pull_that_began_it(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """When the first pull leaves, the one that joined goes on."""
    sandbox.faults.rate = SLOW / 100
    first = asyncio.create_task(ollama.watch(MODEL, lambda line: line.get("completed", 0) > 40_000_000))
    await eventually(lambda: sandbox.store.used > 10_000)
    joined = asyncio.Event()
    second = asyncio.create_task(ollama.watch(MODEL, lambda line: _tells(joined, line)))
    await joined.wait()
    sandbox.faults.rate = SLOW
    await first
    sandbox.faults.rate = SLOW / 100
    await eventually(lambda: watchers(sandbox) == 1)  # before the next layer, which the one that left would ask for
    sandbox.faults.rate = 1e12
    assert (await second)[-1] == {"status": "success"}


async def test_deleting_during_a_first_pull(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """There is nothing to delete yet, and the pull completes."""
    sandbox.faults.rate = SLOW
    pulling = asyncio.create_task(ollama.pull(MODEL))
    await eventually(lambda: sandbox.store.used > 1_000_000)
    assert await ollama.delete(MODEL) == 404
    assert (await ollama.post("/api/show", model=MODEL)).status_code == 404
    sandbox.faults.rate = 1e12
    await pulling
    assert MODEL in await ollama.tags()


async def test_deleting_during_an_update(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The old version is deleted, and the pull brings the model back."""
    sandbox.install(MODEL)
    moved = sandbox.move_tag(MODEL)
    sandbox.faults.rate = SLOW
    pulling = asyncio.create_task(ollama.pull(MODEL))
    await eventually(lambda: bool(sandbox.store.transfers))
    assert await ollama.delete(MODEL) == 200
    assert await ollama.tags() == {}
    sandbox.faults.rate = 1e12
    await pulling
    assert (await ollama.tags())[MODEL]["digest"] == moved


async def test_a_moved_tag_is_seen_by_its_digest(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The list keeps the old digest until a pull, which then drops the layers nobody needs."""
    await ollama.pull(MODEL)
    old = (await ollama.tags())[MODEL]["digest"]
    used = sandbox.store.used
    moved = sandbox.move_tag(MODEL)
    assert (await ollama.tags())[MODEL]["digest"] == old != moved
    lines = await ollama.pull(MODEL)
    assert lines[-2:] == [{"status": "removing unused layers"}, {"status": "success"}]
    assert (await ollama.tags())[MODEL]["digest"] == moved
    assert sandbox.store.used == used


async def test_a_copy_holds_the_old_layers(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Layers that a copy refers to survive the update of the original."""
    await ollama.pull(MODEL)
    await ollama.post("/api/copy", source=MODEL, destination="held")
    sandbox.move_tag(MODEL)
    lines = await ollama.pull(MODEL)
    assert {"status": "removing unused layers"} not in lines
    assert set(await ollama.tags()) == {MODEL, "held:latest"}
    assert sandbox.store.used > 2 * 522_640_096


async def test_a_tag_can_move_with_the_same_weights(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The digest changes, and nothing large is downloaded."""
    await ollama.pull(MODEL)
    moved = sandbox.move_tag(MODEL, same_weights=True)
    sandbox.faults.rate = 1e6
    lines = await ollama.pull(MODEL)
    assert lines[-1] == {"status": "success"}
    assert (await ollama.tags())[MODEL]["digest"] == moved


async def test_models_share_blobs(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Weights that another model needs survive a delete, and go with the last one."""
    await ollama.pull(MODEL)
    used = sandbox.store.used
    await ollama.pull("qwen3:0.6b-q4_K_M")
    assert sandbox.store.used - used < 10_000
    await ollama.delete(MODEL)
    assert sandbox.store.used > 500_000_000
    await ollama.delete("qwen3:0.6b-q4_K_M")
    assert sandbox.store.used == 0


@pytest.mark.parametrize("name", ["hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", "nomic-embed-text"])
async def test_names_of_every_public_registry_reach_the_sandbox(ollama: OllamaClient, name: str) -> None:
    """Names of Hugging Face and of the library are pulled from the one registry."""
    assert (await ollama.pull(name))[-1] == {"status": "success"}
    assert len(await ollama.tags()) == 1


async def test_a_pull_in_other_case_renews_what_is_installed(ollama: OllamaClient) -> None:
    """An installed name is found in any case and keeps its own; a registry tells upper from lower case."""
    await ollama.pull(MODEL)
    assert (await ollama.pull("QWEN3:0.6B"))[-1] == {"status": "success"}
    assert list(await ollama.tags()) == [MODEL]
    assert (await ollama.pull("Qwen3:1.7b"))[-1] == {"error": "pull model manifest: file does not exist"}


async def test_plain_http_needs_insecure(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A registry of one's own is only pulled from with `insecure`, on this machine too."""
    name = f"{sandbox.registry_url.removeprefix('http://')}/library/qwen3:0.6b"
    lines = await ollama.pull(name)
    assert lines[-1]["error"].endswith("tls: first record does not look like a TLS handshake")
    assert lines[-1]["error"].startswith('pull model manifest: Get "https://127.0.0.1:')
    assert (await ollama.pull(name, insecure=True))[-1] == {"status": "success"}
    assert list(await ollama.tags()) == [name]


async def test_another_registry_is_really_asked(ollama: OllamaClient) -> None:
    """A name with an address reaches whatever registry runs there."""
    async with Sandbox(replace(QUICK, seed=1)) as other:
        digest = other.publish("library/own:1", size=5000)
        name = f"{other.registry_url.removeprefix('http://')}/library/own:1"
        assert (await ollama.pull(name, insecure=True))[-1] == {"status": "success"}
    assert (await ollama.tags())[name]["digest"] == digest


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("127.0.0.1:1/library/x", "dial tcp 127.0.0.1:1: connect: connection refused"),
        ("localhost:1/library/x", "dial tcp 127.0.0.1:1: connect: connection refused"),
        ("nohost.invalid/library/x", "dial tcp: lookup nohost.invalid on 127.0.0.1:53: no such host"),
    ],
)
async def test_registries_that_are_not_there(ollama: OllamaClient, name: str, words: str) -> None:
    """A refused connection and an unknown host fail at once, in Ollama's words."""
    [_, error] = await ollama.pull(name, insecure=True)
    assert error["error"] == f'pull model manifest: Get "http://{name}": {words}'.replace(
        "/library/x", "/v2/library/x/manifests/latest"
    )


async def test_a_registry_that_drops_every_packet(ollama: OllamaClient) -> None:
    """A connection that is never made is given up after the connect time."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        name = f"127.0.0.1:{full.getsockname()[1]}/library/x"
        [_, error] = await ollama.pull(name, insecure=True)
    assert error["error"].endswith(f"dial tcp {name.partition('/')[0]}: i/o timeout")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "missing request body"),
        (b"{bad", 400, "invalid character 'b' looking for beginning of object key string"),
        (b"[]", 400, "json: cannot unmarshal the body into an object"),
        (b'{"model":""}', 400, "invalid model name"),
        (b'{"model":"a b"}', 400, "invalid model name"),
        (b'{"model":"qwen3@sha256:00"}', 400, "invalid model name"),
    ],
)
async def test_bodies_that_are_refused(ollama: OllamaClient, body: bytes, status: int, words: str) -> None:
    """An invalid name or body is 400 before any stream begins."""
    answer = await ollama.http.post("/api/pull", content=body)
    assert (answer.status_code, answer.json()) == (status, {"error": words})


async def test_the_old_name_of_the_field_still_works(ollama: OllamaClient) -> None:
    """`name` does what `model` does, and fields that nobody knows are ignored."""
    lines = await ollama.lines("/api/pull", name=MODEL, foo=1)
    assert lines[-1] == {"status": "success"}


async def test_the_content_type_of_a_request_does_not_matter(ollama: OllamaClient) -> None:
    """JSON sent as plain text is read."""
    body = json.dumps({"model": "nope"}).encode()
    answer = await ollama.http.post("/api/show", content=body, headers={"content-type": "text/plain"})
    assert answer.status_code == 404

"""Pulls that go wrong, by the dial."""

import asyncio
import re
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from tests.conftest import OllamaClient, eventually
from venom_modeld.sandbox import Sandbox
from venom_modeld.sandbox.faults import Failure, Network, Registry

MODEL = "qwen3:0.6b"
WEIGHTS = 522_640_096
PROMPT = {"model": MODEL, "prompt": "hi", "stream": False}


def shown(lines: list[dict[str, Any]]) -> list[int]:
    """Pick the bytes of the weights that had arrived, line by line."""
    return [line.get("completed", 0) for line in lines if line.get("total") == WEIGHTS]


async def test_a_stalled_blob_goes_backwards_while_lines_keep_coming(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """No byte arrives after the stall, yet lines do, and `completed` falls when Ollama tries again."""
    sandbox.faults.stall_at = 200_000_000
    counts: list[int] = []

    def fell_twice_and_stood_still(line: dict[str, Any]) -> bool:
        counts.append(line.get("completed", 0))
        falls = sum(after < before for before, after in pairwise(counts))
        return falls >= 2 and counts.count(200_000_000) > 5

    await ollama.watch(MODEL, fell_twice_and_stood_still)
    assert max(counts) == 200_000_000


async def test_a_stall_can_be_over_after_some_tries(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """With `stall_times` the transfer gets through in the end, and the dial is off again."""
    sandbox.faults.stall_part_at = 20_000_000
    sandbox.faults.stall_times = 1
    lines = await ollama.pull(MODEL)
    assert lines[-1] == {"status": "success"}
    assert 6 * 20_000_000 in shown(lines)
    assert (sandbox.faults.stall_part_at, sandbox.faults.stall_times) == (None, None)


async def test_what_a_stall_left_is_not_lost(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Leaving a stalled pull and starting another goes on from the byte of the stall."""
    sandbox.faults.stall_at = 200_000_000
    await ollama.watch(MODEL, lambda line: line.get("completed") == 200_000_000)
    await eventually(lambda: not sandbox.pulling())
    sandbox.faults.reset()
    sandbox.faults.rate = 5e9
    lines = await ollama.pull(MODEL)
    assert min(shown(lines)) >= 200_000_000


async def test_a_registry_that_cuts_connections_only_costs_time(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Ollama goes on from where it was, so `completed` does not fall."""
    sandbox.faults.registry_cut_at = 30_000_000
    lines = await ollama.pull(MODEL)
    assert lines[-1] == {"status": "success"}
    assert shown(lines) == sorted(shown(lines))


async def test_a_stream_that_breaks_off(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The connection is broken at the byte, what arrived is kept, and the dial is off again."""
    sandbox.faults.cut_at = 300_000_000
    with pytest.raises(httpx2.RemoteProtocolError):
        await ollama.pull(MODEL)
    await eventually(lambda: not sandbox.pulling())
    assert list(sandbox.describe()["partial_blobs"].values()) == [300_000_000]
    assert (await ollama.pull(MODEL))[-1] == {"status": "success"}


async def test_a_stream_that_ends_as_if_it_were_complete(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A clean end without a success line is a failure too."""
    sandbox.faults.cut_at, sandbox.faults.cut_clean = 300_000_000, True
    lines = await ollama.pull(MODEL)
    assert lines[-1]["status"] != "success"
    assert await ollama.tags() == {}


async def test_a_cut_without_a_stream(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A client that waits for one answer gets none."""
    sandbox.faults.cut_at, sandbox.faults.cut_clean = 300_000_000, True
    with pytest.raises(httpx2.TransportError):
        await ollama.post("/api/pull", model=MODEL, stream=False)


async def test_a_crash_during_a_pull(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The stream breaks, the port is closed, nothing of the blob is left; the restart comes by itself."""
    sandbox.faults.crash_at, sandbox.faults.restart_after = 250_000_000, 1.0
    with pytest.raises(httpx2.TransportError):
        await ollama.pull(MODEL)
    with pytest.raises(httpx2.TransportError):
        await ollama.tags()
    assert list(sandbox.describe()["partial_blobs"].values()) == [0]
    await eventually(lambda: sandbox.describe()["up"])
    assert (await ollama.pull(MODEL))[-1] == {"status": "success"}


async def test_a_full_disk(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The pull ends with an error line, the disk stays full, and freeing space lets it go on."""
    sandbox.install("smollm2:135m")
    sandbox.faults.disk_capacity = 500_000_000
    for _ in range(2):
        lines = await ollama.pull(MODEL)
        assert re.fullmatch(r"write .*/blobs/sha256-d11d9a21.*-partial: no space left on device", lines[-1]["error"])
        assert sandbox.store.used == 500_000_000
    sandbox.faults.disk_capacity = 700_000_000
    await ollama.delete("smollm2:135m")
    assert (await ollama.pull(MODEL))[-1] == {"status": "success"}


async def test_one_corrupt_blob(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The pull fails when it verifies, the blob is thrown away, and the next pull mends it."""
    sandbox.faults.corrupt_blobs = 1
    lines = await ollama.pull(MODEL)
    assert lines[-2] == {"status": "verifying sha256 digest"}
    assert re.fullmatch(
        r"digest mismatch, file must be downloaded again: want sha256:d11d9a21\w+, got sha256:\w+", lines[-1]["error"]
    )
    assert (await ollama.pull(MODEL))[-1] == {"status": "success"}
    assert MODEL in await ollama.tags()


async def test_two_pulls_of_a_corrupt_blob(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The first one that verifies throws the blob away, and the other one misses it."""
    sandbox.faults.corrupt_blobs = 1
    sandbox.faults.rate = 5e9
    lasts = [lines[-1] for lines in await asyncio.gather(ollama.pull(MODEL), ollama.pull(MODEL))]
    words = sorted(line["error"] for line in lasts)
    assert words[0].startswith("digest mismatch")
    assert words[1].endswith("no such file or directory")


async def test_a_registry_that_goes_away_at_the_last_blob(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A pull whose registry dies while it fetches bytes ends with an error line."""
    async with Sandbox(sandbox.settings) as other:
        other.publish("own", size=10)
        other.faults.hang.append("/data/*")
        name = f"{other.registry_url.removeprefix('http://')}/library/own"
        pulling = asyncio.create_task(ollama.pull(name, insecure=True))
        await eventually(lambda: other.requests.count(path="/data/*") == 1)
    assert (await pulling)[-1]["error"].startswith("max retries exceeded: ")


async def test_success_that_is_a_lie(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """When every blob is corrupt only the first is found; the second pull says success and the model is unreadable."""
    sandbox.faults.corrupt_blobs = 5
    assert "digest mismatch" in (await ollama.pull(MODEL))[-1]["error"]
    assert sandbox.faults.corrupt_blobs == 0
    assert (await ollama.pull(MODEL))[-1] == {"status": "success"}
    await assert_unreadable(ollama)
    assert (await ollama.pull(MODEL))[-1] == {"status": "success"}
    await assert_unreadable(ollama)
    assert await ollama.delete(MODEL) == 200
    assert (await ollama.pull(MODEL))[-1] == {"status": "success"}
    assert MODEL in await ollama.tags()


async def test_the_dial_can_make_a_pull_lie(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """`lie_pulls` leaves an unreadable model after a first pull."""
    sandbox.faults.lie_pulls = 1
    assert (await ollama.pull(MODEL))[-1] == {"status": "success"}
    await assert_unreadable(ollama)


async def assert_unreadable(ollama: OllamaClient) -> None:
    """Check that a model is installed for nobody: not listed, not shown, not loaded."""
    assert await ollama.tags() == {}
    words = {"error": "invalid character 'z' looking for beginning of value"}
    for answer in (
        await ollama.post("/api/show", model=MODEL),
        await ollama.load(MODEL),
        await ollama.post("/api/embed", model=MODEL, input="x"),
    ):
        assert (answer.status_code, answer.json()) == (500, words)


async def test_a_pull_that_joined_a_failing_one_wedges(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """The first pull fails, the second gets lines without a total for ever, and Ollama dies when it leaves."""
    sandbox.faults.registry_latency, sandbox.faults.blob_head = 1.0, 500
    first = asyncio.create_task(ollama.pull(MODEL))
    await eventually(lambda: sandbox.requests.count(method="HEAD") == 1)
    sandbox.faults.registry_latency = 0.0
    after: list[dict[str, Any]] = []

    def long_after(line: dict[str, Any]) -> bool:
        after.extend([line] if first.done() else [])
        return len(after) > 20

    seen = await ollama.watch(MODEL, long_after)
    assert (await first)[-1] == {"error": "500: "}
    assert all(set(line) == {"status", "digest"} for line in seen[1:])
    await eventually(lambda: not sandbox.describe()["up"])
    with pytest.raises(httpx2.TransportError):
        await ollama.tags()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (400, '400: {"errors":[{"code":"SANDBOX","message":"forced"}]}'),
        (401, 'realm host "" does not match original host "registry.ollama.ai"'),
        (403, '403: {"errors":[{"code":"SANDBOX","message":"forced"}]}'),
        (404, "file does not exist"),
        (412, '412: {"errors":[{"code":"SANDBOX","message":"forced"}]}'),
        (429, '429: {"errors":[{"code":"SANDBOX","message":"forced"}]}'),
        (500, '500: {"errors":[{"code":"SANDBOX","message":"forced"}]}'),
        (503, '503: {"errors":[{"code":"SANDBOX","message":"forced"}]}'),
        ("garbage", "invalid character 'o' in literal null (expecting 'u')"),
    ],
)
async def test_manifests_that_cannot_be_had(
    sandbox: Sandbox, ollama: OllamaClient, fault: Registry, words: str
) -> None:
    """What the registry answers for a manifest is passed on in the error line."""
    sandbox.faults.manifest = fault
    assert (await ollama.pull(MODEL))[-1] == {"error": f"pull model manifest: {words}"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("unknown_host", "dial tcp: lookup registry.ollama.ai on 127.0.0.1:53: no such host"),
        ("refused", "dial tcp registry.ollama.ai: connect: connection refused"),
        ("black_hole", "dial tcp registry.ollama.ai: i/o timeout"),
    ],
)
async def test_registries_that_cannot_be_reached(
    sandbox: Sandbox, ollama: OllamaClient, fault: Network, words: str
) -> None:
    """The public registry can be away in three ways."""
    sandbox.faults.registry_network = fault
    shown_url = "https://registry.ollama.ai/v2/library/qwen3/manifests/0.6b"
    assert (await ollama.pull(MODEL))[-1] == {"error": f'pull model manifest: Get "{shown_url}": {words}'}


async def test_a_registry_that_never_answers(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Ollama has no timeout: after the first line nothing comes, until the client leaves."""
    sandbox.faults.manifest = "hang"
    with pytest.raises(httpx2.ReadTimeout):
        await ollama.http.post("/api/pull", json={"model": MODEL}, timeout=0.2)
    assert sandbox.requests.count(server="registry", path="*manifests*") == 1


async def test_a_blob_that_cannot_be_had(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Lines without `completed` go on through six tries, and then the retries are used up."""
    sandbox.faults.blob = 500
    lines = await ollama.pull(MODEL)
    assert lines[-1] == {"error": "max retries exceeded: EOF"}
    assert all("completed" not in line and line["total"] == WEIGHTS for line in lines[1:-1])
    assert sandbox.requests.count(server="registry", method="GET", path="*blobs*") == 7


async def test_a_blob_that_comes_after_some_tries(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A registry that fails twice is tried a third time."""
    sandbox.faults.failures.append(Failure(path="/v2/*/blobs/*d11d9a21*", status=503, times=1))
    assert (await ollama.pull(MODEL))[-1] == {"error": "503: "}
    sandbox.faults.failures.append(Failure(path="/data/*", status=503, times=1))
    assert (await ollama.pull(MODEL))[-1] == {"status": "success"}


async def test_a_registry_that_does_not_redirect(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """Ollama only takes blobs by way of a redirect."""
    sandbox.faults.blob = "garbage"
    assert (await ollama.pull(MODEL))[-1] == {"error": "http: no Location header in response"}


async def test_a_registry_that_breaks_off(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """A registry that goes away while it is asked ends the pull with an error line."""
    async with Sandbox(sandbox.settings) as other:
        other.publish("own", size=10)
        name = f"{other.registry_url.removeprefix('http://')}/library/own"
        other.faults.hang.append("*manifests*")
        pulling = asyncio.create_task(ollama.pull(name, insecure=True))
        await eventually(lambda: other.requests.count(path="*manifests*") == 1)
    assert (await pulling)[-1]["error"].startswith("pull model manifest: Get ")


async def test_a_slow_registry(sandbox: Sandbox, ollama: OllamaClient) -> None:
    """An answer that is held back holds back the pull, and nothing else."""
    sandbox.faults.registry_latency = 0.05
    pulling = asyncio.create_task(ollama.pull(MODEL))
    await eventually(lambda: sandbox.requests.count(server="registry") == 1)
    assert await ollama.tags() == {}
    sandbox.faults.registry_latency = 0.0
    assert (await pulling)[-1] == {"status": "success"}

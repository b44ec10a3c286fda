"""A pull as it comes: lines of a real server become progress, errors and success."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.errors import PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.names import parse_ollama
from venom_modeld.core.observed import RemoteModel
from venom_modeld.core.progress import Part, Phase
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.ollama.pull import Tally

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
SPEC = ModelSpec(name=parse_ollama("m:1"))
MANIFEST = {"status": "pulling manifest"}
SUCCESS = {"status": "success"}


def _lines(*lines: dict[str, Any]) -> list[bytes]:
    return [json.dumps(line).encode() + b"\n" for line in lines]


def _part(digest: str, **numbers: Any) -> dict[str, Any]:
    return {"status": f"pulling {digest[7:19]}", "digest": digest, **numbers}


def test_parts_are_added_up_as_they_are() -> None:
    """Numbers that are left out are zero or known from before, and going back is told as it is."""
    tally = Tally(Phase.RESOLVING, expected_bytes=150)
    assert tally.take(MANIFEST).phase is Phase.RESOLVING
    assert tally.take(_part(ONE)).parts == {ONE: Part()}
    assert tally.take(_part(ONE, total=100)).parts == {ONE: Part(total=100)}
    assert tally.take(_part(ONE, total=100, completed=60)).completed_bytes == 60
    assert tally.take(_part(ONE, completed=40)).parts == {ONE: Part(completed=40, total=100)}
    progress = tally.take(_part(TWO, total=50, completed=50))
    assert (progress.phase, progress.completed_bytes, progress.total_bytes) == (Phase.DOWNLOADING, 90, 150)


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("pulling manifest", Phase.RESOLVING),
        ("pulling 3dea8c6e69ff", Phase.DOWNLOADING),
        ("verifying sha256 digest", Phase.VERIFYING),
        ("writing manifest", Phase.VERIFYING),
        ("removing unused layers", Phase.VERIFYING),
        ("using existing layer sha256:1", Phase.CREATING),
        ("creating new layer sha256:1", Phase.CREATING),
        ("a text of a later version", Phase.WAITING),
        (None, Phase.WAITING),
    ],
)
def test_phases_follow_the_words(status: str | None, phase: Phase) -> None:
    """A text that nobody knows changes nothing."""
    assert Tally(Phase.WAITING).take({"status": status}).phase is phase


_ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(st.lists(st.fixed_dictionaries({"status": _ODD, "digest": _ODD, "total": _ODD, "completed": _ODD})))
def test_odd_numbers_are_no_numbers(lines: list[dict[str, Any]]) -> None:
    """Whatever stands in a line, the sums are counts and never above the total."""
    tally = Tally(Phase.RESOLVING)
    for line in lines:
        progress = tally.take(line)
        assert 0 <= progress.completed_bytes <= (progress.total_bytes or 0)


async def _install(runtime: Any, reports: Any = lambda _: None, expect: RemoteModel | None = None) -> None:
    await runtime.install(SPEC, expect=expect, report=reports)


async def test_every_line_is_reported(server: Any, reply: Any, make_runtime: Any, tags: Any, reports: Any) -> None:
    """A report comes with each line, also when nothing moved, and the first before Ollama has said anything."""
    stuck = _part(ONE, total=100, completed=10)
    server.on("POST /api/pull", reply(body=_lines(MANIFEST, stuck, stuck, stuck, SUCCESS)))
    server.on("GET /api/tags", tags(), tags("m:1"))
    await _install(make_runtime(server.url), reports, RemoteModel(digest=None, size_bytes=100))
    assert [progress.completed_bytes for progress in reports.seen] == [0, 0, 10, 10, 10, 10]
    assert {progress.total_bytes for progress in reports.seen} == {100}


async def test_an_error_in_the_stream_is_a_failure(server: Any, reply: Any, make_runtime: Any, tags: Any) -> None:
    """Ollama tells failures inside answers of status 200."""
    server.on("GET /api/tags", tags())
    server.on("POST /api/pull", reply(body=_lines(MANIFEST, {"error": "pull model manifest: file does not exist"})))
    with pytest.raises(PermanentError, match="pulling m:1 failed: pull model manifest: file does not exist") as caught:
        await _install(make_runtime(server.url))
    assert caught.value.reason is Reason.NOT_FOUND


async def test_an_error_beside_a_success_is_a_failure(server: Any, reply: Any, make_runtime: Any, tags: Any) -> None:
    """An error counts before whatever else a line says."""
    server.on("GET /api/tags", tags())
    server.on("POST /api/pull", reply(body=_lines({**SUCCESS, "error": "no space left on device"})))
    with pytest.raises(TemporaryError) as caught:
        await _install(make_runtime(server.url))
    assert caught.value.reason is Reason.DISK_FULL


async def test_a_stream_that_just_ends_is_no_success(server: Any, reply: Any, make_runtime: Any, tags: Any) -> None:
    """Only the word `success` is success."""
    server.on("GET /api/tags", tags())
    server.on("POST /api/pull", reply(body=_lines(MANIFEST, _part(ONE, total=9, completed=9))))
    with pytest.raises(TemporaryError, match="goes on where it stopped") as caught:
        await _install(make_runtime(server.url))
    assert caught.value.reason is Reason.CUT


async def test_a_stream_that_breaks_off_is_cut(server: Any, reply: Any, make_runtime: Any, tags: Any) -> None:
    """A lost connection is told as such."""
    server.on("GET /api/tags", tags())
    server.on("POST /api/pull", reply(body=_lines(MANIFEST), end="cut"))
    with pytest.raises(RuntimeUnreachable, match="broke off") as caught:
        await _install(make_runtime(server.url))
    assert caught.value.reason is Reason.CUT


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, b'{"error":"invalid model name"}', Reason.INVALID_NAME),
        (403, b"", Reason.ACCESS_DENIED),
        (502, b"<html>bad gateway</html>", Reason.FAILED),
    ],
)
async def test_a_refused_pull_is_read_by_its_words(  # one argument a fixture
    server: Any, reply: Any, make_runtime: Any, tags: Any, status: int, body: bytes, reason: Reason
) -> None:
    """An invalid name, a strange host and a proxy in trouble are told apart."""
    server.on("GET /api/tags", tags())
    server.on("POST /api/pull", reply(status=status, body=body))
    with pytest.raises((PermanentError, TemporaryError), match="pulling m:1 failed") as caught:
        await _install(make_runtime(server.url))
    assert caught.value.reason is reason


async def test_cancelling_leaves_no_connection(
    server: Any, reply: Any, make_runtime: Any, tags: Any, reports: Any
) -> None:
    """When a cancelled pull returns, its connection is closed."""
    server.on("GET /api/tags", tags())
    server.on("POST /api/pull", reply(body=_lines(MANIFEST), end="never"))
    pulling = asyncio.create_task(_install(make_runtime(server.url), reports))
    async with asyncio.timeout(20):
        await server.reached.wait()
        pulling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pulling
        await server.left.wait()


@pytest.mark.parametrize(
    ("name", "options", "insecure"),
    [
        ("m:1", {}, False),
        ("localhost:5000/a/m:1", {}, True),
        ("127.0.0.1:5000/a/m:1", {}, True),
        ("mirror.lan:5000/a/m:1", {}, False),
        ("Mirror.LAN:5000/a/m:1", {"insecure": ["mirror.lan:5000"]}, True),
        ("hf.co/Owner/Repo-GGUF:Q4_K_M", {"insecure": "hf.co"}, False),
    ],
)
async def test_plain_http_is_for_registries_that_are_meant(  # one argument a fixture
    server: Any, reply: Any, make_runtime: Any, tags: Any, name: str, options: Any, insecure: bool
) -> None:
    """Only loopback and declared registries are spoken to without TLS; the name is sent as it was written."""
    spec = ModelSpec(name=parse_ollama(name))
    server.on("POST /api/pull", reply(body=_lines(SUCCESS)))
    server.on("GET /api/tags", tags(), tags(name))
    await make_runtime(server.url, **options).install(spec, expect=None, report=lambda _: None)
    assert server.bodies("POST /api/pull") == [{"model": spec.name.text, "insecure": insecure}]

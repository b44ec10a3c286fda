"""A runtime, or what stands in its place, may answer what it likes: it becomes Unknown, and nothing else happens."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.runtimes.conftest import Reply, ScriptedServer
from tests.security.conftest import Drivers
from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.errors import LONGEST_WAIT, ModeldError, PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.names import parse_ollama
from venom_modeld.core.progress import Phase
from venom_modeld.core.reasons import Reason
from venom_modeld.core.sizes import LARGEST
from venom_modeld.runtimes.ollama import pull
from venom_modeld.runtimes.ollama.errors import Doing, clean, load_refused, registry_error
from venom_modeld.runtimes.ollama.errors import Refused as OllamaRefused
from venom_modeld.runtimes.transport import NotJson, Timeouts, Transport, Trouble, parse_object, target_of
from venom_modeld.runtimes.transport import without_secrets as shown_address
from venom_modeld.runtimes.vllm import errors as vllm_errors
from venom_modeld.runtimes.vllm.client import Client, Load
from venom_modeld.runtimes.vllm.weights import errors as hub_errors

DIGEST = "sha256:" + "a" * 64
TERMINAL = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m"
"""What a terminal obeys."""


def tags(**entry: object) -> bytes:
    """Return an answer to `/api/tags` with one good model and one odd one."""
    good = {"name": "good:latest", "digest": DIGEST, "size": 1}
    return json.dumps({"models": [good, {**good, "name": "odd:latest", **entry}]}).encode()


def deflated_to_nothing(layers: int) -> bytes:
    """Return a body that is packed several times, and is longer each time it is unpacked: in the end nothing."""
    packed = b"\x00\x00\x00\xff\xff" * 100_000
    for _ in range(layers):
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = packer.compress(packed) + packer.flush()
    return packed


ODD_LISTS: dict[str, bytes] = {
    "a number that no float holds": tags(size=1).replace(b'"size": 1}]', b'"size": ' + b"9" * 400 + b"}]"),
    "a number that no integer column holds": tags(size=2**63),
    "a number that no browser holds": tags(size=LARGEST + 1),
    "a number that no program reads": b'{"models": [], "x": ' + b"9" * 5000 + b"}",
    "an infinite number": b'{"models": [], "x": 1e999}',
    "not a number": b'{"models": [], "x": NaN}',
    "half a character": tags(name="\ud800:latest"),
    "the other half": tags(family="\udc00"),
    "halves in the wrong order": b'{"models": [], "x": "\\udc00\\ud800"}',
    "a name that a terminal obeys": tags(name=TERMINAL),
    "a name of two lines": tags(name="a\nGood: nothing is wrong"),
    "a name of ten thousand letters": tags(name="x" * 10_000),
    "a name that is a list": tags(name=["a"]),
    "depth": b'{"models": ' + b"[" * 200_000,
    "depth of objects": b'{"models": ' + b'{"a":' * 200_000,
    "a list": b"[]",
    "a page": b"<html><script>alert(1)</script>",
    "two objects": b'{"models": []}{"models": []}',
    "another encoding": '{"models": []}'.encode("utf-16"),
    "a mark before it": b"\xef\xbb\xbf" + b'{"models": []}',
    "nothing": b"",
}


@pytest.mark.parametrize("odd", ODD_LISTS)
async def test_an_odd_list_of_models_makes_the_runtime_unknown(
    odd: str, server: ScriptedServer, drivers: Drivers
) -> None:
    """Its words are one line that a terminal only shows; no entry beside the odd one is taken for all there is."""
    server.on("GET /api/tags", Reply(body=ODD_LISTS[odd]))
    server.on("GET /api/ps", {"models": []}).on("GET /api/version", {"version": "0.20.0"})
    with pytest.raises(RuntimeUnreachable) as caught:
        await drivers("ollama", server.url).observe(())
    assert caught.value.reason is Reason.INVALID_ANSWER
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 1000


PACKED = {
    "gzip": gzip.compress(b'{"models": []}'),
    "deflate": zlib.compress(b'{"models": []}'),
    "gzip, gzip": gzip.compress(gzip.compress(b'{"models": []}')),
    "deflate, deflate, deflate, deflate, deflate": deflated_to_nothing(5),
    "br": b"x",
    "x-gzip": gzip.compress(b'{"models": []}'),
}


@pytest.mark.parametrize("packing", PACKED)
async def test_nothing_is_unpacked(packing: str, server: ScriptedServer) -> None:
    """We ask for plain answers; a packed one, which might unpack for hours, is refused before its first byte."""
    server.on("GET /x", Reply(body=PACKED[packing], headers={"Content-Encoding": packing}))
    server.on("POST /x", Reply(body=PACKED[packing], headers={"Content-Encoding": packing}))
    made = transport(server.url)
    with pytest.raises(RuntimeUnreachable, match=r"invalid: the answer cannot be unpacked \(it is packed as"):
        await made.send("GET", "/x")
    async with made.stream("POST", "/x", body={}) as stream:
        with pytest.raises(RuntimeUnreachable, match="cannot be unpacked"):
            _ = [line async for line in stream.lines()]
    assert {asked.headers["accept-encoding"] for asked in server.asked} == {"identity"}
    await made.close()


async def test_a_plain_answer_may_say_that_it_is_plain(server: ScriptedServer) -> None:
    """`identity` is no packing."""
    server.on("GET /x", Reply(body=b"{}", headers={"Content-Encoding": "Identity"}))
    made = transport(server.url)
    assert made.parse(await made.send("GET", "/x")) == {}
    await made.close()


def transport(url: str) -> Transport:
    """Return the HTTP of a driver."""

    def translate(trouble: Trouble, words: str) -> ModeldError:
        return RuntimeUnreachable(f"{trouble.value}: {words}", reason=Reason.UNREACHABLE)

    return Transport(url, translate=translate, timeouts=Timeouts(connect=10, answer=10), user_agent="test")


async def test_a_line_may_come_in_any_pieces(server: ScriptedServer) -> None:
    """Each byte alone makes the same lines as all at once."""
    content = b'{"status": "a"}\n\n{"status": "b"}\n{"status": "c"}'
    server.on("POST /x", Reply(body=[content[index : index + 1] for index in range(len(content))]))
    made = transport(server.url)
    async with made.stream("POST", "/x", body={}) as stream:
        assert [line["status"] async for line in stream.lines()] == ["a", "b", "c"]
    await made.close()


@pytest.mark.parametrize("number", [LARGEST, -LARGEST, 1e308, 0.0])
def test_numbers_that_all_programs_hold_are_read(number: float) -> None:
    """The largest and the smallest are among them."""
    assert parse_object(json.dumps({"a": number}).encode()) == {"a": number}


@pytest.mark.parametrize("text", ["\U0001f600", "ż", "\\ud800", "\x1b"])
def test_whole_characters_are_read(text: str) -> None:
    """Two halves make one, and what only looks like half a character is none."""
    assert parse_object(json.dumps({"a": text}).encode()) == {"a": text}


@pytest.mark.parametrize("number", ["-" + "9" * 400, str(LARGEST + 1), str(-LARGEST - 1), "-1e999"])
def test_other_numbers_are_refused(number: str) -> None:
    """The message does not repeat four hundred digits."""
    with pytest.raises(NotJson, match="is larger than any number of an answer") as caught:
        parse_object(f'{{"a": {number}}}'.encode())
    assert len(str(caught.value)) < 300


def test_parts_without_end_fill_no_memory() -> None:
    """A pull that tells of ever new parts, or of parts with names of a megabyte, is counted up to a limit."""
    tally = pull.Tally(Phase.DOWNLOADING)
    tally.take({"status": "pulling x", "digest": "x" * 1_000_000, "completed": 1})
    for number in range(pull.MOST_PARTS + 10):
        tally.take({"status": "pulling x", "digest": f"sha256:{number}", "completed": 1, "total": 2})
    found = tally.take({"status": "pulling x", "digest": "sha256:0", "completed": 2, "total": 2})
    assert len(found.parts) == pull.MOST_PARTS
    assert found.completed_bytes == pull.MOST_PARTS + 1


DOING = Doing(runtime="Runtime 'gpu'", action="loading", model="a:latest")
HUB_DOING = hub_errors.Doing(
    runtime="Runtime 'gpu'", action="installing", repository="a/b", revision="main", endpoint="https://hub.example"
)
SLOW = ('option "', "name ", 'option "x" must be ', "http://x?", ": 5", "x509")


@pytest.mark.parametrize("piece", SLOW)
def test_a_long_refusal_is_looked_at_in_part(piece: str) -> None:
    """Words that make a pattern try again at each of a million places cost no more than short ones."""
    words = piece * (4_000_000 // len(piece))
    for said in (
        load_refused(OllamaRefused(500, words), DOING).message,
        registry_error(words, DOING).message,
        vllm_errors.load_failed(vllm_errors.Doing(runtime="r", action="serving", model="m"), words).message,
        hub_errors.refused(hub_errors.Refusal.of(500, {}, words), HUB_DOING).message,
    ):
        assert len(said) < 1200


@pytest.mark.parametrize("of", [clean, vllm_errors.clean, hub_errors.clean])
def test_what_a_server_says_is_only_shown(of: Callable[[str], str]) -> None:
    """No escape sequence, no line break and no half character of it comes through."""
    said = of(f"no {TERMINAL} such\r\nGood: \x00all well \ud800")
    assert said.isprintable()
    assert said.startswith("no ]0;owned [2J 31m such Good: all well")


@pytest.mark.parametrize(
    "location", ["http://[", "//[", "http://[::1", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "", "\\\\host"]
)
async def test_no_registry_sends_us_anywhere(location: str, server: ScriptedServer, drivers: Drivers) -> None:
    """A redirect to another host, to a file or to nonsense is an error in words, and nothing else is asked."""
    server.on("GET /v2/library/a/manifests/latest", Reply(status=302, headers={"Location": location}))
    driver = drivers("ollama", "http://127.0.0.1:1", registry_url=server.url)
    with pytest.raises(ModeldError, match="302: it sends us to"):
        await driver.look_up(ModelSpec(name=parse_ollama("a")))
    assert len(server.asked) == 1
    assert target_of("https://hf.co/x", {"location": location}).hostname != "127.0.0.1:6379"


def test_an_address_that_is_none_is_not_repeated() -> None:
    """Showing it must not fail either."""
    assert shown_address("http://user:secret@[") == "an address that is none"


@pytest.mark.parametrize("wait", ["9" * 400, "99999999999999999999", "86401"])
async def test_no_registry_puts_us_off_for_more_than_a_day(wait: str, server: ScriptedServer, drivers: Drivers) -> None:
    """A wait without end would be an update without end, and no date can say when it is over."""
    server.on("GET /v2/library/a/manifests/latest", Reply(status=503, headers={"Retry-After": wait}))
    with pytest.raises(TemporaryError) as caught:
        await drivers("ollama", "http://127.0.0.1:1", registry_url=server.url).look_up(
            ModelSpec(name=parse_ollama("a"))
        )
    assert caught.value.retry_after == LONGEST_WAIT
    assert hub_errors.wait_of({"retry-after": wait}) is not None
    refused = hub_errors.refused(hub_errors.Refusal.of(429, {"retry-after": wait}), HUB_DOING)
    assert isinstance(refused, TemporaryError)
    assert refused.retry_after == LONGEST_WAIT


@pytest.mark.parametrize(
    "body",
    [
        b"vllm:num_requests_running 1e999\n",
        b"vllm:num_requests_running 1.2.3\n",
        b"vllm:num_requests_running e+e\n",
        b"vllm:num_requests_running -1\n",
        b"vllm:num_requests_running{" * 400_000,
        b"vllm:a{\n" * 400_000,
    ],
)
async def test_metrics_that_make_no_sense_tell_nothing(
    body: bytes, server: ScriptedServer, vllm: Callable[[], Client]
) -> None:
    """How busy a server is stays unknown."""
    server.on("GET /metrics", Reply(body=body))
    assert await vllm().load() == Load()


@pytest.mark.parametrize("entries", ["x", [1], [[]], [None], [{"text": ""}], {"text": "x"}, 7, [{"embedding": []}]])
async def test_a_token_that_is_none_is_none(
    entries: object, server: ScriptedServer, vllm: Callable[[], Client]
) -> None:
    """Whatever stands where a token or a vector should is no proof of a model that works."""
    server.on("POST /v1/completions", {"choices": entries, "usage": 3})
    server.on("POST /v1/embeddings", {"data": entries})
    assert not await vllm().complete("a")
    assert not await vllm().embed("a")


@pytest.mark.parametrize("name", [TERMINAL, "a\nb", "x" * 10_000])
async def test_a_served_name_is_one_that_can_be_shown(
    name: str, server: ScriptedServer, vllm: Callable[[], Client]
) -> None:
    """Another one makes the server Unknown."""
    server.on("GET /v1/models", {"data": [{"id": name}]})
    with pytest.raises(RuntimeUnreachable) as caught:
        await vllm().models()
    assert caught.value.message.isprintable()


@pytest.fixture
def vllm(server: ScriptedServer, drivers: Drivers) -> Callable[[], Client]:
    """Give the client of a vLLM."""
    made = drivers.environment

    def make() -> Client:
        client = Client(server.url, title="Runtime 'gpu'", environment=made, key=None)
        drivers.close_later(client.close)
        return client

    return make


def test_an_alien_error_is_permanent_or_not_but_never_raw() -> None:
    """Whatever a runtime says while it loads a model, the engine gets one of the two errors that it knows."""
    texts: list[Any] = ["", TERMINAL, "x" * 100_000, "\ud800", "\0"]
    for text in texts:
        error = load_refused(OllamaRefused(500, text), DOING)
        assert isinstance(error, PermanentError | TemporaryError)
        assert error.message.isprintable()

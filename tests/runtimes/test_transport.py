"""The HTTP of drivers, against servers that answer oddly, slowly, partly, or not at all."""

import asyncio
import json
import socket
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venom_modeld.core.errors import ModeldError, RuntimeUnreachable
from venom_modeld.core.reasons import Reason
from venom_modeld.core.sizes import LARGEST
from venom_modeld.runtimes import transport
from venom_modeld.runtimes.transport import (
    NotJson,
    Timeouts,
    Transport,
    Trouble,
    host_of,
    is_loopback,
    parse_object,
    without_secrets,
)

LONG = Timeouts(connect=10, answer=10)


def _translate(trouble: Trouble, words: str) -> ModeldError:
    return RuntimeUnreachable(f"{trouble.value}: {words}", reason=Reason.UNREACHABLE)


def _transport(url: str, *, timeouts: Timeouts = LONG, proxied: bool = False) -> Transport:
    return Transport(url, translate=_translate, timeouts=timeouts, user_agent="venom-modeld/test", proxied=proxied)


async def _failure(url: str, *, timeouts: Timeouts = LONG) -> str:
    made = _transport(url, timeouts=timeouts)
    with pytest.raises(RuntimeUnreachable) as caught:
        await made.send("GET", "/x")
    await made.close()
    return caught.value.message


async def test_an_answer_is_given_whole_whatever_its_status(server: Any, reply: Any) -> None:
    """Status, headers and body of an answer come back as they were sent."""
    server.on("GET /x", reply(status=418, body=b"tea", headers={"X-Pot": "yes"}))
    made = _transport(server.url + "/")
    answer = await made.send("GET", "/x", headers={"Accept": "text/tea"})
    await made.close()
    assert (answer.status, answer.body, answer.headers["x-pot"]) == (418, b"tea", "yes")
    assert server.asked[0].headers["user-agent"] == "venom-modeld/test"
    assert server.asked[0].headers["accept"] == "text/tea"


async def test_a_closed_transport_opens_again(server: Any) -> None:
    """Closing lets go of connections, and closing twice or asking afterwards is no error."""
    server.on("GET /x", {"a": 1})
    made = _transport(server.url)
    await made.close()
    for _ in range(2):
        assert made.parse(await made.send("GET", "/x")) == {"a": 1}
        await made.close()


async def test_redirects_are_not_followed(server: Any, reply: Any) -> None:
    """A server that sends us elsewhere is answered with its own redirect, and elsewhere is not asked."""
    server.on("GET /x", reply(status=302, headers={"Location": f"{server.url}/y"}))
    made = _transport(server.url)
    assert (await made.send("GET", "/x")).status == 302
    await made.close()
    assert server.count("GET /y") == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1", "unreachable: connection refused"),
        ("http://127.0.0.1:99999", "unreachable: port out of range 0-65535"),
        ("http://no-such-host.invalid", "unreachable: "),
        ("http://[::1", "unreachable: invalid IPv6 URL"),
        ("ftp://127.0.0.1", "unreachable: "),
    ],
)
async def test_a_server_that_cannot_be_reached_is_told_in_words(url: str, words: str) -> None:
    """Every way not to reach a server becomes the driver's error with the system's own words."""
    assert (await _failure(url)).startswith(words)


async def test_plain_http_where_https_was_expected_is_a_trouble_of_its_own(server: Any) -> None:
    """A server without TLS under an https address is told apart from one that is not there."""
    assert (await _failure(server.url.replace("http://", "https://"))).startswith("tls: ")


async def test_an_answer_that_does_not_come_ends_at_the_deadline(server: Any, reply: Any) -> None:
    """A server that accepts and then says nothing, or never ends, is left after the time allowed."""
    server.on("GET /x", reply(body=b"{", end="never"))
    assert await _failure(server.url, timeouts=Timeouts(connect=5, answer=0.05)) == "timeout: no answer within 0.05 s"


async def test_a_connection_that_is_not_taken_ends_at_its_deadline() -> None:
    """A host that drops what knocks is left after the time for connecting."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            knocking = stack.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        message = await _failure(url, timeouts=Timeouts(connect=0.1, answer=10))
    assert message == "timeout: no connection within the time allowed"


async def test_a_trickle_ends_at_the_deadline_of_the_whole(server: Any, reply: Any) -> None:
    """A server that keeps sending does not hold us longer than the whole answer may take."""
    server.on("GET /x", reply(body=[b"{"] * 10_000, pause=0.02))
    assert (await _failure(server.url, timeouts=Timeouts(connect=0.2, answer=0.2))).startswith("timeout")


async def test_an_answer_that_breaks_off_is_cut(server: Any, reply: Any) -> None:
    """A body that ends before its announced length is no answer."""
    server.on("GET /x", reply(body=b"{}", end="cut"))
    assert (await _failure(server.url)).startswith("cut: ")


async def test_a_closed_connection_before_the_head_is_unreachable(server: Any, reply: Any) -> None:
    """A server that hangs up without a word has not been reached."""
    server.on("GET /x", reply(end="nothing"))
    assert (await _failure(server.url)).startswith("unreachable: ")


async def test_an_answer_without_end_is_refused(server: Any, reply: Any) -> None:
    """Reading stops at the limit, not at the end of memory."""
    megabyte = b" " * 2**20
    server.on("GET /x", reply(body=[megabyte] * (transport.MAX_BODY // 2**20 + 1)))
    assert (await _failure(server.url)) == f"invalid: the answer is larger than {transport.MAX_BODY} bytes"


async def test_an_answer_packed_wrongly_is_refused(server: Any, reply: Any) -> None:
    """A body that says it is compressed and is not makes no sense."""
    server.on("GET /x", reply(body=b"not gzip", headers={"Content-Encoding": "gzip"}))
    assert (await _failure(server.url)).startswith("invalid: the answer cannot be unpacked")


async def test_loopback_is_reached_without_the_proxy_of_the_environment(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in the environment is for the internet: nothing on this host is asked through it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.on("GET /x", {})
    made = _transport(server.url, proxied=True)
    assert (await made.send("GET", "/x")).status == 200
    await made.close()


async def test_the_internet_is_reached_by_the_proxy_of_the_environment(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxied transport asks the proxy that the environment names, and an ordinary one does not."""
    monkeypatch.setenv("HTTP_PROXY", server.url)
    server.on("GET http://registry.invalid/x", {"proxy": True})
    made = _transport("http://registry.invalid", proxied=True)
    assert made.parse(await made.send("GET", "/x")) == {"proxy": True}
    await made.close()
    assert (await _failure("http://registry.invalid")).startswith("unreachable: ")


async def _lines(url: str) -> list[Any]:
    made = _transport(url)
    try:
        async with made.stream("POST", "/s", body={"a": 1}) as stream:
            return [line async for line in stream.lines()]
    finally:
        await made.close()


@pytest.mark.parametrize(
    "chunks",
    [
        [b'{"a":1}\n{"b":2}\n'],
        [b'{"a"', b':1}\n{"b":2}', b"\n"],
        [b'{"a":1}\n\n  \n{"b":2}'],
        [bytes([byte]) for byte in b'{"a":1}\r\n{"b":2}\r\n'],
    ],
)
async def test_lines_are_found_wherever_chunks_end(server: Any, reply: Any, chunks: list[bytes]) -> None:
    """A line is a line however the network cuts it; the last one may lack its line break."""
    server.on("POST /s", reply(body=chunks))
    assert await _lines(server.url) == [{"a": 1}, {"b": 2}]
    assert server.bodies("POST /s") == [{"a": 1}]


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ([b'{"a":1}\n{"b":'], "cut: the stream ended in the middle of a line"),
        ([b'{"a":1}\nnonsense\n'], "invalid: the answer is not JSON"),
        ([b"[1]\n"], "invalid: the answer is a JSON array, not an object"),
        ([b"x" * (transport.MAX_LINE + 1)], "invalid: a line is longer than"),
    ],
)
async def test_a_line_that_makes_no_sense_is_told(server: Any, reply: Any, chunks: list[bytes], words: str) -> None:
    """Half a line is a cut stream; any other line that is no JSON object is nonsense."""
    server.on("POST /s", reply(body=chunks))
    with pytest.raises(RuntimeUnreachable, match=words):
        await _lines(server.url)


async def test_a_stream_that_breaks_off_is_cut(server: Any, reply: Any) -> None:
    """A connection that ends in the middle of a stream is told as such, after the lines that came."""
    server.on("POST /s", reply(body=[b'{"a":1}\n'], end="cut"))
    with pytest.raises(RuntimeUnreachable, match=r"^cut: "):
        await _lines(server.url)


async def test_leaving_a_stream_closes_its_connection(server: Any, reply: Any) -> None:
    """A cancelled reader is gone for the server too."""
    server.on("POST /s", reply(body=[b'{"a":1}\n'], end="never"))
    reading = asyncio.create_task(_lines(server.url))
    async with asyncio.timeout(20):
        await server.reached.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await server.left.wait()


async def test_a_stream_whose_head_does_not_come_ends_at_the_deadline(server: Any, reply: Any) -> None:
    """Lines may take any time, the head of the answer may not."""
    server.on("POST /s", reply(end="silence"))
    made = _transport(server.url, timeouts=Timeouts(connect=0.1, answer=0.1))
    with pytest.raises(RuntimeUnreachable, match=r"^timeout: no answer within 0\.1 s"):
        async with made.stream("POST", "/s", body={}):
            pass
    await made.close()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": -Infinity}', "-Infinity is no number of JSON"),
        (b'{"a": "\xff"}', "not JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[]", "a JSON array"),
        (b'"x"', "a JSON string"),
        (b"1", "a JSON number"),
        (b"1.5", "a JSON number"),
        (b"true", "a JSON boolean"),
        (b"null", "a JSON null"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_what_is_not_one_strict_json_object_is_refused(data: bytes, words: str) -> None:
    """Bombs, other encodings, constants that JSON lacks and other types each get their words."""
    with pytest.raises(NotJson, match=words):
        parse_object(data)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.text(), _JSON))
def test_every_json_object_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    """Parsing undoes writing."""
    assert parse_object(json.dumps(value).encode()) == value


@given(st.binary())
def test_any_bytes_are_an_object_or_a_refusal(data: bytes) -> None:
    """No bytes make the reader fail in any other way."""
    with suppress(NotJson):
        assert isinstance(parse_object(data), dict)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", True),
        ("10.0.0.1", False),
        ("gpu.lan", False),
        ("", False),
        ("localhost.example", False),
    ],
)
def test_loopback_is_this_machine(host: str, loopback: bool) -> None:
    """Only names and addresses of this very machine count as loopback."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("url", "host"), [("http://a.lan:1/x", "a.lan"), ("http://[::1]:9", "::1"), ("nonsense", ""), ("http://[x", "")]
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    """The host is found without its port, and an address that makes no sense has none."""
    assert host_of(url) == host


def test_secrets_of_an_address_are_not_shown() -> None:
    """A user, a password, a query and a fragment are left out."""
    assert without_secrets("https://u:p@h.lan:1/x?token=1#f") == "https://h.lan:1/x"

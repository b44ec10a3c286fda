"""What is no plain request: tricks with the head, with addresses, with methods, and with pages of other sites."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.conftest import House, furnished, serving
from tests.conftest import DEADLINE
from venom_modeld.api.guard import Guard

TOKEN = "correct-horse-battery-staple"
OTHER = "https://evil.example"
APPROVE = b"POST /api/v1/plan/approve HTTP/1.1\r\n"
BODY = b'{"digest": "sha256:1234"}'

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Raw:
    """Sends bytes to an application as they are."""

    def __init__(self, house: House, port: int) -> None:
        self.house = house
        self._port = port

    async def __call__(self, sent: bytes) -> bytes:
        """Return all that is answered until the server hangs up, which it does after an odd request or when told to."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(sent)
            async with asyncio.timeout(DEADLINE):
                return await reader.read(-1)
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened() -> AsyncIterator[Raw]:
    """Serve an application without a token."""
    house = furnished(Guard(allowed_origins=frozenset({"https://venom.lan"})))
    async with serving(house.app()) as port:
        yield Raw(house, port)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def locked() -> AsyncIterator[Raw]:
    """Serve an application that wants a token."""
    house = furnished(Guard(token=TOKEN))
    async with serving(house.app()) as port:
        yield Raw(house, port)


def statuses(answer: bytes) -> list[int]:
    """Return the statuses of all answers on a connection."""
    return [int(piece[:3]) for piece in answer.split(b"HTTP/1.1 ")[1:]]


def get(path: str, *headers: str, host: str = "localhost", method: str = "GET") -> bytes:
    """Return a request; a header may hold anything."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


HEADS = {
    "two hosts": get("/api/v1/status", "Host: evil.example"),
    "no host": b"GET /api/v1/status HTTP/1.1\r\n\r\n",
    "no host, as in 1990": b"GET /api/v1/status\r\n\r\n",
    "an old request": b"GET /api/v1/status HTTP/1.0\r\n\r\n",
    "a long header": get("/api/v1/status", "X-Long: " + "a" * 200_000),
    "many headers": get("/api/v1/status", *(f"X-{number}: a" for number in range(20_000))),
    "a long address": get("/api/v1/status?" + "a" * 200_000),
    "a NUL in a header": get("/api/v1/status", "X-Odd: a\0b"),
    "a blank before the colon": get("/api/v1/status", "Host : evil.example"),
    "a bare carriage return": get("/api/v1/status", "X-Odd: a\rHost: evil.example"),
    "no name": get("/api/v1/status", ": evil.example"),
    "letters in the address": get("/api/v1/stat\u00fcs"),
    "a blank in the address": get("/api/v1/status now"),
    "noise": b"\x16\x03\x01\x02\x00\x01\x00" + b"\xff" * 500,
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a proxy": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
}


@pytest.mark.parametrize("what", HEADS)
async def test_an_odd_head_gets_no_answer_of_worth(what: str, opened: Raw) -> None:
    """It is refused, or hung up on, and the server goes on."""
    answer = await opened(HEADS[what])
    assert b'"runtimes"' not in answer
    assert {status // 100 for status in statuses(answer)} <= {4}, answer[:300]
    assert statuses(await opened(get("/healthz"))) == [200]


@pytest.mark.parametrize("length", ["-1", "+25", "0x19", "25, 26", "1e1", " ", "25\r\nContent-Length: 26", "9" * 5000])
async def test_a_length_that_is_none_is_refused(length: str, opened: Raw) -> None:
    """Nothing is commanded by a body whose end is not known for sure."""
    opened.house.commands.told.clear()
    head = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    answer = await opened(APPROVE + head.encode() + BODY)
    assert [status // 100 for status in statuses(answer)] == [4], answer[:300]
    assert opened.house.commands.told == []


async def test_one_body_is_one_request(opened: Raw) -> None:
    """With both ways to say where a body ends, what follows it is never taken for a request."""
    opened.house.commands.told.clear()
    smuggled = get("/api/v1/status")
    head = b"Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    answer = await opened(APPROVE + head + b"Content-Length: 4\r\n\r\n" + chunk + smuggled)
    assert statuses(answer) in ([400], [200], [200, 200])
    assert len(opened.house.commands.told) <= 1


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "PROPFIND", "get", "POST\tGET", "OPTIONS", "HEAD"])
async def test_another_method_reads_and_commands_nothing(method: str, opened: Raw) -> None:
    """Nor does a header that wants the method to be another one."""
    opened.house.commands.told.clear()
    for path in ("/api/v1/status", "/api/v1/plan/approve"):
        more = ("X-HTTP-Method-Override: POST", "Content-Type: application/json", "Content-Length: 0")
        answer = await opened(get(path, *more, method=method))
        assert [status // 100 for status in statuses(answer)] == [4], answer[:300]
        assert b'"runtimes"' not in answer
    assert opened.house.commands.told == []


TARGETS = [
    "http://evil.example/api/v1/status",
    "http://localhost/api/v1/status",
    "//api/v1/status",
    "/api//v1/status",
    "/api/v1/status/",
    "/api/v1/../v1/status",
    "/models/../api/v1/status",
    "/models/%2e%2e/api/v1/status",
    "/models/..%2f..%2fapi/v1/status",
    "/models/%2e%2e%5capi%5cv1%5cstatus",
    "/models/..;/api/v1/status",
    "/models%00/../api/v1/status",
    "/healthz;/../api/v1/status",
    "/healthz%2f..%2fapi/v1/status",
    "/healthz?/../api/v1/status",
    "/API/V1/STATUS",
    "/api/v1/status%00",
    "/api/v1/%73tatus",
    "*",
]


@pytest.mark.parametrize("target", TARGETS)
async def test_no_way_leads_around_the_token(target: str, locked: Raw) -> None:
    """However an address is written, what it would show needs the token."""
    answer = await locked(get(target))
    assert b'"runtimes"' not in answer
    assert set(statuses(answer)) <= {200, 307, 400, 401, 404}


@pytest.mark.parametrize(
    "headers",
    [
        ["Authorization: Bearer wrong", f"Authorization: Bearer {TOKEN}"],
        [f"Cookie: token={TOKEN}"],
        [f"X-Api-Key: {TOKEN}"],
        [f"Proxy-Authorization: Bearer {TOKEN}"],
        [f"Authorization: Bearer {TOKEN} {TOKEN}"],
        [f"Authorization: Bearer\0{TOKEN}"],
        ["Authorization: Bearer " + "x" * 8000],
        ["X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1"],
        ["X-Original-URL: /healthz", "X-Rewrite-URL: /healthz"],
    ],
)
async def test_the_token_comes_in_one_way(headers: list[str], locked: Raw) -> None:
    """Not in a cookie, which a browser sends by itself; and nobody is trusted for where a call says it comes from."""
    answer = await locked(get("/api/v1/status", *headers))
    assert statuses(answer) in ([401], [400])
    for query in (f"token={TOKEN}", f"access_token={TOKEN}"):
        assert statuses(await locked(get(f"/api/v1/status?{query}", *headers))) in ([401], [400])


@pytest.mark.parametrize("origin", [OTHER, "https://venom.lan", "null"])
async def test_no_page_elsewhere_may_read(origin: str, opened: Raw) -> None:
    """No answer lets another origin read it, and a browser that asks whether it may write hears no yes."""
    asked = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type,authorization")
    for request in (
        get("/api/v1/status", f"Origin: {origin}"),
        get("/metrics", f"Origin: {origin}"),
        get("/models", f"Origin: {origin}"),
        get("/api/v1/plan/approve", f"Origin: {origin}", *asked, method="OPTIONS"),
        get("/api/v1/models/registry/x", f"Origin: {origin}", *asked, method="OPTIONS"),
    ):
        answer = (await opened(request)).lower()
        assert b"access-control-" not in answer
        assert b"cross-origin-resource-policy: same-origin" in answer
        assert b"x-content-type-options: nosniff" in answer


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/json", "x/json"],
)
async def test_no_form_elsewhere_may_write(kind: str, opened: Raw) -> None:
    """What a page can send without asking beforehand is refused three times over: by host, by origin and by type."""
    opened.house.commands.told.clear()
    for host, origin in (("localhost", OTHER), ("localhost", "null"), ("evil.example", "http://evil.example")):
        more = (f"Origin: {origin}", f"Content-Type: {kind}", f"Content-Length: {len(BODY)}")
        answer = await opened(get("/api/v1/plan/approve", *more, host=host, method="POST") + BODY)
        assert statuses(answer) == [403]
    more = (f"Content-Type: {kind}", f"Content-Length: {len(BODY)}")
    assert statuses(await opened(get("/api/v1/plan/approve", *more, method="POST") + BODY)) == [415]
    assert opened.house.commands.told == []


DEEP = b"[" * 30_000
HOSTILE_BODIES = {
    "depth": b'{"digest": ' + DEEP + b"]" * len(DEEP) + b"}",
    "depth without end": b'{"digest": ' + DEEP,
    "depth of objects": b'{"digest":' * 5_000,
    "not a number": b'{"digest": NaN}',
    "a number without end": b'{"digest": ' + b"9" * 60_000 + b"}",
    "half a character": b'{"digest": "\\ud800"}',
    "no UTF-8": b'{"digest": "\xff"}',
    "UTF-16": '{"digest": "a"}'.encode("utf-16"),
    "two objects": b"{}{}",
    "a list": b"[]",
    "null": b"null",
    "nothing": b"",
    "unknown keys": b'{"digest": "a", "__class__": "os.system"}',
    "another type": b'{"digest": {"$gt": ""}}',
}


@pytest.mark.parametrize("what", HOSTILE_BODIES)
async def test_a_body_that_makes_no_sense_is_refused_in_words(what: str, opened: Raw) -> None:
    """Every answer is a problem of ours, short, and without the inside of the program."""
    opened.house.commands.told.clear()
    body = HOSTILE_BODIES[what]
    more = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    head, _, content = (await opened(get("/api/v1/plan/approve", *more, method="POST") + body)).partition(b"\r\n\r\n")
    assert statuses(head)[0] in (400, 404, 422), head
    assert b"application/problem+json" in head
    assert len(content) < 2000
    assert json.loads(content)["detail"]
    assert b"Traceback" not in content
    assert opened.house.commands.told in ([], [("approve", "\\ud800")])

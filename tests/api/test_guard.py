"""Who may call, and with what: over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import pytest
import pytest_asyncio

from tests.api.conftest import House, furnished
from tests.api.test_reading import assert_problem
from venom_modeld.api.guard import Guard

APPROVE = "/api/v1/plan/approve"
BODY = {"digest": "sha256:1234"}
TOKEN = "correct horse battery staple"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Door:
    """An application that is served to a whole module, and what it was told since a test began."""

    house: House
    client: httpx2.AsyncClient

    @property
    def told(self) -> list[tuple[str, str]]:
        """Return the commands that came through."""
        return self.house.commands.told


@asynccontextmanager
async def door(guard: Guard) -> AsyncIterator[Door]:
    """Serve an application behind a guard."""
    house = furnished(guard)
    async with house.open() as client:
        yield Door(house, client)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listing() -> AsyncIterator[Door]:
    """Serve an application that knows one more name and one more origin."""
    names, origins = frozenset({"Models.LAN"}), frozenset({"https://Venom.lan/"})
    async with door(Guard(allowed_hosts=names, allowed_origins=origins)) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def locked() -> AsyncIterator[Door]:
    """Serve an application that wants a token."""
    async with door(Guard(token=TOKEN)) as found:
        yield found


@pytest.fixture(autouse=True)
def _nothing_told(listing: Door, locked: Door) -> None:
    """Begin each test as if nothing had been commanded."""
    listing.told.clear()
    locked.told.clear()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8765", 200),
        ("127.8.9.10", 200),
        ("localhost:8765", 200),
        ("LocalHost.", 200),
        ("[::1]:8765", 200),
        ("models.lan", 200),
        ("MODELS.lan:443", 200),
        ("evil.example", 403),
        ("evil.example:8765", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example", 403),
        ("notlocalhost", 403),
        ("sub.models.lan", 403),
        ("192.168.1.7", 403),
        ("127.0.0.1@evil.example", 403),
        ("127.0.0.1/", 403),
        ("[::1", 403),
        ("2130706433", 403),
        ("", 403),
    ],
)
async def test_only_names_of_this_host_are_answered(listing: Door, host: str, status: int) -> None:
    """A page that makes its own name resolve to this host (DNS rebinding) gets nothing, of anything."""
    for path in ("/api/v1/status", "/healthz"):
        answer = await listing.client.get(path, headers={"Host": host})
        assert answer.status_code == status
    if status == 403:
        assert "Host" in assert_problem(answer, 403)["detail"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("own", 200),
        ("https://venom.lan", 200),
        ("HTTPS://Venom.lan", 200),
        ("http://venom.lan", 403),
        ("https://venom.lan:8443", 403),
        ("https://venom.lan.evil.example", 403),
        ("http://127.0.0.1", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_only_our_own_pages_and_listed_ones_may_write(listing: Door, origin: str | None, status: int) -> None:
    """A foreign page's writing call is refused; a program, which sends no origin, is not."""
    own = str(listing.client.base_url).rstrip("/")
    headers = {} if origin is None else {"Origin": own if origin == "own" else origin}
    answer = await listing.client.post(APPROVE, json=BODY, headers=headers)
    reading = await listing.client.get("/api/v1/status", headers=headers)
    assert (answer.status_code, reading.status_code) == (status, 200)
    assert listing.told == ([("approve", "sha256:1234")] if status == 200 else [])


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer wrong", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        ("Bearer \u00e9", 401),
    ],
)
async def test_a_token_is_needed_where_one_is_set(locked: Door, sent: str | None, status: int) -> None:
    """Every call needs the token, those that read too, and no answer holds it."""
    headers = {} if sent is None else {"Authorization": sent.encode("latin-1")}
    for path in ("/api/v1/status", "/metrics", "/docs", "/openapi.json"):
        answer = await locked.client.get(path, headers=headers)
        assert answer.status_code == status
        assert TOKEN not in answer.text
    written = await locked.client.post(APPROVE, json=BODY, headers=headers)
    assert written.status_code == status
    if status == 401:
        assert_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert locked.told == []


@pytest.mark.parametrize("path", ["/healthz/", "//healthz", "/healthz/../api/v1/status", "/healthz%2f", "/HEALTHZ"])
async def test_health_needs_no_token(locked: Door, path: str) -> None:
    """The exception is one address as it is written, and nothing like it."""
    assert (await locked.client.get("/healthz")).status_code == 200
    request = locked.client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    assert_problem(await locked.client.send(request), 401)


@pytest.mark.parametrize(
    ("path", "status"), [("/", 307), ("/models", 200), ("/models/nothing.js", 404), ("/models/..%2fapi/v1/status", 404)]
)
async def test_the_screen_needs_no_token(locked: Door, path: str, status: int) -> None:
    """Its files hold no data, and a browser cannot send a token when it opens a page; nothing else is open by it."""
    request = locked.client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    assert (await locked.client.send(request)).status_code == status
    assert_problem(await locked.client.post(path, json={}), 401)


@pytest.mark.parametrize("path", ["/modelsx", "/MODELS", "//models", "/models%2f..%2fapi"])
async def test_nothing_like_the_screen_is_open(locked: Door, path: str) -> None:
    """The token is needed for whatever only looks like it, or there is nothing there."""
    request = locked.client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    assert (await locked.client.send(request)).status_code in (401, 404)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain; application/json", 415),
        ("application/jsonp", 415),
        (None, 415),
    ],
)
async def test_writing_calls_speak_json(listing: Door, kind: str | None, status: int) -> None:
    """What a form of a foreign page can send is refused, with a body and without one."""
    headers = {} if kind is None else {"Content-Type": kind}
    approved = await listing.client.post(APPROVE, content=b'{"digest": "sha256:1234"}', headers=headers)
    retried = await listing.client.post("/api/v1/models/operations/running/retry", headers=headers)
    assert (approved.status_code, retried.status_code) == (status, status)
    if status == 415:
        assert "application/json" in assert_problem(retried, 415)["detail"]
        assert listing.told == []


@pytest.mark.parametrize(("spare", "status"), [(0, 200), (-1, 413)])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_long_body_is_refused(house: House, spare: int, status: int, *, chunked: bool) -> None:
    """A body may be as long as the limit, whether it says how long it is or not."""
    content = b'{"digest": "sha256:1234"}'
    house.guard = Guard(max_body=len(content) + spare)

    async def parts() -> object:
        for letter in content:
            yield bytes([letter])

    async with house.open() as client:
        sent = parts() if chunked else content
        answer = await client.post(APPROVE, content=sent, headers={"Content-Type": "application/json"})  # type: ignore[arg-type]
    assert answer.status_code == status
    if status == 413:
        assert str(house.guard.max_body) in assert_problem(answer, 413)["detail"]
        assert house.commands.told == []


async def test_a_refused_caller_may_try_again(house: House) -> None:
    """A refusal leaves the connection in order."""
    async with house.open() as client:
        await client.post(APPROVE, content=b"x" * 200_000, headers={"Content-Type": "application/json"})
        assert (await client.post(APPROVE, json=BODY)).status_code == 200


async def test_a_websocket_gets_nothing(listing: Door) -> None:
    """There is no websocket, so a handshake is answered as the plain request that it is."""
    handshake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    handshake["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
    answer = await listing.client.get("/nothing", headers=handshake)
    assert answer.status_code == 404


async def test_every_refusal_is_a_problem(listing: Door) -> None:
    """A refused call is told why in the same shape as any other error."""
    answer = await listing.client.get("/healthz", headers={"Host": "evil.example"})
    assert assert_problem(answer, 403)["title"] == "Forbidden"

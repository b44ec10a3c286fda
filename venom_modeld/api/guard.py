"""Who may call, and with what: checked before anything else looks at a request.

- Host: a page elsewhere can make its own name resolve to this host (DNS rebinding), and its browser then sends that
  name. So only this host's own names and addresses pass.
- Token: where one is set, everything needs it but `/healthz` and the files of the screen, which hold no data; a browser
  cannot send it when it opens a page, so the page asks for it.
- Origin: a browser says which page makes it send a writing call; programs say nothing. Only our own pages and those of
  the list pass.
- Content type: a form of a foreign page cannot send JSON. Nor can it send DELETE, which needs none without a body.
- Size: no request of ours is long.
"""

import hmac
import ipaddress
import re
from dataclasses import dataclass, replace
from functools import lru_cache

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from venom_modeld.api.headers import hardened, header
from venom_modeld.api.problems import problem

READING = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN = frozenset({"/", "/healthz", "/models"})
OPEN_FOLDER = "/models/"
"""The addresses that need no token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Who may call."""

    token: str | None = None
    """What `Authorization: Bearer` must bring; None where anybody who reaches the address may call."""
    allowed_hosts: frozenset[str] = frozenset()
    """Names that this host is called by, beside its loopback names and the address that was called."""
    allowed_origins: frozenset[str] = frozenset()
    """Pages (`https://name[:port]`) that may make writing calls, beside our own."""
    operations: bool = True
    """Whether plans may be approved, and operations cancelled and retried."""
    edits: bool = True
    """Whether the file may be edited."""
    webhook_secret: str | None = None
    """What a forge proves itself with that tells of a push; None where it needs what everybody needs."""
    max_body: int = 65_536
    """Bytes of the longest request body."""

    def __post_init__(self) -> None:
        """Refuse a token that everybody knows."""
        if self.token == "":
            raise ValueError("The token of the API is empty; set one, or none at all.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is not answered."""

    status: int
    detail: str


def refusal(guard: Guard, scope: Scope) -> Refusal | None:
    """Return why a request is refused, or None. The body is not read for it."""
    refused = _wrong_host(guard, scope) or _wrong_token(guard, scope)
    if refused or scope["method"] in READING:
        return refused
    return _wrong_origin(guard, scope) or _wrong_type(scope) or _too_long(guard, scope)


def _wrong_host(guard: Guard, scope: Scope) -> Refusal | None:
    host = host_of(_text(header(scope["headers"], b"host")))
    server = scope.get("server")
    if host and (host in guard.allowed_hosts or is_loopback(host) or (server and host == server[0])):
        return None
    detail = "The Host header names another host; use the address of the daemon, or add the name to api.allowed_hosts."
    return Refusal(status=403, detail=detail)


_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?", re.ASCII)


@lru_cache(maxsize=64)
def host_of(text: str) -> str | None:
    """Return the name or address of a Host header in small letters, without the port; None for nonsense."""
    found = _HOST.fullmatch(text)
    return (found[1] or found[2]).lower().removesuffix(".") if found else None


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Tell whether a name or address always means the host itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wrong_token(guard: Guard, scope: Scope) -> Refusal | None:
    if guard.token is None or _is_open(scope):
        return None
    scheme, _, sent = (header(scope["headers"], b"authorization") or b"").partition(b" ")
    if scheme.lower() == b"bearer" and hmac.compare_digest(sent.strip(), guard.token.encode()):
        return None
    return Refusal(status=401, detail="A token is needed: send it as `Authorization: Bearer TOKEN`.")


def _is_open(scope: Scope) -> bool:
    path = scope["path"]
    return scope["method"] in READING and (path in OPEN or path.startswith(OPEN_FOLDER))


def _wrong_origin(guard: Guard, scope: Scope) -> Refusal | None:
    origin = header(scope["headers"], b"origin")
    own = f"{scope['scheme']}://{_text(header(scope['headers'], b'host'))}"
    if origin is None or _text(origin).lower() in {own.lower(), *guard.allowed_origins}:
        return None
    detail = "A page of another origin sent this; add the origin to api.allowed_origins if it may."
    return Refusal(status=403, detail=detail)


def _wrong_type(scope: Scope) -> Refusal | None:
    sent = _text(header(scope["headers"], b"content-type")).partition(";")[0].strip().lower()
    if sent == "application/json" or (scope["method"] == "DELETE" and not sent and not _has_body(scope)):
        return None
    return Refusal(status=415, detail="Writing calls need `Content-Type: application/json`, without a body too.")


def _has_body(scope: Scope) -> bool:
    length = _text(header(scope["headers"], b"content-length"))
    return header(scope["headers"], b"transfer-encoding") is not None or length not in ("", "0")


def _too_long(guard: Guard, scope: Scope) -> Refusal | None:
    announced = _text(header(scope["headers"], b"content-length"))
    return Refusal(status=413, detail=_long(guard)) if announced and int(announced) > guard.max_body else None


def _long(guard: Guard) -> str:
    return f"The body is longer than {guard.max_body} bytes."


def _text(value: bytes | None) -> str:
    return (value or b"").decode("latin-1")


class Gate:
    """Refuses what the guard refuses, and adds the security headers to every answer, whoever gives it."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = replace(
            guard,
            allowed_hosts=frozenset(host.lower() for host in guard.allowed_hosts),
            allowed_origins=frozenset(origin.lower().rstrip("/") for origin in guard.allowed_origins),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        send = hardened(send)
        refused = refusal(self._guard, scope)
        if refused is None:
            await self._app(scope, receive if scope["method"] in READING else self._bounded(receive), send)
            return
        headers = {"www-authenticate": "Bearer"} if refused.status == 401 else None
        await problem(refused.status, refused.detail, headers=headers)(scope, receive, send)

    def _bounded(self, receive: Receive) -> Receive:
        """Return a `receive` for bodies that did not announce their length."""
        received = 0

        async def receive_bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._guard.max_body:
                raise HTTPException(413, _long(self._guard))
            return message

        return receive_bounded

"""HTTP to other people's servers: one request at a time to each, within its budget, with deadlines and honest names.

Redirects are not followed: a moved page, a page that may not be had like this, and the login page of a hotspot all
look like one, and each needs a person. What comes back is whole and of the type that was asked for, or it is an error
in words.
"""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

import httpx2

from venom_modeld.core.names import shown
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.errors import ParseFailed, SourceFailed
from venom_modeld.trending.limits import Host, read_rate_limit, read_retry_after

MAX_BODY = 8 * 1024 * 1024
"""Bytes of the largest answer that is read; the longest page so far has 0.6 MB."""

PACKING = "gzip"
"""How an answer may be packed, once: what is packed several times may keep us unpacking for hours."""

DEADLINE = 20.0
"""Seconds for a whole answer."""

CONNECT = 5.0
"""Seconds for a connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; the names of its headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as text, whatever its bytes are."""
        return self.body.decode("utf-8", "replace")


class Wire:
    """Requests to one server, through the proxy of the environment unless it is on this very machine.

    `transport` stands in for the network where a caller brings its own.
    """

    def __init__(
        self,
        url: str,
        host: Host,
        *,
        user_agent: str,
        transport: httpx2.AsyncBaseTransport | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.url = url.rstrip("/")
        self.host = host
        self._user_agent = user_agent
        self._direct = is_loopback(urlsplit(url).hostname or "")
        self._transport = transport
        self._wall = wall
        self._turn = asyncio.Lock()
        self._made: httpx2.AsyncClient | None = None

    async def get(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        accept: Iterable[int] = (),
    ) -> Reply:
        """Return the answer to a request for `path`, of status 200 or one of `accept`.

        Raises Throttled before anything is sent, SourceFailed for whatever else goes wrong.
        """
        async with self._turn:
            self.host.spend()
            try:
                reply = await self._send(method, path, headers or {})
                self.host.heard(read_rate_limit(reply.headers))
                if reply.status == httpx2.codes.OK or reply.status in accept:
                    return reply
                raise self._refused(path, reply)
            except SourceFailed:
                self.host.failed()
                raise

    async def close(self) -> None:
        """Close all connections."""
        made, self._made = self._made, None
        if made is not None:
            await made.aclose()

    def _client(self) -> httpx2.AsyncClient:
        if self._made is None:
            plain = self._direct and self.url.startswith("http://")
            self._made = httpx2.AsyncClient(
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True,  # loading certificates takes 40 ms
                headers={"User-Agent": self._user_agent, "Accept-Encoding": PACKING},
                timeout=httpx2.Timeout(DEADLINE, connect=CONNECT),
                trust_env=not self._direct,
                transport=self._transport,
                follow_redirects=False,
            )
        return self._made

    async def _send(self, method: str, path: str, headers: Mapping[str, str]) -> Reply:
        try:
            async with (
                asyncio.timeout(DEADLINE),
                self._client().stream(method, self.url + path, headers=dict(headers)) as response,
            ):
                body = await _read(response, self.url + path)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise self._unreachable(f"no answer within {DEADLINE:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise self._unreachable(in_words(error)) from error
        return Reply(status=response.status_code, headers=dict(response.headers), body=body)

    def _unreachable(self, words: str) -> SourceFailed:
        return unreachable(self.host.name, words)

    def _refused(self, path: str, reply: Reply) -> SourceFailed:
        error = refused(self.url + path, reply.status, reply.headers, now=self._wall())
        self.host.refused(error)
        return error


def is_loopback(host: str) -> bool:
    """Tell whether a host is this very machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def unreachable(host: str, words: str) -> SourceFailed:
    """Return the error for a host that gave no answer."""
    return SourceFailed(
        f"{host} cannot be reached: {words}. Check this host's network, its proxy and its clock.",
        reason=Reason.UNREACHABLE,
    )


def refused(url: str, status: int, headers: Mapping[str, str], *, now: float) -> SourceFailed:
    """Return the error for an answer that is a refusal."""
    host = urlsplit(url).netloc
    wait = read_retry_after(headers, now=now)
    if 300 <= status < 400:
        return ParseFailed(
            f"{url} sends us to {_target(url, headers)}. On another host it is most likely the login page of a hotspot"
            " or a proxy; else the page has moved, and a newer version of venom-modeld may know where."
        )
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        limit = read_rate_limit(headers)
        waits = [seconds for seconds in (wait, limit.wait if limit else None) if seconds is not None]
        message = f"{host} wants to be asked less often (429). For the Hub a token (HF_TOKEN) raises the limit."
        return SourceFailed(message, reason=Reason.RATE_LIMITED, retry_after=max(waits, default=None))
    if status in (401, 403):
        return SourceFailed(f"{host} does not let us read {url} ({status}).", reason=Reason.ACCESS_DENIED)
    if status in (404, 410):
        return ParseFailed(
            f"{url} is not there ({status}). The site may have changed; a newer version of venom-modeld may read it."
        )
    return SourceFailed(f"{host} answered {url} with status {status}.", reason=Reason.FAILED, retry_after=wait)


def _target(url: str, headers: Mapping[str, str]) -> str:
    try:
        return shown(urljoin(url, headers.get("location", "")))
    except ValueError:
        return "an address that is none"


async def _read(response: httpx2.Response, url: str) -> bytes:
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing not in ("", "identity", PACKING):
        raise ParseFailed(f"{url} answered with something packed as {shown(packing)}, which was not asked for.")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            raise ParseFailed(f"{url} answered with more than {MAX_BODY} bytes.")
    return bytes(body)


def in_words(error: BaseException) -> str:
    """Say what an error of the network is, in the words of the operating system where it spoke."""
    text = str(error) or type(error).__name__
    now: BaseException | None = error
    while now is not None:
        if isinstance(now, socket.gaierror):
            text = str(now.strerror)
        elif isinstance(now, OSError) and now.errno:
            text = os.strerror(now.errno)
        now = now.__cause__ or now.__context__
    return text[:1].lower() + text[1:].rstrip(".")

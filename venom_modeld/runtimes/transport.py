"""HTTP for drivers: every request has deadlines, every answer a size, and every failure becomes one of our errors.

A driver gives a `translate` function that turns a trouble of the wire, and the words for it, into the error that the
engine is to see; nothing of the HTTP library gets past this module. Redirects are never followed: a server under
management that sends us elsewhere is not the server that the file names. Packed answers are never unpacked: none is
asked for, and a few kilobytes of one can unpack to what keeps the event loop busy for hours.
"""

import asyncio
import json
import math
import os
import re
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, NoReturn
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx2

from venom_modeld.core.errors import ModeldError
from venom_modeld.core.names import shown
from venom_modeld.core.sizes import LARGEST

MAX_BODY = 16 * 1024 * 1024
"""Bytes of the largest answer that is read. A list of 1,000 models is 0.4 MB, one of 50,000 files 10 MB; as values, an
answer may take 30 times its bytes."""

MAX_LINE = 1024 * 1024
"""Bytes of the longest line of a stream that is read."""


class Trouble(StrEnum):
    """What can go wrong between us and a server."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    INVALID = "invalid"
    """It answered, and the answer makes no sense."""
    CUT = "cut"
    """The connection ended in the middle of an answer."""


Translate = Callable[[Trouble, str], ModeldError]
"""Makes the error to raise of a trouble and words such as `connection refused`."""


class NotJson(ValueError):
    """Bytes that are not one strict JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer; the names of its headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait for a connection, and for a whole answer that is not a stream."""

    connect: float
    answer: float


class Stream:
    """An answer whose body is still coming."""

    def __init__(self, response: httpx2.Response, translate: Translate) -> None:
        self.status = response.status_code
        self._response = response
        self._translate = translate

    async def body(self, *, deadline: float) -> bytes:
        """Return the whole body, which must come within `deadline` seconds."""
        with _translated(self._translate, Trouble.CUT, deadline):
            async with asyncio.timeout(deadline):
                return await _read(self._response)

    async def lines(self) -> AsyncGenerator[Mapping[str, Any]]:
        """Yield the JSON objects of an NDJSON body as they come, waiting for each without end."""
        rest = bytearray()
        async with aclosing(self._chunks()) as chunks:
            async for chunk in chunks:
                head, *more = chunk.split(b"\n")
                rest += head
                if more:
                    whole = [bytes(rest), *more[:-1]]
                    rest = bytearray(more[-1])
                    for line in filter(bytes.strip, whole):
                        yield self._parse(line)
                if len(rest) > MAX_LINE:
                    raise self._translate(Trouble.INVALID, f"a line is longer than {MAX_LINE} bytes")
        if rest.strip():
            yield self._last(bytes(rest))

    async def _chunks(self) -> AsyncGenerator[bytes]:
        with _translated(self._translate, Trouble.CUT, None):
            _refuse_packed(self._response)
            async for chunk in self._response.aiter_raw():
                yield chunk

    def _parse(self, line: bytes) -> Mapping[str, Any]:
        try:
            return parse_object(line)
        except NotJson as error:
            raise self._translate(Trouble.INVALID, str(error)) from error

    def _last(self, line: bytes) -> Mapping[str, Any]:
        """Read a last line without its line break, which is half a line unless it makes sense."""
        try:
            return parse_object(line)
        except NotJson as error:
            raise self._translate(Trouble.CUT, "the stream ended in the middle of a line") from error


class Transport:
    """Requests to one server.

    `proxied` takes the proxy of the environment for it, which is for servers on the internet only: a loopback address
    is always reached directly.
    """

    def __init__(
        self, url: str, *, translate: Translate, timeouts: Timeouts, user_agent: str, proxied: bool = False
    ) -> None:
        self._url = url.rstrip("/")
        self._translate = translate
        self._timeouts = timeouts
        self._user_agent = user_agent
        self._proxied = proxied and not is_loopback(host_of(url))
        self._made: httpx2.AsyncClient | None = None

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> Answer:
        """Return the whole answer, whatever its status, within `deadline` seconds (else the usual ones)."""
        seconds = self._timeouts.answer if deadline is None else deadline
        with _translated(self._translate, Trouble.UNREACHABLE, seconds):
            async with asyncio.timeout(self._timeouts.connect + seconds):
                request = self._request(method, path, body, headers, read=seconds)
                response = await self._client().send(request, stream=True)
                try:
                    with _translated(self._translate, Trouble.CUT, seconds):
                        content = await _read(response)
                finally:
                    await response.aclose()
        return Answer(status=response.status_code, headers=dict(response.headers), body=content)

    @asynccontextmanager
    async def stream(self, method: str, path: str, *, body: Mapping[str, Any]) -> AsyncIterator[Stream]:
        """Give an answer as it comes; its head must come within the usual seconds, its lines may take any time.

        Leaving the context, also by a cancelled task, closes the connection before it returns.
        """
        seconds = self._timeouts.answer
        with _translated(self._translate, Trouble.UNREACHABLE, seconds):
            async with asyncio.timeout(self._timeouts.connect + seconds):
                request = self._request(method, path, body, None, read=None)
                response = await self._client().send(request, stream=True)
        try:
            yield Stream(response, self._translate)
        finally:
            await response.aclose()

    def parse(self, answer: Answer) -> Mapping[str, Any]:
        """Return the JSON object that is the body of an answer."""
        try:
            return parse_object(answer.body)
        except NotJson as error:
            raise self._translate(Trouble.INVALID, str(error)) from error

    async def close(self) -> None:
        """Close all connections; a later request opens new ones."""
        made, self._made = self._made, None
        if made is not None:
            await made.aclose()

    def _client(self) -> httpx2.AsyncClient:
        if self._made is None:
            plain = self._url.startswith("http://") and not self._proxied
            self._made = httpx2.AsyncClient(
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True,  # loading certificates takes 40 ms
                headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
                trust_env=self._proxied,
                follow_redirects=False,
            )
        return self._made

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        *,
        read: float | None,
    ) -> httpx2.Request:
        _check_port(self._url)
        wait = self._timeouts.connect
        timeout = httpx2.Timeout(connect=wait, read=read, write=self._timeouts.answer, pool=wait)
        return self._client().build_request(method, self._url + path, json=body, headers=headers, timeout=timeout)


def parse_object(data: bytes) -> Mapping[str, Any]:
    """Return the JSON object in UTF-8 that `data` is; raises NotJson with the reason for anything else.

    Stricter than Python: what no number of a database or a browser can hold, and half a character, would only fail
    later, in what is stored or answered.
    """
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant, parse_int=_whole, parse_float=_finite)
        if _HALF_CHARACTER.search(data):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise NotJson("the answer is JSON nested too deeply") from error
    except ValueError as error:
        raise NotJson(f"the answer is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise NotJson(f"the answer is a JSON {_JSON_WORDS[type(value)]}, not an object")
    return value


_HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")
"""The escapes of which two make a character, and one alone makes none."""

_JSON_WORDS: Mapping[type, str] = {
    list: "array",
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def host_of(url: str) -> str:
    """Return the host of an address, without its port; empty where it has none or makes no sense."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Tell whether a host (a name or an address, without a port) is this very machine."""
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def without_secrets(url: str) -> str:
    """Return an address as it may be shown: without a user, a password and a query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def target_of(url: str, headers: Mapping[str, str]) -> SplitResult:
    """Return where the answer of `url` sends us by its `Location`; an empty address where that makes no sense."""
    try:
        return urlsplit(urljoin(url, headers.get("location", "")))
    except ValueError:
        return urlsplit("")


def _check_port(url: str) -> None:
    """Refuse a port that no socket takes; the HTTP library would only fail on it while connecting."""
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise httpx2.InvalidURL(str(error)) from error


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _whole(text: str) -> int:
    number = int(text) if len(text) <= len(str(LARGEST)) + 1 else LARGEST + 1
    if abs(number) > LARGEST:
        raise ValueError(f"{shown(text)} is larger than any number of an answer")
    return number


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{shown(text)} is larger than any number of an answer")
    return number


class _TooLarge(Exception):
    """An answer past the limit."""


def _refuse_packed(response: httpx2.Response) -> None:
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing not in ("", "identity"):
        raise httpx2.DecodingError(f"it is packed as {shown(packing)}, unasked", request=response.request)


async def _read(response: httpx2.Response) -> bytes:
    _refuse_packed(response)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BODY:
            raise _TooLarge
    return bytes(body)


@contextmanager
def _translated(translate: Translate, lost: Trouble, seconds: float | None) -> Iterator[None]:
    """Turn whatever the HTTP library or the system raises into the driver's error; `lost` is a lost connection."""
    try:
        yield
    except _TooLarge as error:
        raise translate(Trouble.INVALID, f"the answer is larger than {MAX_BODY} bytes") from error
    except httpx2.ConnectTimeout as error:
        raise translate(Trouble.TIMEOUT, "no connection within the time allowed") from error
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise translate(Trouble.TIMEOUT, f"no answer within {seconds:g} s" if seconds else "no answer") from error
    except httpx2.DecodingError as error:
        raise translate(Trouble.INVALID, f"the answer cannot be unpacked ({error})") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
        trouble = Trouble.TLS if _cause(error, ssl.SSLError) else lost
        raise translate(trouble, _words(error)) from error


def _cause(error: BaseException, wanted: type[BaseException]) -> BaseException | None:
    """Return the innermost error of a type among an error and what it came from."""
    found: BaseException | None = None
    now: BaseException | None = error
    while now is not None:
        if isinstance(now, wanted):
            found = now
        now = now.__cause__ or now.__context__
    return found


def _words(error: BaseException) -> str:
    """Say in words what an error is, in those of the operating system where it spoke."""
    system = _cause(error, OSError)
    if isinstance(system, ssl.SSLError | socket.gaierror):
        text = str(system.strerror)
    elif isinstance(system, OSError) and system.errno:
        text = os.strerror(system.errno)
    else:
        text = str(error) or type(error).__name__
    return text[:1].lower() + text[1:]

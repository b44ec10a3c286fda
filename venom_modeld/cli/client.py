"""Talks to the daemon over its HTTP API, with the standard library alone.

`http.client` is loaded in a third of the time of the client that the runtimes use, and a command that asks one
question of a server on the same host needs nothing more.
"""

import http.client
import json
import math
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from venom_modeld.cli.exits import ExitCode, Failure

ANSWER_TIMEOUT = 10.0
"""Seconds to wait for an answer; the daemon answers from memory."""

SILENCE = 60.0
"""Seconds without a byte after which a stream of events counts as ended; the daemon gives signs of life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEvent:
    """One event of the stream: its id, its name, and its data, which is JSON."""

    id: str
    name: str
    data: Any


class Unreachable(Failure):
    """No daemon answers; it may be starting, or restarting."""

    def __init__(self, address: str, error: Exception) -> None:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        super().__init__(
            f"No daemon answers at {address} ({why}). Start it with `venom-modeld run`, or name it with --address.",
            ExitCode.UNREACHABLE,
        )


class Refused(Failure):
    """The daemon answered that it will not; `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class DaemonClient:
    """The daemon at one address, `http://HOST:PORT` or `HOST:PORT`; `token` where it asks for one."""

    def __init__(self, address: str, *, token: str | None = None) -> None:
        self.address = (address if "://" in address else f"http://{address}").rstrip("/")
        self._written = address
        self._token = token

    def get(self, path: str, *, timeout: float = ANSWER_TIMEOUT) -> Any:
        """Return the JSON of a resource, within so many seconds.

        Raises Unreachable, or Refused with what the daemon says is wrong.
        """
        return self._exchange("GET", path, None, timeout=timeout)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send JSON and return the JSON of the answer. Raises as `get` does."""
        return self._exchange("POST", path, json.dumps(body).encode())

    def events(self, *, last_id: str | None = None, deadline: float = math.inf) -> Iterator[ServerEvent]:
        """Yield the events of the daemon as they come, those after `last_id` first; end when the stream does.

        A stream without a sign of life for a minute counts as ended. Raises Unreachable where there is no stream, and
        TimeoutError when the monotonic clock passes `deadline`.
        """
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
        with self._connected(_patience(deadline)) as connection:
            try:
                connection.connect()
            except OSError as error:
                raise Unreachable(self.address, error) from error
            sock = connection.sock
            answer = self._ask(connection, "GET", "/api/v1/events", None, headers)
            yield from parse_events(_lines(answer, sock, deadline))

    def _exchange(self, method: str, path: str, body: bytes | None, *, timeout: float = ANSWER_TIMEOUT) -> Any:
        with self._connected(timeout) as connection:
            answer = self._ask(connection, method, path, body, {"Accept": "application/json"})
            try:
                return json.loads(answer.read())
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(self.address, error) from error
            except ValueError as error:
                raise Failure(f"What answers at {self.address} is not venom-modeld: its answer is no JSON.") from error

    @contextmanager
    def _connected(self, timeout: float) -> Iterator[http.client.HTTPConnection]:
        try:
            parts = urlsplit(self.address)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise Failure(f"{self.address} is no address ({error}); write HOST:PORT.") from error
        if not host:
            raise Failure(f"{self._written!r} is no address, since it names no host; write HOST:PORT.")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(host, port, timeout=timeout)
        try:
            yield connection
        finally:
            connection.close()

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> http.client.HTTPResponse:
        sent = headers | ({"Content-Type": "application/json"} if body is not None else {})
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(self.address, error) from error
        if answer.status >= 400:
            raise _refusal(answer, f"{self.address}{path}")
        return answer


def _refusal(answer: http.client.HTTPResponse, url: str) -> Refused:
    """Return what the daemon says of a request that it refuses, in its own words where it has any."""
    try:
        detail = json.loads(answer.read())["detail"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        detail = f"{url} answered {answer.status} {answer.reason}."
        if answer.status == http.HTTPStatus.NOT_FOUND:
            detail += " That is not venom-modeld; name the daemon with --address."
    return Refused(str(detail), answer.status)


def _patience(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(SILENCE, left)


def _lines(answer: http.client.HTTPResponse, sock: socket.socket, deadline: float) -> Iterator[str]:
    try:
        while line := answer.readline():
            yield line.decode().rstrip("\r\n")
            sock.settimeout(_patience(deadline))
    except TimeoutError:
        if time.monotonic() >= deadline:
            raise
    except (OSError, http.client.HTTPException):
        return


def parse_events(lines: Iterable[str]) -> Iterator[ServerEvent]:
    """Yield the events of a `text/event-stream`; comments (signs of life) are skipped, a cut last event is dropped."""
    last_id, name, data = "", "", list[str]()
    for line in lines:
        if not line:
            if data:
                yield ServerEvent(id=last_id, name=name or "message", data=json.loads("\n".join(data)))
            name, data = "", []
            continue
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match key:
            case "id":
                last_id = value
            case "event":
                name = value
            case "data":
                data.append(value)
            case _:
                pass

"""The files themselves: small ones from the Hub, large ones from another host, whole or from the middle on."""

import asyncio
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from venom_modeld.sandbox.attended import Attended, client_left
from venom_modeld.sandbox.guard import Sever
from venom_modeld.sandbox.hub import storage
from venom_modeld.sandbox.hub.access import RefusedError, check_files, commit_of, find
from venom_modeld.sandbox.hub.content import Content, Given, Stored
from venom_modeld.sandbox.hub.faults import HubFaults, any_matches
from venom_modeld.sandbox.hub.repositories import Repositories, Repository

_PIECE = 64 * 1024
_SHORT_BY = 10


@dataclass(slots=True)
class Traffic:
    """What was sent, by `OWNER/NAME/PATH`."""

    sent: dict[str, int] = field(default_factory=dict)
    """Bytes of each file, all its answers together."""
    starts: list[tuple[str, int]] = field(default_factory=list)
    """Each answer with a file: which, and from which byte on."""
    with_token: set[str] = field(default_factory=set)
    """Paths of requests that carried a token."""

    def clear(self) -> None:
        """Forget everything."""
        self.sent.clear()
        self.starts.clear()
        self.with_token.clear()


class Deliveries:
    """Sends the files of one Hub; `far` is the host name under which large ones are sent."""

    def __init__(
        self, repositories: Repositories, faults: HubFaults, traffic: Traffic, *, far: str, sever: Sever
    ) -> None:
        self._repositories = repositories
        self._faults = faults
        self._traffic = traffic
        self._far = far
        self._sever = sever

    async def resolve(self, request: Request) -> Response:
        """Send a file, or send the client to where it is."""
        repository, commit, path = self._asked(request)
        check_files(request, self._repositories, repository)
        file = repository.commits[commit].get(path)
        if file is None:
            raise RefusedError(404, "Entry not found", code="EntryNotFound", headers={"X-Repo-Commit": commit})
        headers = {"ETag": f'"{file.etag}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if not file.apart:
            return self._deliver(request, repository, file, headers)
        headers |= {"X-Linked-Size": str(file.content.size), "X-Linked-ETag": headers.pop("ETag")}
        if repository.details.xet:
            headers |= _xet(request, repository, commit, file)
        url = request.url.replace(hostname=self._far, path=f"/cdn/{repository.name}/{commit}/{path}", query="")
        return RedirectResponse(url, status_code=302, headers=headers)

    async def far(self, request: Request) -> Response:
        """Send a large file from the other host, which knows no accounts."""
        owner, name, commit, path = request.path_params["rest"].split("/", 3)
        repository = self._repositories.named[f"{owner}/{name}"]
        file = repository.commits[commit][path]
        return self._deliver(request, repository, file, {"ETag": '"of-the-far-host"', "Accept-Ranges": "bytes"})

    async def storage(self, request: Request) -> Response:
        """Answer for the storage behind the Hub's own protocol."""
        if self._faults.xet_status is not None:
            return PlainTextResponse("the fault dial says so", status_code=self._faults.xet_status)
        name, file = self._repositories.stored_apart(request.path_params["hash"])
        if file is None:
            return Response(status_code=404)
        content = _Spoilt(file.content) if any_matches(self._faults.corrupt, name) else file.content
        if "number" not in request.path_params:
            start, stop = _range(request)
            base = f"{str(request.base_url).rstrip('/')}/cas/terms"
            return JSONResponse(storage.reconstruction(content, file.etag, base, start=start, stop=stop))
        data = Given(storage.term(content, request.path_params["number"]))
        return Attended(_Delivery(self, f"xet:{name}", data, 0, data.size, {"Content-Length": str(data.size)}).run)

    def _asked(self, request: Request) -> tuple[Repository, str, str]:
        """Return what a path asks for; in the raw path a slash inside a revision is told from one after it."""
        _, owner, name, _, revision, *path = request.scope["raw_path"].decode("ascii").split("/")
        repository = find(request, self._repositories, f"{unquote(owner)}/{unquote(name)}")
        return repository, commit_of(repository, unquote(revision)), unquote("/".join(path))

    def _deliver(self, request: Request, repository: Repository, file: Stored, headers: Mapping[str, str]) -> Response:
        name = f"{repository.name}/{file.path}"
        size = file.content.size - (_SHORT_BY if any_matches(self._faults.short, name) else 0)
        start = 0 if self._faults.no_ranges else _start(request)
        if start and start >= size:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        told = {**headers, "Content-Length": str(size - start), "Content-Type": "application/octet-stream"}
        if start:
            told["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        if request.method == "HEAD":
            return Response(status_code=206 if start else 200, headers=told)
        self._traffic.starts.append((name, start))
        content = _Spoilt(file.content) if any_matches(self._faults.corrupt, name) else file.content
        return Attended(_Delivery(self, name, content, start, size, told).run)

    async def send(self, delivery: "_Delivery", scope: Scope, receive: Receive, send: Send) -> None:
        """Send the bytes of a file, as fast and as far as the dial lets it."""
        cut, stall = self._faults.cuts(), self._faults.stall_at
        ends = [delivery.start + at for at in (cut, stall) if at is not None]
        position, end = delivery.start, min([delivery.size, *ends])
        while position < end:
            stop = min(position + _PIECE, end)
            piece = delivery.content.read(position, stop)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            self._traffic.sent[delivery.name] = self._traffic.sent.get(delivery.name, 0) + len(piece)
            position = stop
            await asyncio.sleep(len(piece) / self._faults.rate if self._faults.rate else 0)
        if end == delivery.size:
            await send({"type": "http.response.body", "body": b""})
            return
        if end == delivery.start + (cut or 0):
            self._sever(scope["client"])
        await client_left(receive)


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One answer with a file."""

    deliveries: Deliveries
    name: str
    content: Content
    start: int
    size: int
    headers: Mapping[str, str]

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        raw = [(key.lower().encode(), value.encode()) for key, value in self.headers.items()]
        await send({"type": "http.response.start", "status": 206 if self.start else 200, "headers": raw})
        await self.deliveries.send(self, scope, receive, send)


class _Spoilt(Content):
    """A content whose every piece begins with a wrong byte."""

    def __init__(self, content: Content) -> None:
        self.size = content.size
        self._content = content

    def read(self, start: int, stop: int) -> bytes:
        """Return some of the bytes, the first of them wrong."""
        piece = bytearray(self._content.read(start, stop))
        piece[0] ^= 0xFF
        return bytes(piece)


def _range(request: Request) -> tuple[int, int]:
    """Return the bytes from which on, and before which, a request wants a file told."""
    found = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
    return (int(found[1]), int(found[2]) + 1) if found else (0, sys.maxsize)


def _start(request: Request) -> int:
    """Return the byte that a request wants a file from; only open ranges are known here."""
    found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
    return int(found[1]) if found else 0


def _xet(request: Request, repository: Repository, commit: str, file: Stored) -> Mapping[str, str]:
    url = f"{str(request.base_url).rstrip('/')}/api/models/{repository.name}/xet-read-token/{commit}"
    return {"X-Xet-Hash": file.content.sha256, "X-Xet-Refresh-Route": url, "Link": f'<{url}>; rel="xet-auth"'}

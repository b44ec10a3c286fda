"""The registry's HTTP: manifests and blobs as a Docker registry serves them to Ollama.

The digest of a model is the sha256 of the bytes served here, told in two headers. A blob is answered with its size, or
with a redirect to where its bytes are; weights have none.
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from venom_modeld.sandbox.artifacts import MANIFEST_TYPE, digest_of
from venom_modeld.sandbox.attended import Attended, client_left
from venom_modeld.sandbox.faults import Faults
from venom_modeld.sandbox.faults import Registry as Fault
from venom_modeld.sandbox.shelf import Shelf


class Registry:
    """Serves a shelf."""

    def __init__(self, shelf: Shelf, faults: Faults) -> None:
        self._shelf = shelf
        self._faults = faults

    def app(self) -> Starlette:
        """Return the application of the registry's port."""
        return Starlette(
            routes=[
                Route("/v2/", _version),
                Route("/v2/{namespace}/{model}/manifests/{tag}", self._manifest),
                Route("/v2/{namespace}/{model}/blobs/{digest}", self._blob),
                Route("/data/{digest}", self._data),
            ],
            exception_handlers={HTTPException: plain_error},
        )

    async def _manifest(self, request: Request) -> Response:
        spoilt = _spoilt(self._faults.manifest)
        if spoilt is not None:
            return spoilt
        parts = request.path_params
        raw = self._shelf.manifests.get(f"{parts['namespace']}/{parts['model']}:{parts['tag']}")
        if raw is None:
            return _error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        digest = digest_of(raw)
        headers = {"Docker-Content-Digest": digest, "ollama-content-digest": digest.removeprefix("sha256:")}
        return Response(raw, media_type=MANIFEST_TYPE, headers=headers)

    async def _blob(self, request: Request) -> Response:
        head = request.method == "HEAD"
        spoilt = _spoilt(self._faults.blob_head if head else self._faults.blob)
        if spoilt is not None:
            return spoilt
        digest = request.path_params["digest"]
        blob = self._shelf.blobs.get(digest)
        if blob is None:
            return _error(404, "BLOB_UNKNOWN", "blob unknown")
        if head:
            return Response(headers={"content-length": str(blob.size), "Docker-Content-Digest": digest})
        return RedirectResponse(f"/data/{digest}", status_code=307)

    async def _data(self, request: Request) -> Response:
        blob = self._shelf.blobs.get(request.path_params["digest"])
        if blob is None:
            return _error(404, "BLOB_UNKNOWN", "blob unknown")
        if blob.content is None:
            return PlainTextResponse("Weights in the sandbox are a size without bytes.", status_code=501)
        return Response(blob.content, media_type="application/octet-stream")


async def plain_error(_request: Request, error: Exception) -> Response:
    """Answer an unknown path or method in the words of Ollama's HTTP server."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    text = {404: "404 page not found", 405: "405 method not allowed"}.get(status, str(error))
    headers = {"content-type": "text/plain"}
    allowed = (error.headers or {}).get("Allow") if isinstance(error, HTTPException) else None
    return Response(text, status_code=status, headers=headers | ({"Allow": allowed} if allowed else {}))


async def _version(_request: Request) -> Response:
    return JSONResponse({})


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"errors": [{"code": code, "message": message}]}, status_code=status)


def _spoilt(fault: Fault) -> Response | None:
    if fault is None:
        return None
    if fault == "hang":
        return Attended(_never)
    if fault == "garbage":
        return Response(b"nonsense", media_type=MANIFEST_TYPE)
    return _error(fault, "SANDBOX", "forced")


async def _never(_scope: Scope, receive: Receive, _send: Send) -> None:
    await client_left(receive)

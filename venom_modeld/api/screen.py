"""Serves the built screen: a page and its files, taken from the package once and kept in memory.

Files whose names hold a digest of their content never change, so browsers keep them for good; the page itself is asked
for again each time. Where the screen was not built, a plain page says how to build it.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from venom_modeld.api.answers import is_known
from venom_modeld.api.docs_page import POLICY, page
from venom_modeld.api.headers import LOAD_NOTHING, PAGE

BUILT = Path(__file__).parents[1] / "screen"
"""Where the build puts the screen."""

ADDRESS = "/models"
_INDEX = "index.html"
_HASHED = "assets/"
"""The folder of files whose names change with their content."""

CONTENT_POLICY = f"{LOAD_NOTHING}; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
"""Everything comes from this daemon, and nothing is written into the page itself."""

_FOR_GOOD = "public, max-age=31536000, immutable"
_KINDS = {".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
"""Kinds that the tables of a host may have otherwise, or not at all."""

_TEXT = ("text/", "image/svg+xml", "application/json")

_NOT_BUILT = """<p>The daemon works, and this page of it was not built yet. With Node.js, in a checkout:</p>
<pre><code>cd screen &amp;&amp; npm ci &amp;&amp; npm run build</code></pre>
<p>Then start the daemon again. <code>make run</code> does both. Until then:
<code>venom-modeld status --watch</code>, or the <a href="/docs">HTTP API</a>.</p>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file of the screen as it is sent."""

    content: bytes
    packed: bytes | None
    """The same compressed, where that is shorter."""
    headers: Mapping[str, str]


class Screen:
    """The screen that was built into a folder, if it was."""

    def __init__(self, folder: Path = BUILT) -> None:
        self._folder = folder

    @property
    def routes(self) -> list[Route]:
        """Return what answers for the screen."""
        return [
            Route("/", _home),
            Route(ADDRESS, self._page),
            Route(f"{ADDRESS}/{{path:path}}", self._file),
        ]

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        """Return every file by its path in the folder; read when the first of them is asked for."""
        found = sorted(path for path in self._folder.glob("**/*") if path.is_file())
        return {name: _asset(path, name) for path in found if (name := path.relative_to(self._folder).as_posix())}

    async def _page(self, request: Request) -> Response:
        index = self.assets.get(_INDEX)
        if index is None:
            return HTMLResponse(
                page("The screen is not built", _NOT_BUILT), headers={"content-security-policy": POLICY, **PAGE}
            )
        return _sent(index, request)

    async def _file(self, request: Request) -> Response:
        path = request.path_params["path"]
        if path in ("", _INDEX):
            return RedirectResponse(ADDRESS)
        asset = self.assets.get(path)
        if asset is None:
            return Response(status_code=404)
        return _sent(asset, request)


async def _home(_: Request) -> Response:
    return RedirectResponse(ADDRESS)


def _asset(path: Path, name: str) -> Asset:
    content = path.read_bytes()
    kind = _KINDS.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = gzip.compress(content, mtime=0) if kind.startswith(_TEXT) else content
    headers = {
        "content-type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        "cache-control": _FOR_GOOD if name.startswith(_HASHED) else "no-cache",
        "etag": f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"',
        "vary": "accept-encoding",
    }
    if kind == "text/html":
        headers |= {"content-security-policy": CONTENT_POLICY, **PAGE}
    return Asset(content=content, packed=packed if len(packed) < len(content) else None, headers=headers)


def _sent(asset: Asset, request: Request) -> Response:
    if is_known(request.scope["headers"], asset.headers["etag"].encode()):
        return Response(status_code=304, headers=asset.headers)
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, headers={**asset.headers, "content-encoding": "gzip"})
    return Response(asset.content, headers=asset.headers)

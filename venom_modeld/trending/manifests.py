"""Manifests of Ollama's registry: what a tag stands for now, and how many bytes that is.

`GET /v2/NAMESPACE/MODEL/manifests/TAG`; the digest of a version is the sha256 of the manifest's bytes, which `HEAD`
gives in `ollama-content-digest`. 412 means that the model exists and wants a newer Ollama than the one that asks.
"""

import hashlib
import json
from dataclasses import dataclass

from venom_modeld.core.names import ModelName, split_ollama
from venom_modeld.core.sizes import LARGEST
from venom_modeld.trending.errors import NoSuchModel, ParseFailed
from venom_modeld.trending.wire import Wire

MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"

_TOO_OLD = 412


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """One file of a model."""

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a version of a model is made of."""

    digest: str
    """`sha256:…` of the manifest itself."""
    config: Blob
    layers: tuple[Blob, ...]

    @property
    def size_bytes(self) -> int:
        """Return how many bytes are downloaded for it: a file that is in it twice comes once."""
        return sum({blob.digest: blob.size for blob in (self.config, *self.layers)}.values())


def read_manifest(body: bytes, *, url: str) -> Manifest:
    """Read a manifest. Raises ParseFailed, which names `url`."""
    try:
        data = json.loads(body)
        config, *layers = [_blob(one) for one in (data["config"], *data["layers"])]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ParseFailed(f"{url} gave no manifest; a proxy or a hotspot may have answered in its place.") from error
    return Manifest(digest=f"sha256:{hashlib.sha256(body).hexdigest()}", config=config, layers=tuple(layers))


def _blob(data: dict[str, object]) -> Blob:
    size = data["size"]
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= LARGEST:
        raise ValueError("a layer without a size")
    return Blob(media_type=str(data["mediaType"]), digest=str(data["digest"]), size=size)


class Manifests:
    """Looks up names of Ollama's own library; the wire leads to its registry."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def digest(self, name: ModelName) -> str | None:
        """Return what a name stands for now, as `sha256:…`; None where the registry does not say without the manifest.

        Raises NoSuchModel, SourceFailed, Throttled.
        """
        reply = await self._wire.get(_path(name), method="HEAD", headers={"Accept": MEDIA_TYPE}, accept=(404, _TOO_OLD))
        if reply.status == 404:
            raise _missing(name)
        digest = reply.headers.get("ollama-content-digest")
        return f"sha256:{digest.removeprefix('sha256:')}" if digest and reply.status == 200 else None

    async def manifest(self, name: ModelName) -> Manifest | None:
        """Return the manifest of a name; None where it exists, and is for newer versions of Ollama only.

        Raises NoSuchModel, SourceFailed, Throttled.
        """
        path = _path(name)
        reply = await self._wire.get(path, headers={"Accept": MEDIA_TYPE}, accept=(404, _TOO_OLD))
        if reply.status == 404:
            raise _missing(name)
        return None if reply.status == _TOO_OLD else read_manifest(reply.body, url=self._wire.url + path)


def _path(name: ModelName) -> str:
    parts = split_ollama(name.text)
    return f"/v2/{parts.namespace}/{parts.model}/manifests/{parts.tag}"


def _missing(name: ModelName) -> NoSuchModel:
    return NoSuchModel(f"Ollama's library has no {name.text!r}.")

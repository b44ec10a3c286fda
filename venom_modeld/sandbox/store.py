"""Ollama's disk: the manifests of installed models, the blobs they share, and blobs that are half downloaded."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from venom_modeld.sandbox.artifacts import (
    PARAMETERS_TYPE,
    SYSTEM_TYPE,
    TEMPLATE_TYPE,
    Blob,
    Layer,
    Manifest,
    digest_of,
)
from venom_modeld.sandbox.gojson import describe_error
from venom_modeld.sandbox.names import ModelName
from venom_modeld.sandbox.transfer import Transfer


class UnreadableModelError(Exception):
    """A model is installed, and its blobs cannot be read; the text is Ollama's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What Ollama tells about a model without loading it."""

    family: str
    families: tuple[str, ...]
    parameter_size: str
    quantization: str
    context_length: int
    embedding_length: int
    capabilities: tuple[str, ...]
    parent: str

    def as_json(self) -> dict[str, Any]:
        """Return the `details` of `/api/ps` and `/api/show`."""
        return {
            "parent_model": self.parent,
            "format": "gguf",
            "family": self.family,
            "families": list(self.families),
            "parameter_size": self.parameter_size,
            "quantization_level": self.quantization,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One installed model."""

    name: ModelName
    manifest: Manifest
    modified_ns: int


@dataclass(slots=True)
class Store:
    """Everything on disk. `disk_capacity` is asked each time, because the dial may change it."""

    models: dict[str, Installed] = field(default_factory=dict)
    blobs: dict[str, Blob] = field(default_factory=dict)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    corrupt: set[str] = field(default_factory=set)
    """Digests whose bytes are wrong although nobody has noticed."""

    @property
    def used(self) -> int:
        """Bytes on disk; a partial blob only counts what has arrived."""
        whole = sum(blob.size for blob in self.blobs.values())
        return whole + sum(transfer.completed for transfer in self.transfers.values())

    def find(self, name: ModelName) -> Installed | None:
        """Return the model of that name in any case."""
        return self.models.get(name.key)

    def stored_name(self, name: ModelName) -> ModelName:
        """Return the name in the case it is installed under, or as given."""
        known = self.find(name)
        return known.name if known else name

    def add_blob(self, blob: Blob, *, corrupt: bool = False) -> None:
        """Put a complete blob on disk. A corrupt one has the right size and wrong bytes."""
        self.transfers.pop(blob.digest, None)
        if corrupt:
            self.corrupt.add(blob.digest)
            blob = Blob(digest=blob.digest, size=blob.size, content=_garble(blob.content))
        self.blobs[blob.digest] = blob

    def spoil(self, digest: str) -> None:
        """Make the bytes of a blob on disk wrong."""
        self.add_blob(self.blobs[digest], corrupt=True)

    def check(self, digest: str) -> str:
        """Return the digest that the bytes on disk really have."""
        blob = self.blobs[digest]
        if digest in self.corrupt:
            return digest_of(f"corrupt {digest}".encode())
        return digest if blob.content is None else digest_of(blob.content)

    def drop_blob(self, digest: str) -> None:
        """Remove a blob from disk, whoever refers to it."""
        self.blobs.pop(digest, None)
        self.corrupt.discard(digest)

    def write(self, name: ModelName, manifest: Manifest) -> list[str]:
        """Install a manifest under a name, in the case that is already there.

        Returns the digests that nothing refers to any more; they are still on disk.
        """
        name = self.stored_name(name)
        before = self.models.get(name.key)
        self.models[name.key] = Installed(name=name, manifest=manifest, modified_ns=time.time_ns())
        return self.unreferenced(before.manifest.blobs if before else ())

    def remove(self, name: ModelName) -> bool:
        """Remove a model and the blobs only it refers to; False when there is none of that name."""
        gone = self.models.pop(name.key, None)
        if gone is None:
            return False
        for digest in self.unreferenced(gone.manifest.blobs):
            self.drop_blob(digest)
        return True

    def unreferenced(self, layers: Iterable[Layer]) -> list[str]:
        """Those digests of some layers that no installed model needs."""
        candidates = list(dict.fromkeys(layer.digest for layer in layers))
        if not candidates:
            return []
        needed = {layer.digest for model in self.models.values() for layer in model.manifest.blobs}
        return [digest for digest in candidates if digest not in needed]

    def prune(self, *, now: float, age: float = 3600.0) -> None:
        """Drop partial blobs that were left long ago, as Ollama does when it starts."""
        for digest in [key for key, transfer in self.transfers.items() if now - transfer.touched > age]:
            del self.transfers[digest]

    def details(self, model: Installed) -> Details:
        """Read the configuration of a model. Raises `UnreadableModelError`."""
        config = self.config(model)
        weights = model.manifest.weights
        return Details(
            family=str(config.get("model_family", "llama")),
            families=tuple(config.get("model_families") or ["llama"]),
            parameter_size=str(config.get("model_type", "")),
            quantization=str(config.get("file_type", "unknown")),
            context_length=int(config.get("context_length", 2048)),
            embedding_length=int(config.get("embedding_length", 64)),
            capabilities=tuple(config.get("capabilities") or ["completion"]),
            parent=weights.origin if weights else "",
        )

    def readable(self) -> Iterator[tuple[Installed, Details]]:
        """Return the models that `/api/tags` shows: those whose configuration can be read."""
        for model in self.models.values():
            try:
                details = self.details(model)
            except UnreadableModelError:
                continue
            yield model, details

    def text(self, manifest: Manifest, media_type: str) -> str:
        """Return the words of the last layer of one kind, or nothing."""
        found = [self.blobs.get(layer.digest) for layer in manifest.layers_of(media_type)]
        contents = [blob.content for blob in found if blob is not None and blob.content is not None]
        return contents[-1].decode(errors="replace") if contents else ""

    def template(self, manifest: Manifest) -> str:
        """Return the prompt template; Ollama's own default where there is none."""
        return self.text(manifest, TEMPLATE_TYPE) or "{{ .Prompt }}"

    def system(self, manifest: Manifest) -> str:
        """Return the system prompt, or nothing."""
        return self.text(manifest, SYSTEM_TYPE)

    def parameters(self, manifest: Manifest) -> dict[str, Any]:
        """Return the parameters the model was made with."""
        text = self.text(manifest, PARAMETERS_TYPE)
        loaded = json.loads(text) if text else {}
        return dict(loaded)

    def config(self, model: Installed) -> dict[str, Any]:
        """Return the configuration of a model as it is stored. Raises `UnreadableModelError`."""
        layer = model.manifest.config
        blob = self.blobs.get(layer.digest)
        if blob is None or blob.content is None:
            message = f"open blobs/{layer.digest.replace(':', '-')}: no such file or directory"
            raise UnreadableModelError(message)
        try:
            loaded = json.loads(blob.content)
        except ValueError as error:
            raise UnreadableModelError(describe_error(blob.content)) from error
        return dict(loaded) if isinstance(loaded, dict) else {}


def _garble(content: bytes | None) -> bytes | None:
    return content if content is None else b"z" + content[1:]

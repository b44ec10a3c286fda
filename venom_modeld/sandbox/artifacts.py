"""What a registry holds: manifests, and the blobs they name.

The identity of a model is the sha256 of its manifest's bytes, so manifests are kept as bytes and never rewritten. The
weights are virtual: a size and a digest without bytes. Everything else (configuration, template, system prompt,
parameters, licence) is small and real.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from venom_modeld.sandbox.gojson import encode

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
MODEL_TYPE = "application/vnd.ollama.image.model"
TEMPLATE_TYPE = "application/vnd.ollama.image.template"
SYSTEM_TYPE = "application/vnd.ollama.image.system"
PARAMETERS_TYPE = "application/vnd.ollama.image.params"
LICENSE_TYPE = "application/vnd.ollama.image.license"
MESSAGES_TYPE = "application/vnd.ollama.image.messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes under a digest; `content` is None for weights, whose bytes do not exist."""

    digest: str
    size: int
    content: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One entry of a manifest; `origin` is the local model that weights were taken from."""

    media_type: str
    digest: str
    size: int
    origin: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the entry as it stands in a manifest."""
        entry: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        return entry | {"from": self.origin} if self.origin else entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest and the bytes it was read from."""

    config: Layer
    layers: tuple[Layer, ...]
    raw: bytes

    @property
    def digest(self) -> str:
        """The identity of the model: bare hex, as `/api/tags` shows it."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def blobs(self) -> tuple[Layer, ...]:
        """Everything a pull has to fetch, in the order it does."""
        return (*self.layers, self.config)

    @property
    def size(self) -> int:
        """Bytes of all layers and the configuration."""
        return sum(layer.size for layer in self.blobs)

    @property
    def weights(self) -> Layer | None:
        """The layer that holds the weights."""
        return next((layer for layer in self.layers if layer.media_type == MODEL_TYPE), None)

    def layers_of(self, media_type: str) -> list[Layer]:
        """Return the layers of one kind."""
        return [layer for layer in self.layers if layer.media_type == media_type]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model as a person would describe it; `bundle` makes the manifest and the blobs of it."""

    name: str
    size: int
    family: str = "llama"
    parameter_size: str = "1B"
    quantization: str = "Q4_K_M"
    context_length: int = 40960
    embedding_length: int = 1024
    capabilities: tuple[str, ...] = ("completion",)
    template: str = "{{ .Prompt }}"
    system: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    license: str = ""
    weights: str = ""
    """What the weights are made of: two models with the same words here share their weights. The name by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A manifest and all blobs it names."""

    manifest: Manifest
    blobs: tuple[Blob, ...]


def digest_of(content: bytes) -> str:
    """Return the digest of some bytes, as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def small_blob(content: bytes) -> Blob:
    """Make a blob whose bytes exist."""
    return Blob(digest=digest_of(content), size=len(content), content=content)


def layer_of(media_type: str, blob: Blob, *, origin: str = "") -> Layer:
    """Return the manifest entry of a blob."""
    return Layer(media_type=media_type, digest=blob.digest, size=blob.size, origin=origin)


def make_manifest(config: Layer, layers: tuple[Layer, ...], *, ending: bytes = b"") -> Manifest:
    """Write a manifest. `ending` is the line break that Ollama puts after manifests that it creates itself."""
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.as_json(),
        "layers": [layer.as_json() for layer in layers],
    }
    return Manifest(config=config, layers=layers, raw=encode(document) + ending)


def read_manifest(raw: bytes) -> Manifest:
    """Read the bytes of a manifest; raises `ValueError` for anything else."""
    document = json.loads(raw)
    try:
        config = _read_layer(document["config"])
        layers = tuple(_read_layer(entry) for entry in document["layers"])
    except (KeyError, TypeError) as error:
        message = f"not a manifest: {error}"
        raise ValueError(message) from error
    return Manifest(config=config, layers=layers, raw=raw)


def bundle(spec: ModelSpec) -> Bundle:
    """Make the manifest and the blobs of a model; the same description always gives the same digest."""
    weights = Blob(digest=digest_of(f"{spec.weights or spec.name} {spec.size}".encode()), size=spec.size)
    made = [(MODEL_TYPE, weights)]
    made += [(kind, small_blob(text.encode())) for kind, text in _texts(spec) if text]
    if spec.parameters:
        made.append((PARAMETERS_TYPE, small_blob(encode(dict(spec.parameters)))))
    config = small_blob(encode(_config(spec, [blob.digest for _, blob in made])))
    layers = tuple(layer_of(kind, blob) for kind, blob in made)
    manifest = make_manifest(layer_of(CONFIG_TYPE, config), layers)
    return Bundle(manifest=manifest, blobs=(*(blob for _, blob in made), config))


def _read_layer(entry: Mapping[str, Any]) -> Layer:
    return Layer(
        media_type=str(entry["mediaType"]),
        digest=str(entry["digest"]),
        size=int(entry["size"]),
        origin=str(entry.get("from", "")),
    )


def _texts(spec: ModelSpec) -> list[tuple[str, str]]:
    return [(TEMPLATE_TYPE, spec.template), (SYSTEM_TYPE, spec.system), (LICENSE_TYPE, spec.license)]


def _config(spec: ModelSpec, digests: list[str]) -> dict[str, Any]:
    return {
        "model_format": "gguf",
        "model_family": spec.family,
        "model_families": [spec.family],
        "model_type": spec.parameter_size,
        "file_type": spec.quantization,
        "context_length": spec.context_length,
        "embedding_length": spec.embedding_length,
        "capabilities": list(spec.capabilities),
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": digests},
    }

"""The sandbox in a process of its own, for downloads and loads: `ASandbox`, and the program that it runs.

What comes is lines at the speed of `RATE`, at the intervals of a real Ollama; no disk and no network is needed for it.
The program takes names of models, each offered in many layers, and prints the addresses of its servers.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Self

import httpx2

from bench.child import Child
from venom_modeld.sandbox import Sandbox, SandboxSettings
from venom_modeld.sandbox.artifacts import MODEL_TYPE, Blob, ModelSpec, bundle, digest_of, layer_of, make_manifest
from venom_modeld.sandbox.shelf import Shelf

RATE = 500e6
"""Bytes a second of a download."""
LAYERS, LAYER = 20, 100_000_000
"""How many layers a model has that is offered in layers, and the bytes of each."""


class ASandbox(Child):
    """A sandbox with all its servers; `layered` are the names of models of many layers."""

    def __init__(self, layered: Sequence[str] = ()) -> None:
        super().__init__("sandboxed", *layered)

    def __enter__(self) -> Self:
        super().__enter__()
        self.addresses: dict[str, str] = json.loads(self.line())
        self.ollama, self.registry = self.addresses["ollama"], self.addresses["registry"]
        return self

    def publish(self, name: str, size: int) -> None:
        """Offer a model of so many bytes."""
        self._post("/registry/publish", {"name": name, "size": size})

    def install(self, name: str) -> None:
        """Put a model that is offered on the disk."""
        self._post("/install", {"name": name})

    def declared(self, models: Sequence[object], active: str | None = None) -> str:
        """Return a models.yaml that asks for these models."""
        runtime = {"kind": "ollama", "url": self.ollama, "prune": "never", "models": models}
        return json.dumps({"version": 1, "runtimes": {"one": runtime | ({"active": active} if active else {})}})

    def _post(self, path: str, body: dict[str, object]) -> None:
        httpx2.post(self.addresses["control"] + path, json=body).raise_for_status()


def _offer_in_layers(shelf: Shelf, name: str) -> None:
    """Offer a model whose weights are cut into many layers."""
    plain = bundle(ModelSpec(name=name, size=LAYER))
    more = [Blob(digest=digest_of(f"{name} {number}".encode()), size=LAYER) for number in range(1, LAYERS)]
    layers = (*plain.manifest.layers, *(layer_of(MODEL_TYPE, blob) for blob in more))
    shelf.publish(ModelSpec(name=name, size=LAYER))
    shelf.blobs.update({blob.digest: blob for blob in more})
    shelf.manifests[f"library/{name}:latest"] = make_manifest(plain.manifest.config, layers).raw


async def _serve(layered: Sequence[str]) -> None:
    async with Sandbox(SandboxSettings(rate=RATE, site_port=0, hub_port=0)) as sandbox:
        for name in layered:
            _offer_in_layers(sandbox.shelf, name)
        print(json.dumps(sandbox.addresses.as_json()), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))

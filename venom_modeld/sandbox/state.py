"""The state of a sandbox as one file, so that a restart of the program keeps models and registry."""

import base64
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from venom_modeld.sandbox.artifacts import Blob, ModelSpec, read_manifest
from venom_modeld.sandbox.names import ModelName
from venom_modeld.sandbox.shelf import Shelf
from venom_modeld.sandbox.store import Installed, Store
from venom_modeld.sandbox.transfer import Part, Transfer


class StateFile:
    """One folder with `sandbox.json`, replaced as a whole so that a kill never leaves half of it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "sandbox.json"
        self._written = ""

    def save(self, store: Store, shelf: Shelf) -> None:
        """Write the state when it changed since the last time."""
        text = json.dumps({"store": _store_as_json(store), "shelf": _shelf_as_json(shelf)})
        if text == self._written:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        with fresh.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._written = text

    def load(self, store: Store, shelf: Shelf) -> None:
        """Fill in what was saved; nothing happens where there is no file.

        Raises `ValueError` for a file that is no state of a sandbox.
        """
        if not self._path.is_file():
            return
        try:
            saved = json.loads(self._path.read_text())
            _fill_store(store, saved["store"])
            _fill_shelf(shelf, saved["shelf"])
        except (ValueError, KeyError, TypeError) as error:
            message = f"{self._path} is no state of a sandbox ({error}). Delete it to start afresh."
            raise ValueError(message) from error


def _store_as_json(store: Store) -> dict[str, Any]:
    return {
        "models": [
            {"name": asdict(model.name), "raw": model.manifest.raw.decode(), "modified_ns": model.modified_ns}
            for model in store.models.values()
        ],
        "blobs": [_blob_as_json(blob) for blob in store.blobs.values()],
        "corrupt": sorted(store.corrupt),
        "transfers": [asdict(transfer) for transfer in store.transfers.values()],
    }


def _fill_store(store: Store, saved: dict[str, Any]) -> None:
    for entry in saved["models"]:
        name = ModelName(**entry["name"])
        manifest = read_manifest(entry["raw"].encode())
        store.models[name.key] = Installed(name=name, manifest=manifest, modified_ns=entry["modified_ns"])
    store.blobs.update({blob["digest"]: _blob(blob) for blob in saved["blobs"]})
    store.corrupt.update(saved["corrupt"])
    for entry in saved["transfers"]:
        transfer = Transfer(**(entry | {"parts": [Part(**part) for part in entry["parts"]]}))
        transfer.lose()
        store.transfers[transfer.digest] = transfer


def _shelf_as_json(shelf: Shelf) -> dict[str, Any]:
    return {
        "manifests": {place: raw.decode() for place, raw in shelf.manifests.items()},
        "blobs": [_blob_as_json(blob) for blob in shelf.blobs.values()],
        "specs": {place: asdict(spec) for place, spec in shelf.specs.items()},
        "moves": shelf.moves,
    }


def _fill_shelf(shelf: Shelf, saved: dict[str, Any]) -> None:
    shelf.manifests = {place: raw.encode() for place, raw in saved["manifests"].items()}
    shelf.blobs = {blob["digest"]: _blob(blob) for blob in saved["blobs"]}
    shelf.specs = {
        place: ModelSpec(**(spec | {"capabilities": tuple(spec["capabilities"])}))
        for place, spec in saved["specs"].items()
    }
    shelf.moves = saved["moves"]


def _blob_as_json(blob: Blob) -> dict[str, Any]:
    content = None if blob.content is None else base64.b64encode(blob.content).decode()
    return {"digest": blob.digest, "size": blob.size, "content": content}


def _blob(saved: dict[str, Any]) -> Blob:
    content = saved["content"]
    return Blob(
        digest=saved["digest"], size=saved["size"], content=None if content is None else base64.b64decode(content)
    )

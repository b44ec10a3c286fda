"""What can be known to fail is found before anything is stopped for it."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from venom_modeld.core.errors import PermanentError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm import preflight
from venom_modeld.runtimes.vllm.errors import Doing
from venom_modeld.runtimes.vllm.weights.snapshot import Snapshot

DOING = Doing(runtime="Runtime 'gpu'", action="serving", model="a/b")
HEAD = {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "__metadata__": {"format": "pt"}}


def tensors(head: Any = HEAD, data: bytes = b"\0" * 8) -> bytes:
    """Return a file of weights with that head."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


def snapshot(folder: Path, files: dict[str, bytes], *, ours: bool = False, size: int = 8) -> Snapshot:
    """Return a model of these files."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return Snapshot(
        repository="a/b",
        commit="c",
        path=folder,
        size_bytes=size,
        refs=frozenset(),
        modified=0.0,
        ours=ours,
        sound={name: len(content) for name, content in files.items()},
        listing=None,
        whole=True,
    )


@pytest.mark.parametrize(
    "files",
    [
        {"config.json": b'{"architectures": ["X"]}', "model.safetensors": tensors()},
        {"config.json": b'{"model_type": "x"}', "model.safetensors": tensors({"__metadata__": {}}, b"")},
        {"params.json": b"not read", "model.bin": b"not read"},
    ],
)
def test_a_model_that_may_work_passes(tmp_path: Path, files: dict[str, bytes]) -> None:
    """Only what certainly fails is refused."""
    preflight.check(snapshot(tmp_path, files), DOING)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("model.safetensors", b"", "its head is longer than the file"),
        ("model.safetensors", b"\xff" * 64, "its head is longer than the file"),
        ("model.safetensors", tensors(b"{no json"), "its head is not JSON"),
        ("model.safetensors", tensors(b"[" * 100_000), "its head is not JSON"),
        ("model.safetensors", tensors([]), "its head describes no tensors"),
        ("model.safetensors", tensors({"w": 3}), "its head describes no tensors"),
        ("model.safetensors", tensors({"w": {"data_offsets": [0]}}), "its head describes no tensors"),
        ("model.safetensors", tensors(data=b"\0" * 7), "its head describes 8 bytes, and 7 follow"),
        ("config.json", b"{", "it is not JSON"),
        ("config.json", b"[]", "it is no JSON object"),
        ("config.json", b" " * (preflight.MAX_CONFIG + 1), "it is far too long"),
    ],
)
def test_a_corrupt_file_is_named(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    """The engine would not say which file it was."""
    with pytest.raises(PermanentError) as caught:
        preflight.check(snapshot(tmp_path, {name: content}), DOING)
    assert caught.value.reason is Reason.CORRUPT
    assert f"its file {name} is corrupt ({why}). Delete that file;" in caught.value.message


def test_a_file_that_is_as_the_hub_has_it_is_not_worth_another_download(tmp_path: Path) -> None:
    """What we installed was checked against the hashes of the Hub."""
    with pytest.raises(PermanentError, match="It is as the Hub has it, so choose another `revision`"):
        preflight.check(snapshot(tmp_path, {"model.safetensors": b""}, ours=True), DOING)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    """With the words of the system."""
    made = snapshot(tmp_path, {name: b""})
    (tmp_path / name).unlink()
    with pytest.raises(PermanentError, match=f"its file {name} is corrupt .it cannot be read: No such file"):
        preflight.check(made, DOING)


def test_a_model_without_an_architecture_is_refused(tmp_path: Path) -> None:
    """No engine knows how to run it."""
    with pytest.raises(PermanentError, match=r"its config\.json names no architecture") as caught:
        preflight.check(snapshot(tmp_path, {"config.json": b"{}"}), DOING)
    assert caught.value.reason is Reason.NOT_SERVABLE


@pytest.mark.parametrize("text", ["MemTotal: 1000 kB\nMemAvailable: 1000 kB\n", "", "MemTotal: many\n", None])
def test_weights_larger_than_the_memory_are_refused_where_that_is_known(tmp_path: Path, text: str | None) -> None:
    """A host that does not tell its memory is trusted."""
    memory = tmp_path / "meminfo"
    if text is not None:
        memory.write_text(text, encoding="ascii")
    large = snapshot(tmp_path, {}, size=2_000_000)
    if text and "1000" in text:
        with pytest.raises(PermanentError, match=r"2\.0 MB of weights, and this host has 1\.0 MB of memory"):
            preflight.check(large, DOING, memory=memory)
    else:
        preflight.check(large, DOING, memory=memory)
    assert not preflight.fits_beside(large, memory=memory)


def test_there_is_room_beside_only_where_that_is_certain(tmp_path: Path) -> None:
    """The weights and what a server needs for itself must fit into what is free."""
    memory = tmp_path / "meminfo"
    memory.write_text("MemAvailable: 8000000 kB\n", encoding="ascii")
    assert preflight.fits_beside(snapshot(tmp_path, {}, size=4_000_000_000), memory=memory)
    assert not preflight.fits_beside(snapshot(tmp_path, {}, size=5_000_000_000), memory=memory)

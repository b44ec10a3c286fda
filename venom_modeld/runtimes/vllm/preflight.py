"""What can be known to fail before a server is stopped for it: a broken file, a model too large for this host.

The engine finds a broken file half a minute after the old server went, and does not say which file it is. The head of a
safetensors file says how long the file has to be, so most damage is found by reading a few kilobytes.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from venom_modeld.core.errors import PermanentError
from venom_modeld.core.reasons import Reason
from venom_modeld.core.sizes import human
from venom_modeld.runtimes.vllm.errors import Doing
from venom_modeld.runtimes.vllm.weights.snapshot import Snapshot

MAX_HEAD = 100_000_000
"""Bytes of the longest head that the safetensors library reads."""

MAX_CONFIG = 16 * 1024 * 1024

ROOM_TO_RUN = 4_000_000_000
"""Bytes that a server needs beside its weights, as measured with a tiny model, and some for its contexts."""

ACCELERATORS = (Path("/dev/nvidiactl"), Path("/dev/kfd"), Path("/dev/dri"))
"""Where one of these is, weights go into a memory of which the system knows nothing."""


_DAMAGED_HERE = "Delete that file; it is then downloaded anew."
_DAMAGED_AT_THE_HUB = "It is as the Hub has it, so choose another `revision` or another repository."


class Damaged(Exception):
    """A file that cannot be read by any engine; the text says why."""


def check(snapshot: Snapshot, doing: Doing, *, memory: Path = Path("/proc/meminfo")) -> None:
    """Raise PermanentError where a model can be known not to be servable here. Blocks a little."""
    for path in sorted(snapshot.sound):
        try:
            _check_file(snapshot.path / path)
        except Damaged as damaged:
            advice = _DAMAGED_AT_THE_HUB if snapshot.ours else _DAMAGED_HERE
            raise PermanentError(
                f"{doing.sentence}: its file {path} is corrupt ({damaged}). {advice}", reason=Reason.CORRUPT
            ) from damaged
    _check_config(snapshot, doing)
    total = memory_of("MemTotal", memory)
    if total is not None and not _has_accelerator() and snapshot.size_bytes > total:
        raise PermanentError(
            f"{doing.sentence}: it has {human(snapshot.size_bytes)} of weights, and this host has {human(total)} of"
            " memory. Choose a smaller model.",
            reason=Reason.LOAD_FAILED,
        )


def fits_beside(snapshot: Snapshot, *, memory: Path = Path("/proc/meminfo")) -> bool:
    """Tell whether a second server certainly has room beside the first; where that cannot be known it has none."""
    free = memory_of("MemAvailable", memory)
    return free is not None and not _has_accelerator() and snapshot.size_bytes + ROOM_TO_RUN <= free


def memory_of(what: str, memory: Path) -> int | None:
    """Return bytes of the system's memory (`MemTotal`, `MemAvailable`), or None where that is not told."""
    try:
        lines = memory.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = next((line.split() for line in lines if line.startswith(f"{what}:")), None)
    return int(found[1]) * 1024 if found and len(found) == 3 else None


def _has_accelerator() -> bool:
    return any(path.exists() for path in ACCELERATORS)


def _check_file(path: Path) -> None:
    if path.suffix == ".safetensors":
        check_safetensors(path)
    elif path.name == "config.json":
        _read_object(path)


def check_safetensors(path: Path) -> None:
    """Raise Damaged where a file is not what its own head says; the form is that of the safetensors library."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(MAX_HEAD, size - 8):
                raise Damaged("its head is longer than the file")
            head = json.loads(file.read(length))
    except OSError as error:
        raise Damaged(f"it cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Damaged("its head is not JSON") from error
    _compare(head, size - 8 - length)


def _compare(head: Any, size: int) -> None:
    try:
        end = max(_ends(head), default=0)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Damaged("its head describes no tensors") from error
    if end != size:
        raise Damaged(f"its head describes {end} bytes, and {size} follow")


def _ends(head: Any) -> Iterator[int]:
    for name, tensor in head.items():
        if name != "__metadata__":
            _, end = tensor["data_offsets"]
            yield int(end)


def _check_config(snapshot: Snapshot, doing: Doing) -> None:
    if "config.json" not in snapshot.sound:
        return
    config = _read_object(snapshot.path / "config.json")
    if not config.get("architectures") and not config.get("model_type"):
        raise PermanentError(
            f"{doing.sentence}: its config.json names no architecture, so no engine knows how to run it. Choose another"
            " repository.",
            reason=Reason.NOT_SERVABLE,
        )


def _read_object(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_CONFIG:
            raise Damaged("it is far too long")
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise Damaged(f"it cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Damaged("it is not JSON") from error
    if not isinstance(found, dict):
        raise Damaged("it is no JSON object")
    return found

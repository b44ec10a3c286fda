"""Small files of facts, written so that nobody ever reads half of one."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Write a JSON object in one step, and to the disk. Raises OSError."""
    write_text(path, json.dumps(value))


def write_text(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a text in one step, and to the disk. Raises OSError."""
    beside = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(beside, _FLAGS, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; an empty one where there is none, or none that makes sense."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

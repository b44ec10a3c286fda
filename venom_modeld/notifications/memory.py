"""Remembers over a restart what was told, so that nobody is told twice."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from venom_modeld.config.atomic import write
from venom_modeld.notifications.troubles import Kind, Trouble

logger = logging.getLogger(__name__)

FILE_NAME = "notified.json"


def load(folder: Path) -> dict[str, Trouble]:
    """Return what was told; nothing where that cannot be read, which tells it again."""
    try:
        found = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        told = [Trouble(**{**one, "kind": Kind(one["kind"])}) for one in found]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError) as error:
        logger.warning("told notices cannot be read", extra={"detail": str(error)})
        return {}
    return {trouble.subject: trouble for trouble in told}


def save(folder: Path, told: Mapping[str, Trouble]) -> None:
    """Put what was told on the disk. Raises WriteError."""
    content = json.dumps([asdict(trouble) for trouble in told.values()], indent=1, ensure_ascii=False)
    write(folder / FILE_NAME, content.encode())

"""What a stand-in does on purpose: read from the JSON file that `VENOM_SANDBOX_VLLM` names, at every start and request.

So a test, or a person, changes what happens while a server runs; a file that is not there changes nothing.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

VARIABLE = "VENOM_SANDBOX_VLLM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The dial. Models are named as they are served."""

    import_seconds: float = 0.0
    """From the start to the birth of the engine; a real one takes ten."""
    engine_seconds: float = 0.0
    """From the birth of the engine until it is ready; a real one takes fifteen and more."""
    death_seconds: float = 0.1
    """From the death of the engine to the end of the server; a real one takes five."""
    token_seconds: float = 0.0
    """For each token that is generated."""
    refuse: Mapping[str, str] = field(default_factory=dict)
    """Models that the engine cannot load, each with the text of its exception."""
    silent: tuple[str, ...] = ()
    """Models that load and generate nothing."""
    embedding: tuple[str, ...] = ()
    """Models that make vectors and complete nothing."""
    hang: bool = False
    """It never becomes ready."""
    deaf: bool = False
    """It does not hear SIGTERM."""
    unhealthy: bool = False
    """It says that its engine is dead."""


def read(path: str | None = None) -> Faults:
    """Return the dial as it stands now."""
    where = path or os.environ.get(VARIABLE)
    try:
        found = json.loads(Path(where or "").read_bytes())
    except (OSError, ValueError):
        return Faults()
    known = {one.name for one in fields(Faults)}
    return Faults(**{name: value for name, value in found.items() if name in known})

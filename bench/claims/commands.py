"""What a command costs beside the interpreter and the two libraries that reading any file like this one needs."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.rows import Row, Target, compared, in_turns
from bench.servers import AnOllama

RUNS = 40
FLOOR = ("-c", "import yaml, pydantic")


def measure() -> list[Row]:
    """Return a row for each command; `status` asks a daemon that is not there, which is when it is waited for most."""
    with tempfile.TemporaryDirectory() as folder, AnOllama(models=3) as ollama:
        file = Path(folder) / "models.yaml"
        file.write_text(ollama.declared())
        common = ("--file", str(file), "--state-dir", folder)
        return [
            _row("--help", "--help"),
            _row("validate", "validate", str(file)),
            _row("plan", "plan", *common),
            _row("status", "status", "--address", "http://127.0.0.1:9"),
        ]


def _row(name: str, *words: str) -> Row:
    ours, floor = in_turns(RUNS, _run("-m", "venom_modeld", *words), _run(*FLOOR))
    claim = f"`venom-modeld {name}`, wall time"
    return compared(claim, ours, floor, unit="s", against="python -c 'import yaml, pydantic'", target=Target(limit=2))


def _run(*words: str) -> Callable[[], float]:
    def run() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *words], capture_output=True, check=False)
        return time.perf_counter() - began

    return run

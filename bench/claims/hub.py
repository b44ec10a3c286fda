"""Downloads from the Hub for a vLLM: the daemon, told by its file, against `hf download` from the same local Hub.

Ours checks the hash of every byte beside, which `hf download` does not. What came is deleted after each run; then one
download is killed halfway with its daemon, and what the next daemon fetches again is counted.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.daemons import ADaemon
from bench.local_hub import NAME, PART, PARTS, AHub
from bench.rows import Row, Target, compared, in_turns

RUNS = 3
HF = Path(sys.executable).with_name("hf")
ONLINE = {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "1"}


def measure() -> list[Row]:
    """Return a row for the time, and one for what a resumed download fetches again."""
    with _room() as folder, AHub(folder) as hub:
        series = in_turns(RUNS, lambda: _by_daemon(hub), lambda: _by_hf(hub))
        again, whole = _resumed(hub)
    return [
        compared(
            "installing from the Hub, 3 GB in 12 files",
            *series,
            unit="s",
            against="`hf download`",
            target=Target(limit=1.05),
        ),
        compared(
            "resumed after a kill: fetched again of files that were whole",
            [again],
            [whole],
            unit="MB",
            against="whole at the kill",
            target=Target(limit=0),
        ),
    ]


@contextmanager
def _room() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-hub-") as folder:
        yield Path(folder)


def _by_daemon(hub: AHub) -> float:
    with _room() as folder, ADaemon(folder, _declared(hub, folder, []), environ=ONLINE) as daemon:
        began = daemon.save(_declared(hub, folder, [NAME]))
        return daemon.logged("operation completed", operation="install").at - began


def _by_hf(hub: AHub) -> float:
    with _room() as folder:
        places = {"HF_ENDPOINT": hub.url, "HF_HOME": str(folder), "HF_HUB_CACHE": str(folder / "cache")}
        began = time.perf_counter()
        subprocess.run([HF, "download", NAME], env=os.environ | ONLINE | places, check=True, capture_output=True)
        return time.perf_counter() - began


def _resumed(hub: AHub) -> tuple[float, float]:
    """Kill a daemon in the middle of its download; return the megabytes fetched again, and those that were whole."""
    with _room() as folder:
        with ADaemon(folder, _declared(hub, folder, [NAME]), environ=ONLINE) as daemon:
            hub.sent()
            arrived = 0
            while arrived < PARTS * PART / 2:
                arrived += sum(hub.sent().values())
                time.sleep(0.05)
            daemon.process.kill()
        blobs = {path.name for path in (folder / "cache").rglob("blobs/*")}
        whole = [path for path, digest in hub.files.items() if digest in blobs]
        hub.sent()
        with ADaemon(folder, _declared(hub, folder, [NAME]), environ=ONLINE) as daemon:
            daemon.logged("operation completed", operation="install")
        sent = hub.sent()
        return sum(sent.get(path, 0) for path in whole) / 1e6, len(whole) * PART / 1e6


def _declared(hub: AHub, folder: Path, models: list[str]) -> str:
    """Return a models.yaml with a vLLM that serves nothing yet."""
    runtime = {
        "kind": "vllm",
        "prune": "never",
        "cache": str(folder / "cache"),
        "endpoint": hub.url,
        "server": {"control": "process", "command": [sys.executable, "-m", "venom_modeld.sandbox.vllm"]},
        "models": models,
    }
    return json.dumps({"version": 1, "runtimes": {"gpu": runtime}})

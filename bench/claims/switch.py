"""Switching the active model of an Ollama: the daemon, told by its file, against the same requests by hand.

Both load the other model to stay, have it make a token, see that it stays, take the one before out of memory, and see
that it is gone. The time of ours is from the file saved to the last of that on record.
"""

import tempfile
import time
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import httpx2

from bench.daemons import ADaemon
from bench.rows import Row, Target, compared, in_turns
from bench.sandboxed import ASandbox

RUNS, SIZE = 9, 5_000_000_000
"""The size is that of a model of eight billion parameters; the sandbox loads a gigabyte a second."""
MODELS = ("one:latest", "two:latest")


def measure() -> list[Row]:
    """Return the one row."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours, hand = (stack.enter_context(ASandbox()) for _ in range(2))
        for sandbox in (ours, hand):
            _furnish(sandbox)
        daemon = stack.enter_context(ADaemon(folder, ours.declared(MODELS, active=MODELS[0])))
        daemon.logged("operation completed", operation="activate")
        by_hand = stack.enter_context(httpx2.Client(base_url=hand.ollama, timeout=60.0))
        _load(by_hand, MODELS[0])
        pairs = [cycle((MODELS[::-1], MODELS)) for _ in range(2)]
        series = in_turns(
            RUNS,
            lambda: _by_daemon(daemon, ours, *next(pairs[0])),
            lambda: _by_hand(by_hand, *next(pairs[1])),
        )
    against = "the same requests by a bare httpx2 client"
    claim = f"switching the active model on Ollama, {SIZE / 1e9:.0f} GB"
    return [compared(claim, *series, unit="s", against=against, target=Target(limit=1.02))]


def _furnish(sandbox: ASandbox) -> None:
    for name in MODELS:
        sandbox.publish(name, SIZE)
        sandbox.install(name)


def _by_daemon(daemon: ADaemon, sandbox: ASandbox, wanted: str, before: str) -> float:
    began = daemon.save(sandbox.declared(MODELS, active=wanted))
    return daemon.logged("operation completed", operation="deactivate", model=before).at - began


def _by_hand(client: httpx2.Client, wanted: str, before: str) -> float:
    began = time.perf_counter()
    _load(client, wanted)
    client.post("/api/generate", json={"model": before, "keep_alive": 0})
    assert _loaded(client) == [wanted]
    return time.perf_counter() - began


def _load(client: httpx2.Client, name: str) -> None:
    body = {"model": name, "prompt": "hi", "raw": True, "stream": False, "keep_alive": -1}
    answer = client.post("/api/generate", json={**body, "options": {"num_predict": 1}})
    assert answer.json()["eval_count"] == 1
    assert name in _loaded(client)


def _loaded(client: httpx2.Client) -> list[str]:
    return [model["name"] for model in client.get("/api/ps").json()["models"]]

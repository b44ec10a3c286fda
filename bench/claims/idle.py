"""What the daemon uses while nothing happens: memory against a bare process and a peer, and time of the processor.

All jobs are on: the runtime is observed, tags are followed, the file is watched, both catalogues are kept fresh. The
three processes idle side by side.
"""

import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench.processes import cpu_seconds, resident_bytes
from bench.programs import Program, bare, daemon, herd
from bench.rows import Row, Target, compared, limited
from bench.sandboxed import ASandbox

MODELS, MINUTES, SETTLING = 20, 10, 60
"""How long is measured, after so many seconds in which what is due at the start is done."""
CPU = 0.2
"""Percent of a core."""


def measure() -> list[Row]:
    """Return rows for the memory and one for the processor."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = stack.enter_context(ASandbox())
        _furnish(sandbox, folder / "models.yaml")
        ours, _ = stack.enter_context(_daemon(sandbox).running(folder))
        floor, _ = stack.enter_context(bare().running(folder))
        found = herd(folder, sandbox.ollama, "model-0")
        peer = stack.enter_context(found.running(folder))[0] if found else None
        time.sleep(SETTLING)
        before = cpu_seconds(ours)
        time.sleep(MINUTES * 60)
        spent = 100 * (cpu_seconds(ours) - before) / (MINUTES * 60)
        rows = [_memory(ours, floor, "a bare FastAPI under uvicorn", 1.5)]
        rows += [_memory(ours, peer, "ollama-herd, router and node", 1.0)] if peer is not None else []
    claim = f"idle for {MINUTES} minutes, {MODELS} models: processor"
    return [*rows, limited(claim, [spent], CPU, unit="% of a core", told="the limit")]


def _furnish(sandbox: ASandbox, file: Path) -> None:
    """Put models on the Ollama, and ask for them in the version that their tags have."""
    names = [f"model-{number}" for number in range(MODELS)]
    for name in names:
        sandbox.publish(name, 10**9)
        sandbox.install(name)
    models = [{"name": name, "update": "always"} for name in names]
    file.write_text(sandbox.declared(models, active=names[0]))


def _daemon(sandbox: ASandbox) -> Program:
    found = daemon(
        REGISTRY_URL=sandbox.registry,
        TRENDING_OLLAMA_SOURCE="website",
        TRENDING_OLLAMA_URL=sandbox.addresses["site"],
    )
    hub = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": sandbox.addresses["hub"]}
    return replace(found, environ={**found.environ, **hub})


def _memory(ours: int, other: int, against: str, limit: float) -> Row:
    sizes = [resident_bytes(pid) / 1e6 for pid in (ours, other)]
    claim = f"idle for {MINUTES} minutes, {MODELS} models: memory"
    target = Target(limit=limit)
    return compared(claim, sizes[:1], sizes[1:], unit="MB", against=against, target=target)

"""From the start of the process to the first `GET /readyz` with 200, against a bare process and a peer.

Ours is ready when it has read its file and its state, has asked the runtime, and found it as the file says. The peer is
ready when its router knows the models of the same Ollama.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.programs import bare, daemon, herd
from bench.rows import Row, Target, compared, in_turns
from bench.servers import AnOllama
from bench.static_ollama import names

RUNS, PEER_RUNS, MODELS = 15, 5, 20


def measure() -> list[Row]:
    """Return a row for the bare process, and one for the peer where it is installed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ollama = stack.enter_context(AnOllama(models=MODELS))
        (folder / "models.yaml").write_text(ollama.declared())
        ours, floor = in_turns(RUNS, lambda: daemon().start(folder), lambda: bare().start(folder))
        claim, against = f"start → ready, {MODELS} models", "a bare FastAPI under uvicorn"
        rows = [compared(claim, ours, floor, unit="s", against=against, target=Target(limit=1.7))]
        peer = herd(folder, ollama.url, names(MODELS)[0])
        if peer is not None:
            series = in_turns(PEER_RUNS, lambda: daemon().start(folder), lambda: peer.start(folder))
            rows.append(
                compared(claim, *series, unit="s", against="ollama-herd, router and node", target=Target(limit=0.25))
            )
        return rows

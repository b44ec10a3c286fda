"""The daemon's own API and its snapshots, with nothing behind them but a moment that can be known: that of a change.

Takes the address of an Ollama of 20 models. Prints its port; each line of standard input is a change (an event, as at
the end of an operation), and when it was published is printed, on the clock of `time.perf_counter`.
"""

import asyncio
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

from bench.claims.cycle import a_worker
from venom_modeld.api.app import create_app
from venom_modeld.api.guard import Guard
from venom_modeld.api.ports import Ports
from venom_modeld.api.screen import Screen
from venom_modeld.config.desired_file import parse_models
from venom_modeld.core.events import OPERATION_COMPLETED, Event
from venom_modeld.engine.board import Board
from venom_modeld.runtimes.registry import kinds
from venom_modeld.serving import _answering
from venom_modeld.state.snapshot import SnapshotHub
from venom_modeld.state.store import Store


async def _serve(models: bytes, folder: Path) -> None:
    hub = SnapshotHub()
    board = Board(hub, host="bench", wall=time.time)
    spec = parse_models(models, path="models.yaml", kinds=kinds()).runtimes[0]
    worker = await a_worker(spec, folder / "state.db", board=board)
    nothing = cast("Any", None)
    store = await Store.open(folder / "history.db")
    ports = Ports(commands=nothing, history=store, editor=nothing, catalogue=nothing, fetch=None)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    async with _answering(create_app(hub, ports, Guard(), Screen()), listener) as address:
        print(address.rpartition(":")[2], flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            now = time.time()
            board.tell(Event(at=now, type=OPERATION_COMPLETED, runtime="one", model="model-1:2b", message="installed"))
            print(time.perf_counter(), flush=True)
            board.publish()
    await worker.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(_serve(Path(sys.argv[1]).read_bytes(), Path(made)))

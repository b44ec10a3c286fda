"""From a file saved to the first request that the runtime receives for it, against a program that knows inotify alone.

Ours waits a moment for a burst of saves to end, reads and checks the file, and begins a cycle.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path

from bench.daemons import ADaemon, save
from bench.rows import Above, Row, compared, in_turns, limited
from bench.servers import AnOllama

RUNS, MODELS = 200, 20
RESTS, REST = 10, 20
"""How often, after so many seconds in which nobody touches the file, it is saved once more."""
MEDIAN_ABOVE, WORST = 0.060, 0.250


def measure() -> list[Row]:
    """Return a row for the median, one for the worst, and one for saves after a long silence."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = [stack.enter_context(AnOllama(models=MODELS)) for _ in range(2)]
        daemon = stack.enter_context(ADaemon(folder, servers[0].declared(), INTERVAL="1d"))
        bare = stack.enter_context(_bare(folder / "bare" / "models.yaml", servers[1].url))
        saving = _saving(daemon.file, servers[0])
        ours, floor = in_turns(RUNS, saving, _saving(bare, servers[1]))
        rested = [_after_rest(saving) for _ in range(RESTS)]
    target, against = Above(seconds=MEDIAN_ABOVE), "a program of 20 lines on inotify, the same request"
    return [
        compared("a file saved → the first request, median", ours, floor, unit="s", against=against, target=target),
        limited(f"a file saved → the first request, worst of {RUNS}", ours, WORST, unit="s", told="the limit"),
        limited("a file saved after a rest → the first request", rested, WORST, unit="s", told="the limit"),
    ]


def _after_rest(saving: Callable[[], float]) -> float:
    time.sleep(REST)
    return saving()


@contextmanager
def _bare(file: Path, url: str) -> Iterator[Path]:
    """Give a file that the bare program watches."""
    file.parent.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "bench.bare_inotify", str(file), url], stdout=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        yield file
        program.kill()


def _saving(file: Path, server: AnOllama) -> Callable[[], float]:
    """Return what saves another content each time, once the server has rest, and tells how long a request took."""
    contents = cycle((server.declared(keep=True), server.declared()))

    def run() -> float:
        server.requests()
        while True:
            time.sleep(0.2)
            if not server.requests():
                break
        return server.next_request(lambda: save(file, next(contents)))

    return run

"""Switching the model of a real vLLM: the daemon against stopping and starting by hand, with the same checks.

The tests of a real vLLM measure both and write the times down; see `tests/live_vllm/test_times.py`. The start of a
server takes half a minute and differs from time to time by more than all else together, and nobody can do without it.
So both are told with the same start, the middle one of all, and what each takes beside it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

from bench.rows import Row, Target, compared

CLAIM = "switching the active model on a real vLLM, with the same start of the server"
TIMES = re.compile(r"([\d.]+) \(([\d.]+)\)")
"""The seconds of a switch, and in brackets those beside the start of the server."""


def measure() -> list[Row]:
    """Return the one row; `VENOM_MODELD_LIVE_VLLM` names the folder of the real vLLM."""
    command = [sys.executable, "-m", "pytest", "--numprocesses", "0", "--quiet", "tests/live_vllm/test_times.py"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    text = (Path(os.environ["VENOM_MODELD_LIVE_VLLM"]) / "switch-times.txt").read_text()
    ways = [_times(text, way) for way in ("by the daemon", "by hand")]
    start = median(total - beside for way in ways for total, beside in way)
    ours, hand = ([start + beside for _, beside in way] for way in ways)
    return [compared(CLAIM, ours, hand, unit="s", against="by hand, with the same checks", target=Target(limit=1.02))]


def _times(text: str, way: str) -> list[tuple[float, float]]:
    line = next(line for line in text.splitlines() if line.strip().startswith(way))
    return [(float(total), float(beside)) for total, beside in TIMES.findall(line)]

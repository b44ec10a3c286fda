"""Draws where a daemon's time goes: `python -m bench.flame PY_SPY FILE`, or `make flame`.

py-spy looks at the stack of the daemon 500 times a second while it starts, installs models, switches, and answers; only
a thread that works is counted. Each box is a function, as wide as the share of looks that found it on the stack, above
the one that called it. What is narrower than a pixel or so is left out, and so is the machinery of imports.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from zlib import crc32

from bench.clients import requests_a_second
from bench.daemons import ADaemon
from bench.processes import family
from bench.sandboxed import ASandbox

WIDTH, ROW, NARROWEST, HIGHEST, LETTER = 1200, 17, 1.5, 45, 6.6
MODELS, REQUESTS, RATE = 40, 2000, 500
OURS, THEIRS = ("#e8833a", "#e0a458"), ("#9fb4c7", "#b8c9d9")
"""Colours of the project's own functions, and of all others."""


@dataclass(slots=True)
class Box:
    """A function on the stack, with what it called."""

    looks: int = 0
    calls: "dict[str, Box]" = field(default_factory=dict)

    def add(self, stack: Iterable[str], looks: int) -> None:
        """Count a stack that was seen so often."""
        box = self
        box.looks += looks
        for name in stack:
            box = box.calls.setdefault(name, Box())
            box.looks += looks


def profile(py_spy: str) -> Iterator[str]:
    """Yield the lines of a profile: a stack, and how often it was seen."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = stack.enter_context(ASandbox())
        models = [f"model-{number}" for number in range(MODELS)]
        for name in models:
            sandbox.publish(name, 20_000_000)
        raw = folder / "raw"
        watched = [py_spy, "record", "--gil", "--format", "raw", "--rate", str(RATE), "--output", str(raw), "--"]
        with ADaemon(folder, sandbox.declared([]), before=watched, REGISTRY_URL=sandbox.registry) as daemon:
            daemon.save(sandbox.declared(models, active=models[0]))
            daemon.logged("operation completed", operation="activate")
            for _ in models[1:]:
                daemon.logged("operation completed", operation="install")
            requests_a_second(daemon.url, "/api/v1/models", requests=REQUESTS)
            requests_a_second(daemon.url, "/api/v1/status", requests=REQUESTS)
            os.kill(max(family(daemon.process.pid)), signal.SIGTERM)  # py-spy writes when what it watches has ended
            daemon.process.wait()
        yield from raw.read_text().splitlines()


def tree(lines: Iterable[str]) -> Box:
    """Return the boxes of a profile."""
    root = Box()
    for line in lines:
        stack, _, looks = line.rpartition(" ")
        frames = [frame.rpartition(":")[0] + ")" if ":" in frame else frame for frame in stack.split(";")]
        root.add((frame for frame in frames if not frame.startswith("process ") and "<frozen" not in frame), int(looks))
    return root


def drawn(root: Box) -> str:
    """Return a picture of the boxes."""
    boxes = list(_boxes(root, "all", 0, 0.0, WIDTH / root.looks))
    height = ROW * (2 + max(level for level, *_ in boxes))
    size, font = f'viewBox="0 0 {WIDTH} {height}"', 'font-family="monospace" font-size="11"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>'
    return "\n".join([head, *(_box(height, *box, share=root.looks) for box in boxes), "</svg>"]) + "\n"


def _boxes(box: Box, name: str, level: int, left: float, scale: float) -> Iterator[tuple[int, float, float, str, int]]:
    width = box.looks * scale
    if width < NARROWEST or level > HIGHEST:
        return
    yield level, left, width, name, box.looks
    for called, inner in sorted(box.calls.items()):
        yield from _boxes(inner, called, level + 1, left, scale)
        left += inner.looks * scale


def _box(height: int, level: int, left: float, width: float, name: str, looks: int, *, share: int) -> str:
    colours = OURS if "venom_modeld" in name else THEIRS
    colour = colours[crc32(name.encode()) % 2]
    place = f'x="{left:.1f}" y="{height - ROW * (level + 1)}"'
    called, _, file = name.partition(" (")
    shown = (file.rstrip(")") if called == "<module>" else called)[: int(width / LETTER)]
    words = f'<text x="{left + 2:.1f}" y="{height - ROW * level - 5}">{escape(shown)}</text>' if len(shown) > 2 else ""
    title = f"<title>{escape(name)}: {100 * looks / share:.1f} %</title>"
    return f'<g>{title}<rect {place} width="{width:.1f}" height="{ROW - 1}" fill="{colour}"/>{words}</g>'


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(drawn(tree(profile(str(Path(sys.argv[1]).absolute())))))

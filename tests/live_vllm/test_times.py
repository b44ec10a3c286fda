"""How long a switch takes by the daemon, against stopping one server and starting the other by hand.

Both are measured in the same run, from the decision to a token of the other model. The machine may have other work, and
a start takes half a minute of it, so nothing is asserted of the ratio; it is printed, and written beside the
environment of vLLM. What busy machines do not blur is what a switch takes beside the start of the new server: told
apart, and laid on the same start, it gives the ratio to look at. The aim is 1.02.
"""

import asyncio
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.live_vllm.by_hand import ServerByHand
from tests.live_vllm.conftest import ARGUMENTS, FOLDER, MODELS, LiveHouse
from tests.runtimes.vllm.house import A, B, free_port
from venom_modeld.runtimes.vllm.server.runs import Run, Runs

pytestmark = [pytest.mark.live, pytest.mark.timeout(2400), pytest.mark.asyncio(loop_scope="module")]

AIM = 1.02
FOLDERS = {A: MODELS / "alpha", B: MODELS / "beta"}
WORDS = ("--max-model-len", str(ARGUMENTS["max-model-len"]), "--enforce-eager", "--shutdown-timeout", "10")
"""What the daemon gives too; in vLLM 0.32 a time for requests costs ten seconds at every end, busy or idle."""


@dataclass(frozen=True)
class Taken:
    """The seconds of one switch, and those of them from the start of the new process until it was healthy."""

    total: float
    start: float

    @property
    def beside(self) -> float:
        """Return the seconds that are not the new server's own."""
        return self.total - self.start


async def test_a_switch_against_one_by_hand(
    house: LiveHouse, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """The daemon adds what it does beside stopping, starting and proving."""
    await house.furnish(A)
    house.declare(B)
    await house.converged()  # both are installed now, and were read once
    daemon = [await _by_daemon(house, name) for name in (A, B)]
    await house.daemon.stop()
    await house.host.until(lambda: not house.host.processes())
    hand = await asyncio.to_thread(_by_hand, tmp_path_factory.mktemp("h"))
    report = _report(daemon, hand)
    (FOLDER / "switch-times.txt").write_text(report, encoding="utf-8")
    with capsys.disabled():
        print(f"\n{report}", end="")  # noqa: T201 - it is what this test is for
    assert all(0 < one.start < one.total for one in (*daemon, *hand))


async def _by_daemon(house: LiveHouse, name: str) -> Taken:
    began = time.time()
    house.declare(name)
    watching = asyncio.create_task(_start(house, began))
    await house.converged()
    assert await house.generates(name)
    return Taken(time.time() - began, await watching)


async def _start(house: LiveHouse, after: float) -> float:
    """Wait until the server that is started after a moment is healthy, and return how long that took."""
    await house.host.until(lambda: _newest(house).began > after)
    while True:
        with suppress(httpx2.TransportError):
            if (await house.host.ask("/health")).status_code == 200:
                return time.time() - _newest(house).began
        await asyncio.sleep(0.1)


def _newest(house: LiveHouse) -> Run:
    return Runs(house.host.state / "vllm/gpu/runs").all()[-1]


def _by_hand(folder: Path) -> list[Taken]:
    server = ServerByHand(folder, free_port())
    taken = []
    try:
        server.start(FOLDERS[B], "--served-model-name", B, *WORDS)
        server.ready()
        server.token(B)
        for name in (A, B):
            began = time.monotonic()
            server.stop()
            started = time.monotonic()
            server.start(FOLDERS[name], "--served-model-name", name, *WORDS)
            server.ready()
            ready = time.monotonic()
            server.token(name)
            taken.append(Taken(time.monotonic() - began, ready - started))
    finally:
        server.stop()
    return taken


def _report(daemon: list[Taken], hand: list[Taken]) -> str:
    totals = [statistics.median(one.total for one in way) for way in (daemon, hand)]
    beside = [statistics.median(one.beside for one in way) for way in (daemon, hand)]
    start = statistics.median(one.start for one in (*daemon, *hand))
    even = (start + beside[0]) / (start + beside[1])
    lines = [
        "A switch of the model that a real vLLM serves, in seconds (in brackets: beside the start of the new server):",
        f"  by the daemon  {_shown(daemon)}",
        f"  by hand        {_shown(hand)}",
        f"  ratio {totals[0] / totals[1]:.3f}; with the same start of {start:.1f} s {even:.3f}; aim {AIM}",
    ]
    return "\n".join(lines) + "\n"


def _shown(way: list[Taken]) -> str:
    return "  ".join(f"{one.total:.1f} ({one.beside:.2f})" for one in way)

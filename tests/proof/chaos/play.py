"""Plays one script: the scenes, then calm, until the daemon has made the last file true; and judges all of it."""

import asyncio
import glob
import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.proof.chaos.deeds import Doer
from tests.proof.chaos.house import House, a_house
from tests.proof.chaos.invariants import World, violations
from tests.proof.chaos.script import ALIAS, Script
from tests.proof.processes import Json
from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.waiting import judge
from venom_modeld.config.loader import revision_of

PATIENCE = 90.0
"""Seconds within which the daemon must be done once nothing fails any more; it is done in a few."""

MOST_CYCLES = 150
"""Cycles of the busiest runtime within which it must be. Every operation that ends, and every look-up, wakes one."""

CLOCK = "/usr/lib/*/faketime/libfaketimeMT.so.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a run."""

    seed: int
    seconds: float | None
    """Seconds from the end of the last fault until all was as the file says; None where that did not come."""
    cycles: int
    violations: tuple[str, ...]
    faults: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    kept: Path | None = None
    """Where all that was written down of a bad run lies."""
    counts: Json = field(default_factory=dict)


def another_clock() -> Path | None:
    """Return the library that gives a program a wall clock of its own, where Debian's libfaketime is installed."""
    found = [os.environ["FAKETIME_LIBRARY"]] if "FAKETIME_LIBRARY" in os.environ else glob.glob(CLOCK)  # noqa: PTH207
    return Path(found[0]) if found else None


async def play(script: Script) -> Played:
    """Play a script on a fresh host."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        jumps = any(deed.kind == "jump the clock" for scene in script.scenes for deed in scene.deeds)
        async with a_house(folder, script, clock=another_clock() if jumps else None) as house:
            await _scenes(house, script)
            settled = await _settle(house, script)
            await house.copy_history()
            world = await _world(house)
        house.record.world = _read(folder / "world.jsonl")
        found = [*settled.complaints, *violations(house.record, world)]
        return Played(
            seed=script.seed,
            seconds=settled.seconds,
            cycles=settled.cycles,
            faults=tuple(house.record.faults),
            skipped=tuple(house.record.skipped),
            violations=tuple(found),
            kept=_keep(script, house, found) if found else None,
            counts=_counts(house),
        )


async def _scenes(house: House, script: Script) -> None:
    doer = Doer(house)
    for scene in script.scenes:
        if scene.text is not None:
            house.write(scene.text)
        await asyncio.sleep(scene.pause)
        for deed in scene.deeds:
            await doer.do(deed)
        await asyncio.sleep(scene.seconds)
        await doer.undo()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How the calm went."""

    seconds: float | None
    cycles: int
    complaints: tuple[str, ...]


async def _settle(house: House, script: Script) -> Settled:
    """Let nothing fail any more, do what a person has to do, and wait until all is as the last file says."""
    house.write(script.last)
    written, began = revision_of(house.fill_in(script.last)), time.monotonic()
    before, life, said = await _cycles(house), len(house.record.lives), "nothing"
    while time.monotonic() - began < PATIENCE:
        if await house.up() and (status := await house.ask("GET", "/api/v1/status")):
            verdict = judge(status, written)
            said = verdict.message
            if verdict.code is ExitCode.OK:
                return await _settled(house, began, before if life == len(house.record.lives) else 0)
            if verdict.code is ExitCode.BLOCKED:
                await _act(house, said)
        await asyncio.sleep(0.05)
    return Settled(seconds=None, cycles=0, complaints=(f"did not converge; the last word was: {said}",))


async def _settled(house: House, began: float, before: int) -> Settled:
    seconds = time.monotonic() - began
    now = await _cycles(house)
    complaints = []
    if now - before > MOST_CYCLES:
        complaints.append(f"took {now - before} cycles to converge")
    while await _cycles(house) < now + 3 and time.monotonic() - began < PATIENCE:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.05)
    status = await house.ask("GET", "/api/v1/status")
    if status is None or status["counts"]["drift"] or status["counts"]["in_progress"]:
        complaints.append("did not stay as it was once it had converged")
    return Settled(seconds=seconds, cycles=now - before, complaints=tuple(complaints))


async def _act(house: House, said: str) -> None:
    """Do what the daemon says that a person has to do."""
    await house.approve()
    await house.retry()
    if ALIAS in said and house.record.lost:
        for number in range(house.count):
            await house.stage.ollama(number, "DELETE", "/api/delete", model=ALIAS)


async def _cycles(house: House) -> int:
    found = await house.ask("GET", "/api/v1/runtimes")
    return max((one["cycles"] for one in (found or {}).get("runtimes", ())), default=0)


async def _world(house: House) -> World:
    states = [await house.stage.control(number, "GET", "/state") for number in range(house.count)]
    return World(
        installed=tuple(one["installed"] for one in states),
        loaded=tuple(frozenset(one["loaded"]) for one in states),
        offered=await house.stage.control(0, "GET", "/registry"),
    )


def _read(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _counts(house: House) -> Json:
    changes = [one["what"] for one in house.record.world if one.get("by")]
    return {
        "daemons": len(house.record.lives),
        "writes": changes.count("write"),
        "removals": changes.count("remove"),
        "operations": len(house.record.history),
    }


def _keep(script: Script, house: House, found: list[str]) -> Path:
    """Keep what was written down of a run that went wrong, in the order of time."""
    record = house.record
    entries = [
        (one.at, f"FILE {'valid' if one.desired else 'INVALID'} {(one.content or b'-')!r}") for one in record.files
    ]
    entries += [(one.at, f"LOG {one.life} {json.dumps(one.content)}") for one in record.lines]
    entries += [
        (one["t"], f"WORLD {json.dumps(one)}") for one in record.world if one["what"] != "look" or not one["sound"]
    ]
    entries += [(one.began, f"DAEMON {number} began") for number, one in enumerate(record.lives)]
    entries += [(one.ended or 0, f"DAEMON {number} ended {one.code}") for number, one in enumerate(record.lives)]
    place = Path(tempfile.gettempdir()) / f"chaos-seed-{script.seed}.txt"
    history = "\n".join(map(str, sorted(record.history.items())))
    scenes = "\n".join(f"{scene.pause:.2f} {scene.seconds:.2f} {scene.deeds}" for scene in script.scenes)
    timeline = "\n".join(f"{at:.3f} {text}" for at, text in sorted(entries))
    place.write_text("\n".join(found) + f"\n\n{scenes}\n\n{timeline}\n\n{history}\n")
    return place

"""Planning is pure, and grows as sorting does: drift and plan of up to 100,000 models against sorting their names.

Everything is installed and declared, a tenth has moved, a tenth is missing and a tenth is no longer wanted.
"""

import gc
import math
import random
import time
from collections.abc import Callable

from bench.rows import Row, Target, Untold, compared, in_turns
from venom_modeld.core.desired import Limits, ModelSpec, Prune, RuntimeSpec, Update
from venom_modeld.core.drift import diff
from venom_modeld.core.inventory import Entry, Inventory
from venom_modeld.core.names import ModelName, parse_ollama
from venom_modeld.core.observed import Capabilities, InstalledModel, ObservedState, RemoteModel
from venom_modeld.core.plan import Situation, make_plan

SIZES = {100: 21, 1_000: 15, 10_000: 9, 100_000: 5}
"""How many runs for how many models."""

ABLE = Capabilities(derive=True, preload=True, alias=True, alias_copies=True, unload=True)


FEW, MANY = 1_000, 100_000
GROWTH = Target(limit=1.2)


def measure() -> list[Row]:
    """Return a row for each size, and one for the growth."""
    measured = {models: _times(models, runs) for models, runs in SIZES.items()}
    return [*(_row(models, *times) for models, times in measured.items()), _growth(measured[FEW][0], measured[MANY][0])]


def _row(models: int, ours: list[float], floor: list[float]) -> Row:
    claim, target = f"planning {models:,} models (pure)", Target(limit=40) if models == MANY else Untold()
    return compared(claim, ours, floor, unit="s", against="sorting their names", target=target)


def _growth(few: list[float], many: list[float]) -> Row:
    times = MANY * math.log(MANY) / (FEW * math.log(FEW))
    claim = f"planning, from {FEW:,} to {MANY:,} models"
    expected = [times * seconds for seconds in few[: len(many)]]
    against = f"{times:.0f} times the first, which is n log n"
    return compared(claim, many, expected, unit="s", against=against, target=GROWTH)


def _times(models: int, runs: int) -> tuple[list[float], ...]:
    situation = _situation(models)
    texts = [name.key for name in situation[2].entries]
    random.Random(0).shuffle(texts)
    return in_turns(runs, lambda: _timed(lambda: _plan(*situation)), lambda: _timed(lambda: sorted(texts)))


def _timed(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _plan(spec: RuntimeSpec, observed: ObservedState, inventory: Inventory) -> int:
    drift = diff(spec, observed, inventory)
    plan = make_plan(Situation(spec=spec, observed=observed, inventory=inventory, drift=drift, capabilities=ABLE))
    return len(plan.steps)


def _situation(models: int) -> tuple[RuntimeSpec, ObservedState, Inventory]:
    names = [parse_ollama(f"model-{number}:{number % 9}b") for number in range(models)]
    kept = [name for number, name in enumerate(names) if number % 10 != 1]
    spec = RuntimeSpec(
        name="one",
        kind="ollama",
        url="http://127.0.0.1:11434",
        prune=Prune.MANAGED,
        models=tuple(ModelSpec(name=name, update=Update.ALWAYS) for name in kept),
        active=kept[0],
        limits=Limits(removals=models, removal_share=1.0, removal_bytes=models * 10**10),
    )
    there = [name for number, name in enumerate(names) if number % 10 != 2]
    remote = {
        name: RemoteModel(digest=_digest(name, moved=place % 10 == 3), size_bytes=10**9)
        for place, name in enumerate(kept)
    }
    observed = ObservedState(
        installed={name: InstalledModel(name=name, digest=_digest(name), size_bytes=10**9) for name in there},
        remote=remote,
    )
    return spec, observed, Inventory(entries={name: Entry(name=name) for name in names})


def _digest(name: ModelName, *, moved: bool = False) -> str:
    return f"sha256:{'b' if moved else 'a'}{name.key:0<63}"

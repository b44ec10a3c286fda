"""Whole plans from data: each folder beside this file is a case.

A case has the file (`models.yaml`), what its only runtime has (`observed.json`), what this daemon remembers
(`inventory.json`, `ledger.json`; left out where that is nothing) and the plan that must come of it (`plan.json`, and
`plan.txt` as people read it where the case has one). `UPDATE_CASES=1` writes the plans anew, for a person to read the
difference; that run fails.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from venom_modeld.cli.render.paint import Paint
from venom_modeld.cli.render.plan_text import plan_text
from venom_modeld.config.desired_file import DesiredFile, parse_models
from venom_modeld.core.brakes import Removal
from venom_modeld.core.desired import GB, DesiredState, RuntimeSpec
from venom_modeld.core.drift import Drift, diff
from venom_modeld.core.inventory import Entry, Inventory, Role
from venom_modeld.core.names import ModelName, parse_ollama
from venom_modeld.core.observed import (
    Disk,
    InstalledModel,
    LoadedModel,
    ObservedState,
    RemoteModel,
)
from venom_modeld.core.operations import ActivateModel
from venom_modeld.core.plan import Plan, Situation, make_plan
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import Block, BlockKind, Step
from venom_modeld.engine.preview import PlanReport, RuntimePlan
from venom_modeld.runtimes.ollama.driver import OllamaRuntime
from venom_modeld.runtimes.registry import kinds

FOLDER = Path(__file__).parent
CASES = sorted(path.parent.name for path in FOLDER.glob("*/models.yaml"))


# What a case says


def read(case: str, file: str) -> Any:
    """Return the JSON of a file of a case; nothing where it has none."""
    path = FOLDER / case / file
    return json.loads(path.read_text()) if path.exists() else {}


def desired(case: str) -> DesiredFile:
    """Return what the file of a case asks for."""
    path = FOLDER / case / "models.yaml"
    return parse_models(path.read_bytes(), path=path.name, kinds=kinds())


def digest(short: str) -> str:
    """Return a whole digest for the beginning of one."""
    return "sha256:" + short.ljust(64, "0")


def size(entry: Any) -> int | None:
    """Return bytes for `size_gb`, where that is written."""
    return round(entry["size_gb"] * GB) if "size_gb" in entry else None


def observed(data: Any) -> ObservedState:
    """Return an observation."""
    installed = [
        InstalledModel(name=parse_ollama(name), digest=digest(entry["digest"]), size_bytes=size(entry))
        for name, entry in data.get("installed", {}).items()
    ]
    versions = {model.name: model.digest for model in installed}
    disk = data.get("disk")
    return ObservedState(
        installed={model.name: model for model in installed},
        loaded=tuple(loaded(entry, versions) for entry in data.get("loaded", [])),
        remote={
            parse_ollama(name): RemoteModel(digest=digest(entry["digest"]), size_bytes=size(entry))
            for name, entry in data.get("published", {}).items()
        },
        disk=disk
        and Disk(path=disk["path"], free_bytes=round(disk["free_gb"] * GB), total_bytes=round(disk["total_gb"] * GB)),
    )


def loaded(entry: Any, versions: dict[ModelName, str]) -> LoadedModel:
    """Return a loaded model, which answers for every installed name of its version."""
    name = parse_ollama(entry["model"])
    serves = frozenset(one for one, version in versions.items() if version == versions[name])
    return LoadedModel(name=name, digest=versions[name], serves=serves, pinned=entry["pinned"])


def names(texts: list[str]) -> frozenset[ModelName]:
    """Return names."""
    return frozenset(map(parse_ollama, texts))


def inventory(data: Any) -> Inventory:
    """Return what is remembered of the runtime."""
    entries = [
        Entry(
            name=parse_ollama(name),
            role=Role(entry.get("role", "model")),
            recipe=entry.get("recipe"),
            holds=parse_ollama(entry["holds"]) if "holds" in entry else None,
        )
        for name, entry in data.get("entries", {}).items()
    ]
    return Inventory(
        entries={entry.name: entry for entry in entries},
        kept=names(data.get("kept", [])),
        last_active=parse_ollama(data["last_active"]) if "last_active" in data else None,
        pinned=names(data.get("pinned", [])),
    )


# The plan that comes of it


def situation(case: str, spec: RuntimeSpec, *, suspended: bool) -> Situation:
    """Return all that a plan is made of."""
    now, remembered = observed(read(case, "observed.json")), inventory(read(case, "inventory.json"))
    ledger = read(case, "ledger.json")
    without_failures = Situation(
        spec=spec,
        observed=now,
        inventory=remembered,
        drift=diff(spec, now, remembered),
        capabilities=OllamaRuntime.capabilities,
        approved=approved(ledger.get("approved", []), now),
        suspended=suspended,
    )
    steps = make_plan(without_failures).steps
    blocks = {step.key: failures[told(step)] for step in steps if told(step) in (failures := failed(ledger))}
    return Situation(
        spec=spec,
        observed=now,
        inventory=remembered,
        drift=without_failures.drift,
        capabilities=OllamaRuntime.capabilities,
        blocks=blocks,
        approved=without_failures.approved,
        suspended=suspended,
    )


def failed(ledger: Any) -> dict[str, Block]:
    """Return the failures by `TYPE NAME`."""
    return {
        step: Block(kind=BlockKind(entry["kind"]), reason=Reason(entry["reason"]), message=entry["message"], attempts=1)
        for step, entry in ledger.get("failures", {}).items()
    }


def approved(texts: list[str], now: ObservedState) -> frozenset[Removal]:
    """Return approved removals of what is installed."""
    return frozenset((name.key, now.installed[name].digest) for name in names(texts))


def told(step: Step) -> str:
    """Return a step as `TYPE NAME`."""
    return f"{step.operation.type} {step.operation.model}"


def as_data(drift: tuple[Drift, ...], plan: Plan) -> Any:
    """Return drift and plan as JSON has them; what is not there is left out."""
    by_key = {step.key: told(step) for step in plan.steps}
    unsafe = plan.unsafe
    return {
        "drift": [f"{one.kind} {one.model}: {one.message}" for one in drift],
        "steps": [_step(step, by_key) for step in plan.steps],
        "unsafe": unsafe and {"reasons": list(unsafe.reasons), "models": list(unsafe.models), "digest": unsafe.digest},
    }


def _step(step: Step, by_key: dict[str, str]) -> Any:
    operation, block = step.operation, step.block
    alias = operation.alias if isinstance(operation, ActivateModel) else None
    whole = {
        "type": operation.type.value,
        "model": operation.model.text,
        "alias": alias and alias.text,
        "reason": operation.reason,
        "size_gb": operation.size_bytes and operation.size_bytes / GB,
        "after": [by_key[key] for key in step.after if key in by_key],
        "block": block and {"kind": block.kind.value, "reason": block.reason.value, "message": block.message},
    }
    return {key: value for key, value in whole.items() if value}


def report(case: str) -> PlanReport:
    """Return the plan of a case as `venom-modeld plan` makes it."""
    file = desired(case)
    (spec,) = file.runtimes
    now = situation(case, spec, suspended=file.suspend or spec.suspend)
    one = RuntimePlan(spec=spec, observed=now.observed, drift=now.drift, plan=make_plan(now))
    state = DesiredState(generation=1, revision=digest("f11e"), runtimes=file.runtimes, suspend=file.suspend)
    return PlanReport(desired=state, runtimes=(one,))


def produced(case: str) -> dict[str, str]:
    """Return the files that come of a case."""
    found = report(case)
    (one,) = found.runtimes
    assert one.plan is not None
    data = json.dumps(as_data(one.drift, one.plan), indent=2, ensure_ascii=False)
    files = {"plan.json": data, "plan.txt": plan_text(found, Paint(colour=False), now=0.0)}
    return {file: f"{text}\n" for file, text in files.items() if file == "plan.json" or (FOLDER / case / file).exists()}


@pytest.mark.parametrize("case", CASES)
def test_the_plan_of_a_case_is_the_one_on_record(case: str) -> None:
    """The same file, runtime and memory give this whole plan and no other."""
    files = produced(case)
    if os.environ.get("UPDATE_CASES"):
        for file, text in files.items():
            (FOLDER / case / file).write_text(text)
        pytest.fail(f"the plan of {case} was written anew; read the difference")
    assert files == {file: (FOLDER / case / file).read_text() for file in files}


def test_every_case_is_told_in_the_table() -> None:
    """The list of cases in README.md has each folder, and no other."""
    rows = (FOLDER / "README.md").read_text().splitlines()
    assert [row.split("|")[1].strip(" `") for row in rows if row.startswith("| `")] == CASES


@pytest.mark.parametrize(
    ("case", "file", "part"),
    [
        ("active-switch", "models.yaml", ""),
        ("active-switch", "plan.txt", ""),
        ("five-of-six-removed", "plan.txt", "Unsafe:"),
    ],
)
def test_the_examples_of_the_documentation_are_real(case: str, file: str, part: str) -> None:
    """What the page on planning shows is the file and the plan of a case."""
    page = (FOLDER.parents[1] / "docs" / "explanation" / "planning.md").read_text()
    blocks = [block for block in (FOLDER / case / file).read_text().split("\n\n") if part in block]
    assert blocks
    assert "\n\n".join(blocks).strip("\n") in page

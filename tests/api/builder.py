"""Snapshots by hand: drift, plans and conditions are those that the core makes of what a test declares and observes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from venom_modeld.core import events
from venom_modeld.core.conditions import Condition, Picture, config_valid, of_runtime, roll_up
from venom_modeld.core.desired import DesiredState, ModelSpec, Prune, RuntimeSpec, Update
from venom_modeld.core.drift import diff
from venom_modeld.core.events import Event, OperationRecord, OperationStatus
from venom_modeld.core.inventory import Entry, Inventory, Role
from venom_modeld.core.names import ModelName, parse_ollama
from venom_modeld.core.observed import (
    Capabilities,
    Disk,
    InstalledModel,
    LoadedModel,
    ObservedState,
    RemoteModel,
    Unknown,
)
from venom_modeld.core.operations import OperationType
from venom_modeld.core.plan import Block, Situation, make_plan
from venom_modeld.core.progress import Phase, Transfer
from venom_modeld.core.reasons import Reason
from venom_modeld.state.snapshot import FileSnapshot, RuntimeSnapshot, StatusSnapshot

NOON = 1_772_366_400.0
"""2026-03-01T12:00:00Z, when every snapshot of these tests is made."""

REVISION = "sha256:" + "a1" * 32


def name(text: str) -> ModelName:
    """Return a model's name."""
    return parse_ollama(text)


def digest(text: str) -> str:
    """Return the digest that a model of that name has here."""
    return "sha256:" + text.encode().hex().ljust(64, "0")[:64]


def installed(text: str, size: int | None = 2_020_000_000, **more: object) -> InstalledModel:
    """Return an installed model."""
    return InstalledModel(name=name(text), digest=digest(text), size_bytes=size, **more)  # type: ignore[arg-type]


def loaded(text: str, *, serves: Iterable[str] = (), pinned: bool = True, **more: object) -> LoadedModel:
    """Return a model in memory."""
    names = frozenset(map(name, [text, *serves]))
    return LoadedModel(name=name(text), digest=digest(text), serves=names, pinned=pinned, **more)  # type: ignore[arg-type]


def observation(
    *models: InstalledModel, in_memory: Iterable[LoadedModel] = (), remote: Mapping[str, RemoteModel] | None = None
) -> ObservedState:
    """Return what a runtime has."""
    return ObservedState(
        installed={model.name: model for model in models},
        loaded=tuple(in_memory),
        remote={name(text): model for text, model in (remote or {}).items()},
        version="0.33.0",
    )


def inventory(*texts: str, kept: Iterable[str] = (), **more: object) -> Inventory:
    """Return what the daemon put there."""
    entries = {name(text): Entry(name=name(text)) for text in texts}
    return Inventory(entries=entries, kept=frozenset(map(name, kept)), **more)  # type: ignore[arg-type]


def spec(*models: ModelSpec | str, active: str | None = None, **more: object) -> RuntimeSpec:
    """Return a runtime of the file."""
    fields = {"name": "ollama", "kind": "ollama", "url": "http://127.0.0.1:11434", "prune": Prune.MANAGED} | more
    return RuntimeSpec(
        models=tuple(ModelSpec(name=name(one)) if isinstance(one, str) else one for one in models),
        active=name(active) if active else None,
        **fields,  # type: ignore[arg-type]
    )


def runtime(
    declared: RuntimeSpec,
    observed: ObservedState | None = None,
    *,
    owned: Inventory | None = None,
    unknown: Unknown | None = None,
    operations: tuple[OperationRecord, ...] = (),
    blocks: Mapping[str, Block] | None = None,
) -> RuntimeSnapshot:
    """Return a runtime with the drift, the plan and the conditions that follow from the rest."""
    owned = owned or Inventory()
    drift = diff(declared, observed, owned) if observed else ()
    plan = None
    can = Capabilities(derive=True, preload=True, alias=True, alias_copies=True, unload=True)
    if observed is not None and unknown is None:
        plan = make_plan(
            Situation(
                spec=declared,
                observed=observed,
                inventory=owned,
                drift=drift,
                capabilities=can,
                blocks=blocks or {},
                suspended=declared.suspend,
            )
        )
    running = sum(one.status is OperationStatus.IN_PROGRESS for one in operations)
    picture = Picture(generation=3, now=NOON - 60, unknown=unknown, drift=drift, plan=plan, running=running)
    return RuntimeSnapshot(
        spec=declared,
        capabilities=can,
        observed=observed,
        observed_at=NOON - 8 if observed else None,
        unknown=unknown,
        unknown_since=NOON - 5 if unknown else None,
        inventory=owned,
        drift=drift,
        plan=plan,
        conditions=of_runtime(picture) if observed or unknown else (),
        operations=operations,
        observed_generation=3,
        converged_revision=REVISION if observed and not drift else None,
        cycle_seconds=0.042,
        cycles=17,
    )


def snapshot(*runtimes: RuntimeSnapshot, **more: object) -> StatusSnapshot:
    """Return a snapshot of runtimes."""
    file = FileSnapshot(path="/etc/venom-modeld/models.yaml", revision=REVISION, accepted_at=NOON - 3600)
    file = replace(file, attempted_revision=REVISION)
    desired = DesiredState(generation=3, revision=REVISION, runtimes=tuple(one.spec for one in runtimes))
    fields = {"version": 1, "file": file, "desired": desired, "conditions": conditions(runtimes)} | more
    return StatusSnapshot(made_at=NOON, host="lab", started_at=NOON - 7200, runtimes=runtimes, **fields)  # type: ignore[arg-type]


def conditions(runtimes: Iterable[RuntimeSnapshot]) -> tuple[Condition, ...]:
    """Return the conditions of the whole."""
    valid = config_valid((), generation=3, now=NOON - 3600, missing=False)
    return roll_up(valid, tuple(one.conditions for one in runtimes), now=NOON - 60)


def record(
    model: str = "qwen2.5:7b", status: OperationStatus = OperationStatus.IN_PROGRESS, **more: object
) -> OperationRecord:
    """Return an operation, an installation unless said otherwise."""
    fields = {
        "id": "0123456789abcdef-1772366280",
        "key": "0123456789abcdef",
        "runtime": "ollama",
        "type": OperationType.INSTALL,
        "reason": Reason.PROGRESSING,
        "message": "declared, not installed",
        "revision": REVISION,
        "generation": 3,
        "started_at": NOON - 120,
    } | more
    return OperationRecord(model=model, status=status, **fields)  # type: ignore[arg-type]


def ended(number: int, status: OperationStatus = OperationStatus.COMPLETED, **more: object) -> OperationRecord:
    """Return an operation of the past; a higher number ended later."""
    fields = {
        "id": f"past-{number:03}",
        "key": f"past{number:03}",
        "reason": Reason.SUCCEEDED,
        "message": "installed",
        "started_at": NOON - 4000 + number,
        "completed_at": NOON - 3000 + number,
    } | more
    return record(f"model-{number}:latest", status, **fields)


DOWNLOAD = Transfer(
    phase=Phase.DOWNLOADING,
    completed_bytes=1_800_000_000,
    total_bytes=4_400_000_000,
    bytes_per_second=21_666_667.0,
    moved_at=NOON,
    seen_at=NOON,
)


def event(number: int, kind: str = events.OPERATION_COMPLETED, **more: object) -> Event:
    """Return an event; a higher number happened later."""
    fields = {"at": NOON - 1000 + number, "runtime": "ollama", "message": f"event {number}"} | more
    return Event(type=kind, **fields)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A snapshot together with the history that belongs to it."""

    snapshot: StatusSnapshot
    past: tuple[OperationRecord, ...]


def scene() -> Scene:
    """Return the one that the reference shows: a model active, one on its way, one that is not ours."""
    llama = installed(
        "llama3.2:3b",
        capabilities=("completion", "tools"),
        family="llama",
        parameter_size="3.2B",
        quantization="Q4_K_M",
        modified_at="2026-02-27T09:30:00.123456789+01:00",
    )
    owned = inventory("llama3.2:3b", "qwen2.5:7b", last_active=name("llama3.2:3b"))
    alias = Entry(name=name("default"), role=Role.ALIAS)
    observed = observation(
        llama,
        replace(llama, name=name("default")),
        installed("mistral:7b", 4_100_000_000),
        in_memory=[
            loaded("llama3.2:3b", serves=["default"], memory_bytes=3_100_000_000, context_length=4096, vram_bytes=0)
        ],
        remote={"qwen2.5:7b": RemoteModel(digest=digest("qwen2.5:7b"), size_bytes=4_400_000_000)},
    )
    observed = replace(observed, disk=Disk(path="/srv/models", free_bytes=180_000_000_000, total_bytes=500_000_000_000))
    declared = spec(
        "llama3.2:3b",
        ModelSpec(name=name("qwen2.5:7b"), update=Update.ALWAYS),
        active="llama3.2:3b",
        alias=name("default"),
        url="http://keeper:secret@127.0.0.1:11434",
    )
    owned = replace(owned, entries={**owned.entries, alias.name: alias})
    step = runtime(declared, observed, owned=owned).plan.steps[0]  # type: ignore[union-attr]
    running = record(id=f"{step.key}-1772366280", key=step.key, transfer=DOWNLOAD, size_bytes=4_400_000_000)
    shown = runtime(declared, observed, owned=owned, operations=(running,))
    past = (ended(2), ended(1, OperationStatus.FAILED, reason=Reason.NOT_FOUND, message="no such model"))
    told = (event(1, events.FILE_ACCEPTED, runtime="", reason=Reason.VALID), event(2))
    return Scene(snapshot=snapshot(shown, events=told), past=past)

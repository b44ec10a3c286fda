"""Short ways to write the values of the core in tests."""

from collections.abc import Mapping
from typing import Any

from venom_modeld.core.desired import GB, ModelSpec, Prune, RuntimeSpec
from venom_modeld.core.drift import diff
from venom_modeld.core.inventory import Entry, Inventory
from venom_modeld.core.names import ModelName, parse_ollama
from venom_modeld.core.observed import Capabilities, InstalledModel, LoadedModel, ObservedState, RemoteModel
from venom_modeld.core.operations import InstallModel, RemoveModel
from venom_modeld.core.plan import Plan, Situation, make_plan
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import Block, BlockKind, Step

ABLE = Capabilities(derive=True, preload=True, alias=True, alias_copies=True, unload=True)


def name(text: str) -> ModelName:
    """Return a name."""
    return parse_ollama(text)


def model(text: str, *, base: str | None = None, **more: Any) -> ModelSpec:
    """Return an entry of the file, derived from `base` if one is given."""
    return ModelSpec(name=name(text), base=name(base) if base else None, **more)


def runtime(
    *models: ModelSpec | str,
    active: str | None = None,
    alias: str | None = None,
    prune: Prune = Prune.MANAGED,
    **more: Any,
) -> RuntimeSpec:
    """Return a runtime of the file."""
    return RuntimeSpec(
        name="one",
        kind="perfect",
        url="http://127.0.0.1:1",
        prune=prune,
        models=tuple(one if isinstance(one, ModelSpec) else model(one) for one in models),
        active=name(active) if active else None,
        alias=name(alias) if alias else None,
        **more,
    )


def installed(*texts: str, size_gb: int = 1) -> dict[ModelName, InstalledModel]:
    """Return installed models, each written as NAME or NAME=VERSION; without a version that is the name."""
    found = {}
    for text in texts:
        written, _, version = text.partition("=")
        found[name(written)] = InstalledModel(
            name=name(written), digest=f"sha256:{version or written}", size_bytes=size_gb * GB
        )
    return found


def remote(**versions: str) -> dict[ModelName, RemoteModel]:
    """Return published versions of a gigabyte each."""
    return {name(text): RemoteModel(digest=f"sha256:{one}", size_bytes=GB) for text, one in versions.items()}


def loaded(text: str, *others: str, pinned: bool = True) -> LoadedModel:
    """Return a loaded model that answers under its own name and others."""
    serves = frozenset(map(name, (text, *others)))
    return LoadedModel(name=name(text), digest=f"sha256:{text}", serves=serves, pinned=pinned, memory_bytes=GB)


def observed(*texts: str, loaded: tuple[LoadedModel, ...] = (), **more: Any) -> ObservedState:
    """Return an observation with these models installed."""
    return ObservedState(installed=installed(*texts), loaded=loaded, **more)


def inventory(*names_or_entries: str | Entry, last_active: str | None = None, **more: Any) -> Inventory:
    """Return an inventory; a name stands for a model that was installed."""
    entries = [one if isinstance(one, Entry) else Entry(name=name(one)) for one in names_or_entries]
    return Inventory(
        entries={entry.name: entry for entry in entries}, last_active=name(last_active) if last_active else None, **more
    )


def planned(
    spec: RuntimeSpec,
    now: ObservedState | None = None,
    remembered: Inventory | None = None,
    *,
    blocks: Mapping[str, BlockKind] | None = None,
    **more: Any,
) -> Plan:
    """Return a plan; `blocks` are by `TYPE NAME`, as `told` writes a step."""
    now, remembered = now or ObservedState(), remembered or Inventory()
    situation = Situation(
        spec=spec,
        observed=now,
        inventory=remembered,
        drift=diff(spec, now, remembered),
        **{"capabilities": ABLE, **more},
    )
    if blocks:
        keys = {step.key: blocks.get(told(step)) for step in make_plan(situation).steps}
        found = {key: block(kind) for key, kind in keys.items() if kind is not None}
        situation = Situation(**{field: getattr(situation, field) for field in situation.__slots__} | {"blocks": found})
    return make_plan(situation)


def block(kind: BlockKind, *, reason: Reason = Reason.FAILED, until: float | None = None) -> Block:
    """Return a block."""
    return Block(kind=kind, reason=reason, message=f"it is {kind}", until=until)


def told(step: Step) -> str:
    """Return a step as `TYPE NAME`."""
    return f"{step.operation.type} {step.operation.model}".removesuffix(":latest")


def steps_of(plan: Plan) -> list[str]:
    """Return the steps of a plan in order, each as `TYPE NAME`."""
    return [told(step) for step in plan.steps]


def step_of(plan: Plan, text: str) -> Step:
    """Return the step that `told` writes so."""
    return next(step for step in plan.steps if told(step) == text)


def waits_of(plan: Plan, text: str) -> list[str]:
    """Return what a step waits for, each as `TYPE NAME`."""
    return [told(step) for step in plan.steps if step.key in step_of(plan, text).after]


def install(text: str, *, size_gb: int | None = 1, **more: Any) -> InstallModel:
    """Return an installation."""
    size = None if size_gb is None else size_gb * GB
    return InstallModel(runtime="one", reason="declared", spec=model(text, **more), size_bytes=size)


def remove(text: str, *, size_gb: int | None = 1, **more: Any) -> RemoveModel:
    """Return a removal."""
    size = None if size_gb is None else size_gb * GB
    digest = more.pop("digest", f"sha256:{text}")
    return RemoveModel(runtime="one", reason="not in the file", name=name(text), digest=digest, size_bytes=size, **more)

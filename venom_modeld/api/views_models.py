"""The models of all runtimes, as the API tells them."""

from collections.abc import Iterator
from dataclasses import dataclass

from venom_modeld.api.models_models import ActiveModel, ModelInfo, ModelsAnswer, ModelState, Service
from venom_modeld.api.values import gigabytes, in_utc, timestamp
from venom_modeld.api.views_common import answers, by_name, done
from venom_modeld.api.views_operations import message
from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.drift import Drift, DriftKind
from venom_modeld.core.events import OperationRecord, OperationStatus
from venom_modeld.core.inventory import Entry, Role
from venom_modeld.core.names import ModelName, Provider
from venom_modeld.core.observed import InstalledModel, LoadedModel
from venom_modeld.core.operations import DOWNLOAD_TYPES, OperationType
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot


def models(snapshot: StatusSnapshot) -> ModelsAnswer:
    """Return the models; those of a runtime that does not answer are its last known ones."""
    found = [rows(snapshot, runtime) for runtime in snapshot.runtimes]
    return around(
        snapshot, [row for one in found for row in one.installed], [row for one in found for row in one.missing]
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """What is told of one runtime's models."""

    installed: list[ModelInfo]
    """Sorted by name."""
    missing: list[ModelInfo]
    """In the order of the file."""


def rows(snapshot: StatusSnapshot, runtime: RuntimeSnapshot) -> Rows:
    """Return the models of one runtime. Of the whole, only its events count, and the runtime itself."""
    shelf = _shelf(done(snapshot, runtime), runtime)
    return Rows(list(shelf.installed()), list(shelf.missing()))


def around(snapshot: StatusSnapshot, installed: list[ModelInfo], missing: list[ModelInfo]) -> ModelsAnswer:
    """Return the answer that has these models, which are those of all runtimes."""
    errors = [_outage(runtime) for runtime in snapshot.runtimes if not answers(runtime)]
    seen = [runtime.observed_at for runtime in snapshot.runtimes if runtime.observed_at is not None]
    return ModelsAnswer(
        count=len(installed),
        models=installed,
        providers={provider: [row for row in installed if row.provider is provider] for provider in Provider},
        missing=missing,
        active=active(snapshot),
        stale=bool(errors),
        error="; ".join(errors) or None,
        fetched_at=timestamp(min(seen, default=None)),
    )


def _outage(runtime: RuntimeSnapshot) -> str:
    why = runtime.unknown.message if runtime.unknown else "it was not asked yet"
    return f"{runtime.spec.name}: {why}"


def active(snapshot: StatusSnapshot) -> ActiveModel:
    """Return the active model of the first runtime that has one, and whether it is served."""
    for runtime in snapshot.runtimes:
        if runtime.spec.active is not None:
            name = runtime.spec.active
            return ActiveModel(
                provider=name.provider, model=name.text, runtime=runtime.spec.name, status=_service(runtime, name)
            )
    return ActiveModel(provider=None, model=None, runtime=None, status=Service.OFFLINE)


def _service(runtime: RuntimeSnapshot, name: ModelName) -> Service:
    if not answers(runtime) or runtime.observed is None:
        return Service.UNKNOWN
    return Service.ONLINE if runtime.observed.serving(name) else Service.OFFLINE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """What is known of one runtime's models, by the keys of their names."""

    runtime: RuntimeSnapshot
    wanted: dict[str, ModelSpec]
    entries: dict[str, Entry]
    serving: dict[str, LoadedModel]
    drift: dict[str, Drift]
    blocks: dict[str, Block]
    work: dict[str, OperationRecord]
    """Operations that are pending or in progress, by the small letters of the model's name."""
    downloading: int
    """How many downloads are in progress."""
    ended: dict[str, OperationType]
    """What was done to models since the runtime was last looked at, which saw them as they were before."""

    def installed(self) -> Iterator[ModelInfo]:
        """Return the models that are there, sorted by name."""
        if self.runtime.observed is not None:
            for name, model in by_name(self.runtime.observed.installed):
                if self.ended.get(name.key) is not OperationType.REMOVE:
                    yield self._row(name, model)

    def missing(self) -> Iterator[ModelInfo]:
        """Return those that must be there and are not; nothing while it is not known what is there."""
        if self.runtime.observed is not None:
            for spec in self.wanted.values():
                if spec.name not in self.runtime.observed.installed:
                    yield self._row(spec.name, None)

    def _row(self, name: ModelName, model: InstalledModel | None) -> ModelInfo:
        key = name.key
        spec, entry, loaded = self.wanted.get(key), self.entries.get(key), self.serving.get(key)
        drift, record = self.drift.get(key), self._record(name)
        size = model.size_bytes if model else drift.size_bytes if drift else None
        return ModelInfo(
            name=name.text,
            provider=name.provider,
            runtime=self.runtime.spec.name,
            size_gb=gigabytes(size),
            active=name == self.runtime.spec.active,
            size_bytes=size,
            digest=model.digest if model else None,
            role=entry.role if entry else self._role(name, model),
            state=self._state(name, model),
            message=self._message(name),
            drift=drift.kind if drift else None,
            loaded=loaded is not None,
            pinned=loaded is not None and loaded.pinned,
            declared=spec is not None and spec.needed_by is None,
            managed=spec is not None or entry is not None,
            keep=spec.keep if spec else name in self.runtime.inventory.kept,
            operation_id=record.id if record else None,
            capabilities=list(model.capabilities) if model else [],
            family=model.family if model else None,
            parameter_size=model.parameter_size if model else None,
            quantization=model.quantization if model else None,
            modified_at=in_utc(model.modified_at) if model else None,
            stale=self.runtime.unknown is not None,
        )

    def _role(self, name: ModelName, model: InstalledModel | None) -> Role:
        """Return what a name is that nobody put there: some servers tell their alias as one more name."""
        if model is None or name != self.runtime.spec.alias:
            return Role.MODEL
        return Role.ALIAS if model.digest in {one.digest for one in self.serving.values()} else Role.MODEL

    def _record(self, name: ModelName) -> OperationRecord | None:
        return self.work.get(name.text.lower())

    def _state(self, name: ModelName, model: InstalledModel | None) -> ModelState:
        record, block, drift = self._record(name), self.blocks.get(name.key), self.drift.get(name.key)
        if record is not None and record.status is OperationStatus.IN_PROGRESS and record.type in _DOING:
            return _DOING[record.type]
        if self.ended.get(name.key) in _DOING:
            return _DOING[self.ended[name.key]]
        if block is not None and block.kind is BlockKind.STALLED:
            return ModelState.STALLED
        if model is None:
            return ModelState.MISSING
        if drift is not None and drift.kind in _DIFFERING:
            return _DIFFERING[drift.kind]
        return self._at_rest(name)

    def _at_rest(self, name: ModelName) -> ModelState:
        wanted, loaded = name.key in self.wanted, name.key in self.serving
        if wanted and loaded:
            return ModelState.ACTIVE if name == self.runtime.spec.active else ModelState.LOADED
        if not wanted and name in self.runtime.inventory.kept:
            return ModelState.KEPT
        if not wanted and name.key not in self.entries:
            return ModelState.UNMANAGED
        return ModelState.LOADED if loaded else ModelState.INSTALLED

    def _message(self, name: ModelName) -> str | None:
        record, block, drift = self._record(name), self.blocks.get(name.key), self.drift.get(name.key)
        if record is not None:
            return message(record) if block else message(record) + self._queue(record)
        if name.key in self.ended:
            return "done; what is there now is looked at"
        return block.message if block else drift.message if drift else None

    def _queue(self, record: OperationRecord) -> str:
        """Return what a download that was not begun waits for."""
        if record.status is not OperationStatus.PENDING or record.type not in DOWNLOAD_TYPES:
            return ""
        before = self.downloading
        return f": waits for {before} other download{'s' if before > 1 else ''}" if before else ""


_DOING = {
    OperationType.INSTALL: ModelState.DOWNLOADING,
    OperationType.UPDATE: ModelState.UPDATING,
    OperationType.REMOVE: ModelState.REMOVING,
}
_DIFFERING = {DriftKind.OUTDATED: ModelState.OUTDATED, DriftKind.CHANGED: ModelState.CHANGED}


def _shelf(over: frozenset[str], runtime: RuntimeSnapshot) -> _Shelf:
    plan, loaded = runtime.plan, runtime.observed.loaded if runtime.observed else ()
    steps = plan.steps if plan else ()
    return _Shelf(
        runtime=runtime,
        wanted={name.key: spec for name, spec in runtime.spec.everything.items()},
        entries={name.key: entry for name, entry in runtime.inventory.entries.items()},
        serving={name.key: model for model in reversed(loaded) for name in model.serves},
        drift=_first_of_each(runtime.drift),
        blocks={step.operation.model.key: step.block for step in reversed(steps) if step.block},
        work=_work(tuple(one for one in runtime.operations if one.key not in over)),
        downloading=sum(
            one.type in DOWNLOAD_TYPES for one in runtime.operations if one.status is OperationStatus.IN_PROGRESS
        ),
        ended={step.operation.model.key: step.operation.type for step in steps if step.key in over},
    )


def _first_of_each(drift: tuple[Drift, ...]) -> dict[str, Drift]:
    """Return one difference of each model: what is wrong on disk says more than what is not loaded for it."""
    ranked = sorted(drift, key=lambda one: one.in_memory, reverse=True)
    return {one.model.key: one for one in ranked}


def _work(operations: tuple[OperationRecord, ...]) -> dict[str, OperationRecord]:
    """Return what is going on or waits by model; what is in progress goes before what waits."""
    found = {record.model.lower(): record for record in operations if record.status is OperationStatus.PENDING}
    running = (record for record in operations if record.status is OperationStatus.IN_PROGRESS)
    return found | {record.model.lower(): record for record in running}

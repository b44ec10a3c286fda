"""The whole and its runtimes, as the API tells them."""

from functools import cache
from importlib.metadata import version
from urllib.parse import urlsplit, urlunsplit

from venom_modeld.api.models_source import SourceInfo
from venom_modeld.api.models_status import (
    ActiveSlot,
    DiskInfo,
    FileInfo,
    LoadedInfo,
    RuntimeInfo,
    RuntimesAnswer,
    RuntimeStatus,
    StatusAnswer,
)
from venom_modeld.api.values import gigabytes, in_utc, timestamp
from venom_modeld.api.views_common import answers, condition_info, counts, reached, steps, suspended, total
from venom_modeld.core.conditions import Condition, ConditionType, Truth
from venom_modeld.core.observed import Disk, LoadedModel
from venom_modeld.core.origin import Origin
from venom_modeld.core.plan import BlockKind
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot


@cache
def program_version() -> str:
    """Return the version of the daemon."""
    return version("venom-modeld")


def status(snapshot: StatusSnapshot) -> StatusAnswer:
    """Return everything at a glance."""
    runtimes = [_runtime_status(snapshot, runtime) for runtime in snapshot.runtimes]
    sums = total(runtime.counts for runtime in runtimes)
    return StatusAnswer(
        host=snapshot.host,
        version=program_version(),
        summary=_summary(snapshot, working=sums.in_progress + sums.pending, waiting=sums.waiting),
        started_at=timestamp(snapshot.started_at),
        made_at=timestamp(snapshot.made_at),
        suspended=snapshot.desired is not None and snapshot.desired.suspend,
        generation=snapshot.desired.generation if snapshot.desired else None,
        observed_generation=min((runtime.observed_generation for runtime in snapshot.runtimes), default=None),
        file=_file(snapshot),
        conditions=[condition_info(condition) for condition in snapshot.conditions],
        counts=sums,
        runtimes=runtimes,
    )


def _file(snapshot: StatusSnapshot) -> FileInfo:
    file = snapshot.file
    applied = {runtime.converged_revision for runtime in snapshot.runtimes}
    return FileInfo(
        path=file.path,
        valid=file.revision is not None and not file.problems,
        revision=file.revision,
        accepted_at=timestamp(file.accepted_at),
        attempted_revision=file.attempted_revision,
        applied_revision=applied.pop() if len(applied) == 1 else None,
        problems=list(file.problems),
        problems_since=timestamp(file.problems_since),
        author=file.author or None,
        source=_source(file.origin) if file.origin else None,
    )


def _source(origin: Origin) -> SourceInfo:
    commit = origin.commit
    return SourceInfo(
        url=origin.url,
        ref=origin.ref,
        commit=commit.id if commit else None,
        author=commit.author if commit else None,
        subject=commit.subject if commit else None,
        fetched_at=timestamp(origin.fetched_at),
        reason=origin.reason,
        error=origin.message or None,
        failing_since=timestamp(origin.failing_since),
    )


def _runtime_status(snapshot: StatusSnapshot, runtime: RuntimeSnapshot) -> RuntimeStatus:
    unsafe = runtime.plan.unsafe if runtime.plan else None
    return RuntimeStatus(
        **reached(runtime, snapshot.made_at),
        suspended=suspended(snapshot, runtime),
        observed_generation=runtime.observed_generation,
        applied_revision=runtime.converged_revision,
        unsafe_digest=unsafe.digest if unsafe else None,
        conditions=[condition_info(condition) for condition in runtime.conditions],
        counts=counts(snapshot, runtime),
    )


def _summary(snapshot: StatusSnapshot, *, working: int, waiting: int) -> str:
    """Return the state of the whole in words: what a person must see to first comes first."""
    lost = [runtime.spec.name for runtime in snapshot.runtimes if answers(runtime) is False]
    attention = _attention(snapshot)
    if attention:
        return f"Needs attention: {attention}"
    if lost:
        return f"Unknown: {', '.join(lost)} {'does' if len(lost) == 1 else 'do'} not answer"
    if snapshot.desired is None or any(answers(runtime) is None for runtime in snapshot.runtimes):
        return "Starting"
    if working:
        return f"Working: {working}"
    return f"Waiting: {waiting}" if waiting else "In sync"


def _attention(snapshot: StatusSnapshot) -> int:
    """Return how many things will stay wrong until a person does something; what a person held is none of them."""
    stalled = sum(
        step.block is not None and step.block.kind is BlockKind.STALLED
        for runtime in snapshot.runtimes
        for step in steps(runtime)
    )
    unsafe = sum(runtime.plan is not None and runtime.plan.unsafe is not None for runtime in snapshot.runtimes)
    return bool(snapshot.file.problems) + stalled + unsafe


def not_ready(snapshot: StatusSnapshot) -> list[str]:
    """Return why not everything is as the file says, runtime by runtime; nothing where it is."""
    reasons = [
        f"{runtime.spec.name}: {condition.message}"
        for runtime in snapshot.runtimes
        for condition in runtime.conditions
        if _says_no(condition)
    ]
    if any(condition.type is ConditionType.READY for condition in snapshot.conditions):
        return reasons or [condition.message for condition in snapshot.conditions if _says_no(condition)]
    return reasons or ["the first cycle is not done yet"]


def _says_no(condition: Condition) -> bool:
    return condition.type is ConditionType.READY and condition.status is not Truth.TRUE


def runtimes(snapshot: StatusSnapshot) -> RuntimesAnswer:
    """Return every runtime in full."""
    return RuntimesAnswer(runtimes=[_runtime(snapshot, runtime) for runtime in snapshot.runtimes])


def _runtime(snapshot: StatusSnapshot, runtime: RuntimeSnapshot) -> RuntimeInfo:
    observed, size = runtime.observed, _models_bytes(runtime)
    loaded = sorted(observed.loaded, key=lambda one: one.name.key) if observed else []
    return RuntimeInfo(
        **reached(runtime, snapshot.made_at),
        url=without_credentials(runtime.spec.url),
        prune=runtime.spec.prune,
        suspended=suspended(snapshot, runtime),
        runtime_version=observed.version if observed else None,
        active=_active(runtime),
        loaded=[_loaded(one) for one in loaded],
        models_bytes=size,
        models_gb=gigabytes(size),
        disk=_disk(observed.disk) if observed and observed.disk else None,
        observed_generation=runtime.observed_generation,
        applied_revision=runtime.converged_revision,
        cycles=runtime.cycles,
        cycle_seconds=runtime.cycle_seconds,
        conditions=[condition_info(condition) for condition in runtime.conditions],
        counts=counts(snapshot, runtime),
    )


def without_credentials(url: str) -> str:
    """Return an address without the user and the password that it may hold."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _models_bytes(runtime: RuntimeSnapshot) -> int | None:
    """Return the sum of the sizes, or None where one is not known. Names of one version share what is on disk."""
    if runtime.observed is None:
        return None
    sizes: dict[str, int | None] = {}
    for model in runtime.observed.installed.values():
        sizes[model.digest] = sizes.get(model.digest) or model.size_bytes
    known = [size for size in sizes.values() if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _active(runtime: RuntimeSnapshot) -> ActiveSlot:
    spec, observed = runtime.spec, runtime.observed
    known = spec.active is not None and observed is not None and runtime.unknown is None
    return ActiveSlot(
        model=spec.active.text if spec.active else None,
        alias=spec.alias.text if spec.alias else None,
        loaded=observed.serving(spec.active) is not None if known and observed and spec.active else None,
        last_active=runtime.inventory.last_active.text if runtime.inventory.last_active else None,
    )


def _loaded(model: LoadedModel) -> LoadedInfo:
    return LoadedInfo(
        name=model.name.text,
        digest=model.digest,
        serves=[name.text for name in sorted(model.serves)],
        pinned=model.pinned,
        memory_bytes=model.memory_bytes,
        vram_bytes=model.vram_bytes,
        expires_at=in_utc(model.expires_at),
        context_length=model.context_length,
    )


def _disk(disk: Disk) -> DiskInfo:
    return DiskInfo(
        path=disk.path,
        free_bytes=disk.free_bytes,
        free_gb=gigabytes(disk.free_bytes),
        total_bytes=disk.total_bytes,
        total_gb=gigabytes(disk.total_bytes),
    )

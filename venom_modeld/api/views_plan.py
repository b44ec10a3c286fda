"""What differs and what is to be done about it, as the API tells it."""

from venom_modeld.api.models_plan import BlockInfo, DriftInfo, PlanAnswer, RuntimePlan, StepInfo, UnsafeInfo
from venom_modeld.api.values import gigabytes, timestamp
from venom_modeld.api.views_common import reached, steps
from venom_modeld.core.drift import Drift
from venom_modeld.core.plan import Block, Step, Unsafe
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot


def plan(snapshot: StatusSnapshot) -> PlanAnswer:
    """Return the drift and the plan of every runtime."""
    return PlanAnswer(
        revision=snapshot.file.revision,
        empty=all(_has_nothing_to_do(runtime) for runtime in snapshot.runtimes),
        runtimes=[_runtime(runtime, snapshot.made_at) for runtime in snapshot.runtimes],
    )


def _has_nothing_to_do(runtime: RuntimeSnapshot) -> bool:
    return runtime.unknown is None and runtime.plan is not None and not runtime.plan.steps


def _runtime(runtime: RuntimeSnapshot, made_at: float) -> RuntimePlan:
    known = runtime.plan
    return RuntimePlan(
        **reached(runtime, made_at),
        digest=known.digest if known else None,
        drift=[_drift(one) for one in runtime.drift],
        steps=[_step(step) for step in steps(runtime)],
        unsafe=unsafe_info(known.unsafe) if known and known.unsafe else None,
        install_bytes=known.install_bytes if known else None,
        install_gb=gigabytes(known.install_bytes) if known else None,
        freed_bytes=known.freed_bytes if known else None,
        freed_gb=gigabytes(known.freed_bytes) if known else None,
    )


def _drift(drift: Drift) -> DriftInfo:
    return DriftInfo(
        kind=drift.kind,
        model=drift.model.text,
        provider=drift.model.provider,
        message=drift.message,
        in_memory=drift.in_memory,
        size_bytes=drift.size_bytes,
        size_gb=gigabytes(drift.size_bytes),
    )


def _step(step: Step) -> StepInfo:
    operation = step.operation
    return StepInfo(
        key=step.key,
        operation=operation.type,
        model=operation.model.text,
        provider=operation.model.provider,
        reason=operation.reason,
        size_bytes=operation.size_bytes,
        size_gb=gigabytes(operation.size_bytes),
        after=list(step.after),
        block=block_info(step.block) if step.block else None,
    )


def block_info(block: Block) -> BlockInfo:
    """Return what keeps a step from being taken."""
    return BlockInfo(
        kind=block.kind,
        reason=block.reason,
        message=block.message,
        until=timestamp(block.until),
        attempts=block.attempts,
    )


def unsafe_info(unsafe: Unsafe) -> UnsafeInfo:
    """Return removals that wait for an approval."""
    return UnsafeInfo(
        digest=unsafe.digest,
        reasons=list(unsafe.reasons),
        models=list(unsafe.models),
        freed_bytes=unsafe.freed_bytes,
        freed_gb=gigabytes(unsafe.freed_bytes),
    )

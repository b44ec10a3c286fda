"""What a person reviewed before asking for it to be done, and when there is nothing left to do of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from venom_modeld.core.errors import PermanentError
from venom_modeld.core.operations import Operation
from venom_modeld.core.plan import Plan, Step
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import BlockKind
from venom_modeld.engine.preview import PlanReport
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot

TRIES = 3
"""How often what fails for a time is tried before it is left undone."""


class OutdatedPlan(PermanentError):
    """The present plan is not the one that was reviewed."""


@dataclass(frozen=True, slots=True)
class Review:
    """The operations that may be done; None stands for all, without a review."""

    reviewed: frozenset[tuple[str, str, str]] | None = None
    unsafe: frozenset[str] = field(default_factory=frozenset)
    """The digests of the unsafe plans that were reviewed."""

    @classmethod
    def of(cls, report: PlanReport, digest: str) -> "Review":
        """Return the review of the plan of that digest; raises OutdatedPlan if the present one is another."""
        if report.digest != digest:
            message = (
                f"the plan is not the one that was reviewed: it is now {report.digest}, not {digest};"
                " look at `venom-modeld plan` again"
            )
            raise OutdatedPlan(message, reason=Reason.PENDING)
        plans = [one.plan for one in report.runtimes if one.plan is not None]
        return cls(
            frozenset(_identity(step.operation) for plan in plans for step in plan.steps),
            frozenset(plan.unsafe.digest for plan in plans if plan.unsafe is not None),
        )

    def permits(self, operation: Operation) -> bool:
        """Tell whether an operation was reviewed, or none had to be."""
        return self.reviewed is None or _identity(operation) in self.reviewed

    async def approve(self, snapshot: StatusSnapshot, approve: Callable[[str], Awaitable[object]]) -> None:
        """Approve the removals that were reviewed."""
        for runtime in snapshot.runtimes:
            unsafe = runtime.plan.unsafe if runtime.plan else None
            if unsafe is not None and unsafe.digest in self.unsafe:
                await approve(unsafe.digest)

    def is_done(self, snapshot: StatusSnapshot) -> bool:
        """Tell whether nothing is left that would be done without a person."""
        wanted = snapshot.desired.generation if snapshot.desired else 0
        return all(self._is_done(runtime, wanted) for runtime in snapshot.runtimes)

    def _is_done(self, runtime: RuntimeSnapshot, generation: int) -> bool:
        if runtime.observed_generation != generation:
            return False
        if runtime.unknown is not None:
            return runtime.cycles >= TRIES
        return runtime.plan is not None and len(self._stuck(runtime.plan)) == len(runtime.plan.steps)

    def _stuck(self, plan: Plan) -> set[str]:
        """Return the keys of the steps that will not be taken; what waits for such a step will not be either."""
        stuck: set[str] = set()
        for step in plan.steps:
            reviewed = plan.unsafe is not None and plan.unsafe.digest in self.unsafe
            if self._is_stopped(step, reviewed=reviewed) or not stuck.isdisjoint(step.after):
                stuck.add(step.key)
        return stuck

    def _is_stopped(self, step: Step, *, reviewed: bool) -> bool:
        if not self.permits(step.operation):
            return True
        if step.block is None or (step.block.kind is BlockKind.UNSAFE and reviewed):
            return False
        return step.block.needs_a_person or step.block.attempts >= TRIES


def _identity(operation: Operation) -> tuple[str, str, str]:
    """Return what a person saw of an operation: a model's version is known only after it is installed."""
    return (operation.runtime, operation.type.value, operation.model.key)

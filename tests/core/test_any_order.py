"""The core against everything at once: edits, people, moved tags, failures, crashes and cuts, in any order.

Nothing here is timed: the machine decides which operation moves by one effect, when the daemon looks, and when it dies.
After every step it holds what must never happen against what did; at the end the faults stop, and it must converge.
"""

from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.core.strategies import ALIASES, EVERY, HOLDS, MINE, PLAIN, VERSIONS, daemons, specs
from tests.core.world import Daemon, published, unreachable
from venom_modeld.core.brakes import Removal, removal_of
from venom_modeld.core.desired import GB, Prune, RuntimeSpec, with_bases
from venom_modeld.core.drift import is_held
from venom_modeld.core.inventory import Role
from venom_modeld.core.names import ModelName
from venom_modeld.core.operations import (
    ActivateModel,
    DeactivateModel,
    InstallModel,
    Operation,
    RemoveModel,
    UpdateModel,
)
from venom_modeld.core.plan import BlockKind, Step
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import coming_steps


class AnyOrder(RuleBasedStateMachine):
    """One host and its daemon."""

    daemon: Daemon

    @initialize(daemon=daemons(disks=True))
    def begin(self, daemon: Daemon) -> None:
        """Start on a host in any state."""
        self.daemon = daemon
        self.removed: set[Removal] = set()
        """What was removed since the last edit without an approval and without anybody's meddling."""
        self.by_hand = daemon.runtime.installed.keys() - daemon.inventory.entries.keys() - set(HOLDS)
        """What a person put there."""

    # What the daemon does

    @rule()
    def look(self) -> None:
        """Run a cycle, and judge each operation that it starts by what was so just before."""
        seen = len(self.daemon.log)
        self.daemon.cycle()
        for operation in self.daemon.log[seen:]:
            self._judge(operation)

    @precondition(lambda self: self.daemon.flights)
    @rule(index=st.integers(0, 5), effects=st.integers(1, 6))
    def move(self, index: int, effects: int) -> None:
        """Let one operation do some of its effects."""
        flight = self.daemon.flights[index % len(self.daemon.flights)]
        for _ in range(effects):
            if flight in self.daemon.flights:
                self.daemon.step(self.daemon.flights.index(flight))

    # What befalls it

    @precondition(lambda self: self.daemon.flights)
    @rule(index=st.integers(0, 5), kind=st.sampled_from((BlockKind.BACKOFF, BlockKind.STALLED, BlockKind.HELD)))
    def fail(self, index: int, kind: BlockKind) -> None:
        """Let an operation fail where it is."""
        flight = self.daemon.flights[index % len(self.daemon.flights)]
        self.daemon.fail(flight, kind, Reason.FAILED)

    @rule()
    def crash(self) -> None:
        """Kill the daemon and start it again."""
        self.daemon.crash()

    @rule()
    def wait(self) -> None:
        """Let backoffs pass."""
        self.daemon.wait()

    @rule(spec=specs())
    def edit(self, spec: RuntimeSpec) -> None:
        """Put another file in force."""
        self.daemon.spec = spec
        self.removed = set()

    @rule(suspended=st.booleans())
    def suspend(self, suspended: bool) -> None:
        """Suspend or resume the runtime."""
        self.daemon.suspended = suspended

    @rule()
    def approve(self) -> None:
        """Approve what is unsafe now."""
        self.daemon.approve()

    @rule(name=st.sampled_from(PLAIN), digest=st.sampled_from(VERSIONS))
    def publish(self, name: ModelName, digest: str) -> None:
        """Move a tag."""
        self.daemon.runtime.published[name] = published(digest, 1 + VERSIONS.index(digest))

    @rule(name=st.sampled_from((*PLAIN, MINE, *ALIASES)), digest=st.sampled_from(VERSIONS))
    def meddle(self, name: ModelName, digest: str) -> None:
        """Let a person put a model there."""
        self.daemon.runtime.put(name, digest, GB)
        self.removed = set()
        if name not in self.daemon.inventory.entries.keys() | _names_in_flight(self.daemon):
            self.by_hand.add(name)

    @rule(name=st.sampled_from(EVERY))
    def take_away(self, name: ModelName) -> None:
        """Let a person delete a model."""
        self.daemon.runtime.delete(name)
        self.by_hand.discard(name)

    @rule(names=st.frozensets(st.sampled_from(PLAIN), max_size=2))
    def damage(self, names: frozenset[ModelName]) -> None:
        """Let some models be such that they cannot be loaded."""
        self.daemon.runtime.broken = names

    @rule()
    def forget_memory(self) -> None:
        """Let clients reset all pins, or the server restart."""
        self.daemon.runtime.runners = {}

    # What must never be

    def _judge(self, operation: Operation) -> None:
        daemon = self.daemon
        assert not daemon.suspended
        assert operation.model in _allowed(daemon)
        match operation:
            case RemoveModel():
                self._judge_removal(operation)
            case DeactivateModel():
                serving = daemon.observed.serving(operation.model)
                assert serving is None or daemon.inventory.last_active not in serving.serves or _has_successor(daemon)
            case InstallModel() | UpdateModel() if operation.spec.base is not None:
                self.by_hand.discard(operation.model)
            case InstallModel() | UpdateModel():
                disk = daemon.observed.disk
                assert disk is None or (operation.size_bytes or 0) < disk.free_bytes
                if isinstance(operation, InstallModel):
                    self.by_hand.discard(operation.model)
            case ActivateModel() if operation.alias in self.by_hand:
                assert daemon.spec.prune is Prune.ALL
                self.by_hand.discard(operation.alias)

    def _judge_removal(self, operation: RemoveModel) -> None:
        daemon, spec = self.daemon, self.daemon.spec
        assert operation.model not in self.by_hand or spec.prune is Prune.ALL
        assert operation.model != daemon.inventory.last_active or _has_successor(daemon)
        self.by_hand.discard(operation.model)
        if operation.role is Role.HOLD:
            return
        assert spec.prune is not Prune.NEVER
        assert operation.model not in daemon.inventory.kept
        if operation.role is Role.MODEL and removal_of(operation) not in daemon.approved:
            self.removed.add(removal_of(operation))
            assert len(self.removed) <= spec.limits.removals
            coming = {step.operation.model for step in daemon.plan.steps if _is_load(step) and step.coming}
            assert {model.name for model in spec.models} & (daemon.observed.installed.keys() | coming)

    @invariant()
    def nothing_runs_into_another(self) -> None:
        """Hold the rules of what may be in flight together."""
        running = self.daemon.in_flight
        downloads = [one for one in running if isinstance(one, InstallModel | UpdateModel) and one.spec.base is None]
        changes = [one for one in running if one not in downloads]
        assert max(Counter(one.model for one in running).values(), default=0) <= 1
        assert len(changes) <= 1
        assert not (downloads and any(isinstance(one, RemoveModel) for one in changes))

    @invariant()
    def a_plan_is_in_order(self) -> None:
        """Hold that a plan has no step twice and none before those that it waits for."""
        seen: set[str] = set()
        keys = {step.key for step in self.daemon.plan.steps}
        for step in self.daemon.plan.steps:
            assert step.key not in seen
            assert keys.intersection(step.after) <= seen
            seen.add(step.key)

    def teardown(self) -> None:
        """Hold that nothing waits for ever; then stop the faults: what can be reached must be reached."""
        daemon = self.daemon
        daemon.suspended = False
        daemon.settle()
        assert coming_steps(daemon.plan.steps) == []
        daemon.mend()
        daemon.converge()
        assert unreachable(daemon) == []
        assert bool(daemon.drift) == bool(daemon.plan.steps)


def _names_in_flight(daemon: Daemon) -> set[ModelName]:
    """Return the names that operations in flight put there."""
    aliases = {one.alias for one in daemon.in_flight if isinstance(one, ActivateModel) and one.alias}
    return {one.model for one in daemon.in_flight} | aliases


def _is_load(step: Step) -> bool:
    return isinstance(step.operation, InstallModel | UpdateModel)


def _has_successor(daemon: Daemon) -> bool:
    active = daemon.spec.active
    return active is None or is_held(active, None, daemon.observed)


def _allowed(daemon: Daemon) -> set[ModelName]:
    spec, inventory = daemon.spec, daemon.inventory
    allowed = {model.name for model in with_bases(spec.models)} | inventory.entries.keys() | inventory.pinned
    allowed |= {inventory.last_active} if inventory.last_active else set()
    return allowed | (daemon.observed.installed.keys() if spec.prune is Prune.ALL else set())


@pytest.mark.timeout(900)
class TestAnyOrder(AnyOrder.TestCase):
    """The machine as a test; a failure takes its time to be made small."""

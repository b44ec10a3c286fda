"""A cycle that meets a fault of the program: people see it, nothing else stops, and it passes with the fault."""

from collections.abc import Collection

import pytest

from tests.conftest import eventually
from tests.engine.conftest import House
from tests.engine.world import MemoryRuntime, Server, declared
from venom_modeld.core.conditions import Condition, ConditionType, Truth
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import ObservedState
from venom_modeld.core.reasons import Reason
from venom_modeld.state.snapshot import RuntimeSnapshot


class FaultyRuntime(MemoryRuntime):
    """A driver with a fault that can be turned on and off."""

    faulty = False
    looks = 0

    async def observe(self, interest: Collection[ModelName]) -> ObservedState:
        """Return what is there, or meet the fault."""
        self.looks += 1
        if self.faulty:
            raise KeyError("http://keeper:secret@one")
        return await super().observe(interest)


@pytest.fixture
def faulty(house: House, server: Server) -> FaultyRuntime:
    """Give the runtime that the engine will use."""
    runtime = FaultyRuntime(server)
    house.engine._make = lambda _: runtime
    return runtime


def ready(runtime: RuntimeSnapshot) -> Condition | None:
    """Return the condition Ready, where there is one yet."""
    return next((one for one in runtime.conditions if one.type is ConditionType.READY), None)


def is_broken(runtime: RuntimeSnapshot) -> bool:
    """Tell whether the fault is shown."""
    found = ready(runtime)
    return found is not None and found.reason is Reason.INTERNAL_ERROR


async def test_a_fault_of_the_program_is_shown_until_it_has_passed(house: House, faulty: FaultyRuntime) -> None:
    """Ready is False with a sentence of what happened and what to do, for the runtime and for the whole."""
    await house.desire(declared("a"))
    before = await house.converged()
    faulty.faulty = True
    shown = await house.until(is_broken)
    found = ready(shown)
    assert found is not None
    assert found.status is Truth.FALSE
    assert "a fault of its own (KeyError)" in found.message
    assert "report it" in found.message
    assert "secret" not in found.message
    assert [one.type for one in shown.conditions] == [one.type for one in before.conditions]
    assert shown.observed == before.observed
    whole = {one.type: one.reason for one in house.hub.present.conditions}
    assert whole[ConditionType.READY] is Reason.INTERNAL_ERROR
    faulty.faulty = False
    after = ready(await house.until(lambda now: not is_broken(now)))
    assert after is not None
    assert after.status is Truth.TRUE
    assert after.last_transition_time >= found.last_transition_time


async def test_a_fault_in_the_first_cycle_is_shown(house: House, faulty: FaultyRuntime) -> None:
    """Nothing but the fault is known then."""
    faulty.faulty = True
    await house.desire(declared("a"))
    await eventually(lambda: any(map(is_broken, house.hub.present.runtimes)))
    faulty.faulty = False
    await house.converged()


async def test_a_fault_that_stands_in_the_way_of_its_own_report_stops_nothing(
    house: House, faulty: FaultyRuntime
) -> None:
    """The loop goes on looking, and all is shown again when the fault has passed."""

    def meet(_: RuntimeSnapshot) -> RuntimeSnapshot:
        raise KeyError("one")

    await house.desire(declared("a"))
    await house.converged()
    refresh = house.board._refreshers["one"]
    house.board.watch("one", meet)
    looks = faulty.looks
    await eventually(lambda: faulty.looks > looks + 2)
    house.board.watch("one", refresh)
    await house.cycles(1)
    await house.converged()

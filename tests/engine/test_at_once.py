"""What is cancelled in the very moment in which it was begun, before its task could take a first step."""

from tests.conftest import eventually
from tests.engine.conftest import House
from tests.engine.world import Server, declared, name
from venom_modeld.core.events import OperationStatus
from venom_modeld.core.operations import InstallModel
from venom_modeld.engine.executor import Cause

A, B = name("a"), name("b")


async def test_an_operation_that_is_cancelled_at_once_is_over(house: House, server: Server) -> None:
    """It does nothing, is told as cancelled, and keeps no other one from its place."""
    await house.desire(declared("b"))
    await house.converged()
    worker = house.engine.workers["one"]
    operation = InstallModel(runtime="one", reason="declared", spec=declared("a").models[0])
    worker._executor.start(operation, Cause(revision="sha256:1", generation=1))
    worker._executor.cancel(operation.key, "a person said so", hold=True)
    await eventually(lambda: not worker._executor.in_flight)
    assert A not in server.installed
    told = (await house.store.operations(1))[0]
    assert (told.model, told.status, told.message) == (A.text, OperationStatus.CANCELLED, "a person said so")
    await house.desire(declared("a", "b"))
    await house.converged()
    assert A in server.installed


async def test_a_look_up_that_is_cancelled_at_once_is_made_anew(house: House, server: Server) -> None:
    """A model whose answer nobody awaits any more is asked for again."""
    await house.desire(declared("b"))
    await house.converged()
    lookups = house.engine.workers["one"]._lookups
    lookups.refresh(declared("a").models)
    lookups.renew(A)
    await lookups.settle()
    assert not lookups.asking
    lookups.refresh(declared("a").models)
    await lookups.settle()
    assert lookups.known[A].digest == server.digest_of(A)

"""When a loop looks again: never late, never in a spin."""

import asyncio

import pytest

from tests.engine.world import MemoryRuntime, Server, name
from venom_modeld.core.desired import ModelSpec, Prune, RuntimeSpec, Update
from venom_modeld.core.observed import Unknown
from venom_modeld.engine.executor import Cause
from venom_modeld.engine.lookups import Lookups
from venom_modeld.engine.loop import Rhythm
from venom_modeld.engine.reconciler import Order, Outcome

RHYTHM = Rhythm(interval=30.0, retry_interval=5.0, draw=lambda: 0.5)
ORDER = Order(
    spec=RuntimeSpec(name="one", kind="memory", url="", prune=Prune.NEVER), cause=Cause(revision="", generation=1)
)
HEALTHY = Outcome(order=ORDER)
LOST = Outcome(order=ORDER, unknown=Unknown(reason="Unreachable", message="nobody answers"))


@pytest.mark.parametrize(
    ("outcome", "until", "seconds"),
    [
        pytest.param(HEALTHY, None, 30.0, id="nothing else is due"),
        pytest.param(HEALTHY, 3.0, 3.0, id="a backoff ends sooner"),
        pytest.param(HEALTHY, -1.0, 0.0, id="something is due already"),
        pytest.param(HEALTHY, 90.0, 30.0, id="what is due later does not delay"),
        pytest.param(LOST, None, 5.0, id="a lost runtime is asked more often"),
        pytest.param(LOST, -1.0, 5.0, id="what is due on a lost runtime waits for it"),
        pytest.param(None, -1.0, 5.0, id="a cycle that failed is not repeated at once"),
    ],
)
def test_the_rest_between_cycles(outcome: Outcome | None, until: float | None, seconds: float) -> None:
    """The loop sleeps until the first thing that it can do."""
    assert RHYTHM.rest(outcome, until) == pytest.approx(seconds)


async def test_an_answer_that_is_being_renewed_is_not_due() -> None:
    """A slow provider must not make the loop spin while it is being asked."""
    server, now, answered = Server(), 100.0, asyncio.Event()
    lookups = Lookups(MemoryRuntime(server), interval=10.0, clock=lambda: now, wake=answered.set)
    follow = ModelSpec(name=name("a"), update=Update.ALWAYS)
    lookups.refresh([follow])
    await lookups.settle()
    assert lookups.next_due() == 110.0
    now = 111.0
    server.gates["look_up", follow.name] = asyncio.Event()
    lookups.refresh([follow])
    assert lookups.asking == {follow.name}
    assert lookups.next_due() is None
    server.gates["look_up", follow.name].set()
    await lookups.settle()
    assert lookups.next_due() == 121.0


async def test_what_a_provider_said_before_a_download_is_asked_anew() -> None:
    """Also an answer that is on its way is not taken; what was said before is known until then."""
    server, woken = Server(), asyncio.Event()
    lookups = Lookups(MemoryRuntime(server), interval=10.0, clock=lambda: 100.0, wake=woken.set)
    follow = ModelSpec(name=name("a"), update=Update.ALWAYS)
    lookups.renew(follow.name)
    lookups.refresh([follow])
    await lookups.settle()
    assert lookups.next_due() == 110.0
    lookups.renew(follow.name)
    assert lookups.next_due() == 100.0
    gate = server.gates["look_up", follow.name] = asyncio.Event()
    lookups.refresh([follow])
    await asyncio.sleep(0)
    woken.clear()
    lookups.renew(follow.name)
    await woken.wait()
    assert (follow.name in lookups.known, lookups.asking) == (True, frozenset())
    gate.set()
    lookups.refresh([follow])
    await lookups.settle()
    assert lookups.next_due() == 110.0

"""A model that nobody has is told with what to write instead, where somebody knows."""

import pytest

from tests.engine.conftest import House
from tests.engine.world import Server, declared, name
from venom_modeld.core import events
from venom_modeld.core.conditions import ConditionType, Truth
from venom_modeld.core.desired import ModelSpec, RuntimeSpec
from venom_modeld.core.errors import PermanentError
from venom_modeld.core.reasons import Reason
from venom_modeld.state.snapshot import RuntimeSnapshot

A = name("a")


def is_stalled(now: RuntimeSnapshot) -> bool:
    """Tell whether something waits for a person."""
    return any(one.type is ConditionType.STALLED and one.status is Truth.TRUE for one in now.conditions)


class Librarian:
    """Somebody who knows a few names."""

    def __init__(self, says: str | None) -> None:
        self.says = says
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, kind: str, name: str) -> str | None:
        """Answer."""
        self.asked.append((kind, name))
        return self.says


@pytest.mark.parametrize(
    ("says", "reason", "message", "asked"),
    [
        (
            "Write b.",
            Reason.NOT_FOUND,
            "one: there is no a:latest. Write b.",
            [("memory", "a:latest")],
        ),
        (None, Reason.NOT_FOUND, "one: there is no a:latest.", [("memory", "a:latest")]),
        ("Write b.", Reason.NOT_SERVABLE, "one: there is no a:latest.", []),
    ],
)
async def test_a_missing_model_is_told_with_what_to_write_instead(
    house: House, server: Server, says: str | None, reason: Reason, message: str, asked: list[tuple[str, str]]
) -> None:
    """The condition and the event say it; somebody is asked once, and for missing models alone."""
    house.engine.advise = librarian = Librarian(says)
    server.failures["install", A] = [PermanentError("one: there is no a:latest.", reason=reason)]
    await house.desire(declared("a"))
    now = await house.until(is_stalled)
    [stalled] = [one for one in now.conditions if one.type is ConditionType.STALLED]
    assert (stalled.reason, stalled.message) == (reason, message)
    assert [event.message for event in house.told(events.MODEL_STALLED)] == [message]
    await house.cycles(2)
    assert librarian.asked == asked


async def test_of_a_derived_model_the_base_is_what_is_missing(house: House, server: Server) -> None:
    """Its own name is the file's invention."""
    house.engine.advise = librarian = Librarian("Write b.")
    server.failures["install", A] = [PermanentError("one: there is no z:latest.", reason=Reason.NOT_FOUND)]
    spec: RuntimeSpec = declared(ModelSpec(name=A, base=name("z"), definition="{}"), "z")
    await house.desire(spec)
    await house.until(is_stalled)
    assert librarian.asked == [("memory", "z:latest")]

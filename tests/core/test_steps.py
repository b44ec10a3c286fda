"""Steps: which need a person, and which will be taken by themselves."""

import pytest

from tests.core.values import block, install
from venom_modeld.core.steps import BlockKind, Step, coming_steps


@pytest.mark.parametrize("kind", BlockKind)
def test_time_lifts_a_backoff_and_nothing_else(kind: BlockKind) -> None:
    """A stall, a hold, an unsafe plan and a suspension need a person."""
    assert block(kind).needs_a_person is (kind is not BlockKind.BACKOFF)
    assert Step(operation=install("a"), block=block(kind)).coming is (kind is BlockKind.BACKOFF)


def chain(*letters: str, stopped: str = "", backwards: bool = False) -> list[Step]:
    """Return steps each of which waits for the one before it."""
    keys = {letter: install(letter).key for letter in letters}
    before = dict(zip(letters[1:], letters, strict=False))
    steps = [
        Step(
            operation=install(letter),
            after=(keys[before[letter]],) if letter in before else (),
            block=block(BlockKind.STALLED) if letter == stopped else None,
        )
        for letter in letters
    ]
    return steps[::-1] if backwards else steps


@pytest.mark.parametrize(
    ("steps", "coming"),
    [
        ([], ""),
        (chain("a", "b", "c"), "abc"),
        (chain("a", "b", "c", stopped="c"), "ab"),
        (chain("a", "b", "c", stopped="a"), ""),
        (chain("a", "b", "c", stopped="b", backwards=True), "a"),
        ([*chain("a", "b", stopped="a"), *chain("x", "y")], "xy"),
        (chain("a", "b")[1:], "b"),
    ],
)
def test_what_waits_for_a_stopped_step_does_not_come(steps: list[Step], coming: str) -> None:
    """However long the chain and whatever the order, it ends at the step that needs a person."""
    assert [step.operation.model.text[0] for step in coming_steps(steps)] == list(coming)

"""A few runs of the chaos on the real process, and those that once went wrong."""

import pytest

from tests.proof.chaos.play import play
from tests.proof.chaos.script import DEEDS, script

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]

SEEDS = {
    5: "the daemon is killed at boundaries of its work",
    11: "removals were begun while the file was invalid",
    14: "a write that was given up on a full disk left a traceback in the log",
}
"""Each with what it is here for."""


@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_that_must_not_be(seed: int) -> None:
    """Whatever fails, nothing is lost or wrongly removed, and in the end all is as the file says."""
    played = await play(script(seed))
    assert played.violations == ()
    assert played.seconds is not None


def test_a_seed_is_a_script() -> None:
    """The same seed gives the same script, and another one gives another."""
    assert script(1) == script(1)
    assert script(1) != script(2)


def test_every_deed_is_done_by_some_seed() -> None:
    """No kind of fault is listed and never happens."""
    done = {deed.kind for seed in range(200) for scene in script(seed).scenes for deed in scene.deeds}
    assert done == DEEDS.keys()

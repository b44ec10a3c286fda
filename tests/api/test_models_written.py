"""The answer with all models, written runtime by runtime, is the one that is made as a whole."""

import json
from collections.abc import Callable, ItemsView
from dataclasses import replace

import pytest

from tests.api.builder import NOON, event, installed, inventory, loaded, observation, record, runtime, scene, spec
from tests.api.builder import snapshot as whole
from venom_modeld.api.models_written import WrittenModels
from venom_modeld.api.values import encoded
from venom_modeld.api.views_models import models
from venom_modeld.core.events import OperationStatus
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import Disk, InstalledModel, Unknown
from venom_modeld.state.snapshot import RuntimeSnapshot

HUB = "hf.co/someone/small-GGUF:Q4_K_M"
ONE = runtime(
    spec("a", "b", HUB, "not-there", active="a"),
    observation(installed("a"), installed("b"), installed(HUB), installed("mine"), in_memory=[loaded("a")]),
    owned=inventory("a", "b"),
)
TWO = runtime(spec("c", name="other"), observation(installed("c")), owned=inventory("c"))


def test_it_is_the_same_to_the_byte() -> None:
    """Providers, models that are missing, and quotation marks in a message are written as everywhere else."""
    odd = runtime(spec("d", name="odd"), None, unknown=Unknown(reason="Unreachable", message='it said "no"\n'))
    for shown in (whole(), whole(ONE), whole(ONE, TWO, odd), scene().snapshot, whole(runtime(spec("e"), None))):
        assert WrittenModels()(shown) == encoded(models(shown))


Change = Callable[[RuntimeSnapshot], RuntimeSnapshot]

CHANGES: dict[str, Change] = {
    "another version": lambda one: replace(one, observed=observation(installed("a", size=5), installed("b"))),
    "nothing in memory": lambda one: replace(one, observed=observation(installed("a"), installed("b"), installed(HUB))),
    "does not answer": lambda one: replace(one, unknown=Unknown(reason="Unreachable", message="no")),
    "work": lambda one: replace(one, operations=(record("b:latest", OperationStatus.IN_PROGRESS),)),
    "another file": lambda one: replace(one, spec=spec("a", HUB, active=None)),
    "another inventory": lambda one: replace(one, inventory=inventory("a", "b", "mine")),
    "no drift": lambda one: replace(one, drift=(), plan=None),
}


@pytest.mark.parametrize("change", [pytest.param(change, id=words) for words, change in CHANGES.items()])
def test_what_changed_is_written_anew(change: Change) -> None:
    """Whatever of a runtime is told of its models, a change of it shows, and so does the way back."""
    write = WrittenModels()
    before, after = whole(ONE, TWO), whole(change(ONE), TWO)
    assert write(before) != write(after)
    assert write(after) == encoded(models(after))
    assert write(before) == encoded(models(before))


def test_an_operation_that_ended_since_shows() -> None:
    """What was done after the last look is told, though the runtime itself is as it was."""
    write = WrittenModels()
    assert ONE.plan is not None
    ended = event(999, operation_id=f"{ONE.plan.steps[0].key}-1")
    before, after = whole(ONE), whole(ONE, events=(ended,))
    assert write(before) != write(after) == encoded(models(after))


class Counted(dict[ModelName, InstalledModel]):
    """Installed models that count how often they are gone through."""

    looks = 0

    def items(self) -> ItemsView[ModelName, InstalledModel]:
        """Go through them."""
        self.looks += 1
        return super().items()


def test_what_did_not_change_is_not_gone_through_again() -> None:
    """A cycle that finds everything as it was costs no writing, though times and free space are others."""
    models_there = Counted(ONE.observed.installed) if ONE.observed else Counted()
    seen = replace(observation(), installed=models_there)
    write, shown = WrittenModels(), replace(ONE, observed=seen, observed_at=NOON)
    first = write(whole(shown))
    looks = models_there.looks
    disk = Disk(path="/srv", free_bytes=1, total_bytes=2)
    later = replace(shown, observed=replace(seen, disk=disk), observed_at=NOON + 30, cycles=9, cycle_seconds=0.1)
    assert write(whole(later)) != first  # by the time of the observation
    assert models_there.looks == looks


def test_an_operation_of_before_the_clock_was_set_back_is_not_told_again() -> None:
    """What seems to have ended in time to come was looked at long since."""
    assert ONE.plan is not None
    ended = event(9000, operation_id=f"{ONE.plan.steps[0].key}-1")
    assert WrittenModels()(whole(ONE, events=(ended,))) == WrittenModels()(whole(ONE))


def test_a_runtime_that_went_is_forgotten() -> None:
    """Another one of its name is not taken for it."""
    write = WrittenModels()
    write(whole(ONE, TWO))
    assert json.loads(write(whole(TWO)))["count"] == 1
    assert [one["name"] for one in json.loads(write(whole()))["models"]] == []

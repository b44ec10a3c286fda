"""Operations that edits were answered with, until they are planned."""

from tests.api.builder import name, spec
from venom_modeld.api.announced import MOST, Announced
from venom_modeld.core.desired import DesiredState, ModelSpec
from venom_modeld.core.edits import Action, Change, Edit
from venom_modeld.core.operations import InstallModel
from venom_modeld.core.plan import Step
from venom_modeld.state.snapshot import SnapshotHub


def installation(model: str) -> tuple[Edit, Step]:
    """Return an edit that was written, and what follows from it."""
    state = DesiredState(generation=0, revision="sha256:1")
    edit = Edit(
        change=Change(action=Action.INSTALL, model=model),
        path="models.yaml",
        before=state,
        after=state,
        diff="+",
        written=True,
        runtime=spec(),
        model=name(model),
    )
    return edit, Step(operation=InstallModel(runtime="ollama", spec=ModelSpec(name=name(model)), reason="declared"))


def test_only_so_many_are_remembered() -> None:
    """The oldest goes first; a model has one at a time."""
    announced = Announced(SnapshotHub())
    made = [installation(f"model{number}:1b") for number in range(MOST + 1)]
    for edit, step in made:
        announced.note(edit, step)
    assert announced.find(made[0][1].key) is None
    found = [announced.find(step.key) for _, step in made[1:]]
    assert [record and record.model for record in found] == [f"model{number}:1b" for number in range(1, MOST + 1)]
    assert {record and record.generation for record in found} == {1}

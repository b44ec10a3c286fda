"""Room on the disk: what goes first, what is not begun, and what is left alone."""

import pytest

from tests.core.values import block, install, name, remove
from venom_modeld.core.desired import GB
from venom_modeld.core.disk import Fit, fit
from venom_modeld.core.observed import Disk
from venom_modeld.core.operations import RemoveModel
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import BlockKind, Step

OLD = (remove("x", size_gb=10), remove("y", size_gb=10))


def disk(free_gb: int) -> Disk:
    """Return a disk with so much room."""
    return Disk(path="/models", free_bytes=free_gb * GB, total_bytes=100 * GB)


def loads(*sizes_gb: int | None) -> list[Step]:
    """Return downloads of these sizes, named a, b and c."""
    return [Step(operation=install(letter, size_gb=size)) for letter, size in zip("abc", sizes_gb, strict=False)]


def stopped(found: Fit) -> list[str]:
    """Return the names of the loads that do not fit."""
    return [
        str(step.operation.model).removesuffix(":latest")
        for step in found.loads
        if step.block and step.block.reason is Reason.DISK_FULL
    ]


@pytest.mark.parametrize(
    ("sizes_gb", "free_gb", "candidates", "first", "without_room"),
    [
        ((4,), 5, OLD, 0, []),
        ((4,), 4, OLD, 2, []),
        ((4,), 4, (), 0, ["a"]),
        ((30,), 5, OLD, 0, ["a"]),
        ((30, 4), 5, OLD, 0, ["a"]),
        ((30, 8), 5, OLD, 2, ["a"]),
        ((4, 4), 5, (), 0, ["b"]),
        ((None,), 5, OLD, 0, []),
        ((None,), 0, OLD, 2, []),
        ((None,), 0, (), 0, ["a"]),
        ((), 0, OLD, 0, []),
    ],
    ids=str,
)
def test_removals_go_first_only_where_that_helps(
    sizes_gb: tuple[int | None, ...],
    free_gb: int,
    candidates: tuple[RemoveModel, ...],
    first: int,
    without_room: list[str],
) -> None:
    """They go first where the disk would not hold both, and never for a load that would not fit even then."""
    found = fit(loads(*sizes_gb), candidates, disk(free_gb), {})
    assert len(found.first) == first
    assert stopped(found) == without_room


def test_loads_wait_for_the_removals_before_them() -> None:
    """Downloads wait for every removal that goes first; what is made on the spot does not."""
    derived = Step(operation=install("d", base="a"))
    found = fit([*loads(4), derived], OLD, disk(2), {})
    keys = {one.key for one in OLD}
    assert [keys <= set(step.after) for step in found.loads] == [True, False]


def test_bytes_that_are_there_already_need_no_room() -> None:
    """A cut download needs room only for the rest of it."""
    found = fit(loads(10), OLD, disk(5), {name("a"): 7 * GB})
    assert (len(found.first), stopped(found)) == (0, [])


def test_what_will_not_come_takes_no_room() -> None:
    """A stalled load, and what waits for it, leave the room to the others."""
    (one,) = loads(9)
    stalled = Step(operation=install("s", size_gb=50), block=block(BlockKind.STALLED))
    later = Step(operation=install("w", size_gb=50), after=(stalled.key,))
    found = fit([stalled, later, one], OLD, disk(10), {})
    assert found == Fit(loads=[stalled, later, one])


def test_what_is_tried_again_keeps_its_room() -> None:
    """A load that failed for now will come, so others do not take its room."""
    again = Step(operation=install("r", size_gb=5), block=block(BlockKind.BACKOFF))
    assert stopped(fit([again, *loads(5)], (), disk(10), {})) == ["a"]


def test_a_version_with_two_names_is_freed_once() -> None:
    """Two names of one version free its bytes once."""
    twins = (remove("x", size_gb=10, digest="sha256:t"), remove("y", size_gb=10, digest="sha256:t"))
    assert stopped(fit(loads(15), twins, disk(5), {})) == ["a"]


@pytest.mark.parametrize(
    ("size_gb", "words"),
    [
        (30, "a:latest needs 30.0 GB and 1.0 GB to spare, /models has 500 MB free"),
        (None, "a:latest needs room and 1.0 GB to spare, /models has 500 MB free"),
    ],
)
def test_a_load_without_room_says_what_is_needed(size_gb: int | None, words: str) -> None:
    """The message names the model, what it needs, the folder and what is free there."""
    small = Disk(path="/models", free_bytes=500_000_000, total_bytes=GB)
    (step,) = fit(loads(size_gb), (), small, {}).loads
    assert step.block is not None
    assert step.block.kind is BlockKind.STALLED
    assert words in step.block.message

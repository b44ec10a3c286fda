"""What `systemctl status` shows of the daemon's work."""

from dataclasses import replace

import pytest

from tests.api.builder import DOWNLOAD, installed, inventory, observation, record, runtime, scene, snapshot, spec
from venom_modeld.core.desired import DesiredState
from venom_modeld.core.events import OperationStatus
from venom_modeld.core.observed import Unknown
from venom_modeld.core.operations import OperationType
from venom_modeld.core.origin import Origin
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.core.reasons import Reason
from venom_modeld.state.snapshot import FileSnapshot, RuntimeSnapshot, StatusSnapshot
from venom_modeld.supervision.words import status_line

GONE = Unknown(reason="Unreachable", message="it does not answer")
FETCHING = record(transfer=DOWNLOAD)


def blocked(kind: BlockKind) -> RuntimeSnapshot:
    """Return a runtime whose one installation is held by a block."""
    plain = runtime(spec("a"), observation())
    assert plain.plan is not None
    block = Block(kind=kind, reason=Reason.NOT_FOUND, message="no such model", until=9e9)
    return runtime(spec("a"), observation(), blocks={plain.plan.steps[0].key: block})


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (runtime(spec("a"), observation(installed("a"))), "as the file says"),
        (runtime(spec("a"), observation()), "not as the file says yet"),
        (replace(runtime(spec("a"), observation()), cycles=0), "being looked at for the first time"),
        (runtime(spec("a"), None, unknown=GONE), "does not answer"),
        (runtime(spec("a", suspend=True), observation()), "suspended"),
        (runtime(spec(), observation(installed("a")), owned=inventory("a")), "a:latest waits for a person"),
        (blocked(BlockKind.STALLED), "a:latest waits for a person"),
        (blocked(BlockKind.BACKOFF), "a:latest will be tried again"),
        (runtime(spec("a"), observation(), operations=(FETCHING,)), "installing qwen2.5:7b"),
        (
            runtime(spec("a"), observation(), operations=(FETCHING, record("b", type=OperationType.ACTIVATE))),
            "installing qwen2.5:7b, activating b",
        ),
        (
            runtime(spec("a"), observation(), operations=tuple(record(str(number)) for number in range(5))),
            "installing 0, installing 1, installing 2, 2 more",
        ),
        (
            runtime(spec("a"), observation(), operations=(record("b", OperationStatus.PENDING),)),
            "not as the file says yet",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_runtime_has_its_words(shown: RuntimeSnapshot, words: str) -> None:
    """What runs comes first, then what waits, then how it is."""
    assert status_line(snapshot(shown)) == f"ollama: {words}"


def test_bytes_that_move_make_no_other_line() -> None:
    """The line is told again only when its words change."""
    shown = scene().snapshot
    [one] = shown.runtimes
    moved = replace(one.operations[0], transfer=replace(DOWNLOAD, completed_bytes=2_000_000_000))
    assert status_line(shown) == status_line(replace(shown, runtimes=(replace(one, operations=(moved,)),)))


def test_a_file_that_suspends_everything_suspends_each_runtime() -> None:
    """It need not say so of each."""
    shown = snapshot(runtime(spec("a"), observation()))
    assert isinstance(shown.desired, DesiredState)
    assert status_line(replace(shown, desired=replace(shown.desired, suspend=True))) == "ollama: suspended"


def test_a_repository_that_cannot_be_fetched_is_told() -> None:
    """Whoever looks at the service sees that a push has no effect."""
    origin = Origin(url="https://git.example/a", ref="main", path="models.yaml", reason=Reason.UNREACHABLE, message="!")
    file = FileSnapshot(path="models.yaml", revision="a1b2", origin=origin)
    assert status_line(StatusSnapshot(file=file)) == "https://git.example/a cannot be fetched; no runtime is declared"
    fetched = replace(file, origin=replace(origin, reason=None))
    assert status_line(StatusSnapshot(file=fetched)) == "no runtime is declared"


@pytest.mark.parametrize(("revision", "words"), [(None, "none is in force"), ("r", "the last good one is in force")])
def test_a_file_that_is_refused_comes_first(revision: str | None, words: str) -> None:
    """Whoever looks at the service sees that an edit is not in force."""
    file = FileSnapshot(path="models.yaml", revision=revision, problems=("models.yaml:1:1: nonsense",))
    assert status_line(StatusSnapshot(file=file)) == f"models.yaml is refused, {words}; no runtime is declared"

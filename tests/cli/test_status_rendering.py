"""The state of a daemon as text, from the answers of its API."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from tests.api.builder import (
    NOON,
    ended,
    event,
    installed,
    inventory,
    loaded,
    observation,
    runtime,
    scene,
    snapshot,
    spec,
)
from venom_modeld.api import views_models, views_operations, views_status
from venom_modeld.cli.board import board, drawn
from venom_modeld.cli.render.paint import Paint
from venom_modeld.cli.render.status_text import View, status_text
from venom_modeld.cli.snapshots import Snapshots
from venom_modeld.core.desired import DesiredState
from venom_modeld.core.events import OperationRecord, OperationStatus
from venom_modeld.core.observed import Unknown
from venom_modeld.core.operations import OperationType
from venom_modeld.core.origin import Origin
from venom_modeld.core.reasons import Reason
from venom_modeld.core.steps import Block, BlockKind
from venom_modeld.state.snapshot import StatusSnapshot


def view(now: StatusSnapshot, past: tuple[OperationRecord, ...] = ()) -> View:
    """Return what the API answers for a snapshot."""
    models = views_models.models(now)
    return View(
        status=views_status.status(now).model_dump(mode="json"),
        runtimes=[one.model_dump(mode="json") for one in views_status.runtimes(now).runtimes],
        models=[one.model_dump(mode="json") for one in (*models.models, *models.missing)],
        operations=[one.model_dump(mode="json") for one in views_operations.operations(now, past, 100).operations],
    )


def working() -> View:
    """Return the scene of the API's reference: one model active, one on its way, one that is not ours."""
    return view(scene().snapshot, scene().past)


def in_sync() -> View:
    """Return a daemon with nothing to do."""
    observed = observation(installed("llama3.2:3b"), in_memory=[loaded("llama3.2:3b", pinned=False)])
    return view(snapshot(runtime(spec("llama3.2:3b"), observed, owned=inventory("llama3.2:3b"))))


def lost() -> View:
    """Return a daemon whose runtime does not answer, and whose file is broken."""
    unknown = Unknown(reason=Reason.UNREACHABLE, message="http://127.0.0.1:11434 refuses the connection")
    now = snapshot(runtime(spec("llama3.2:3b"), unknown=unknown))
    problems = ("models.yaml:3:1: there is no key 'x' here",)
    return view(replace(now, file=replace(now.file, problems=problems, problems_since=NOON - 5)))


def unsafe() -> View:
    """Return a daemon that waits for an approval."""
    names = ("a:1b", "b:1b")
    observed = observation(*(installed(text, 1_000_000_000) for text in names))
    return view(snapshot(runtime(spec(), observed, owned=inventory(*names))))


def stalled() -> View:
    """Return a daemon with a model that is nowhere."""
    [key] = [step.key for step in runtime(spec("a:1b"), observation()).plan.steps]  # type: ignore[union-attr]
    block = Block(kind=BlockKind.STALLED, reason=Reason.NOT_FOUND, message="no such model; mend the name")
    return view(snapshot(runtime(spec("a:1b"), observation(), blocks={key: block})))


def suspended() -> View:
    """Return a daemon with a suspended runtime."""
    return view(snapshot(runtime(spec("a:1b", suspend=True), observation())))


def starting() -> View:
    """Return a daemon that has read nothing yet."""
    now = snapshot()
    return view(replace(now, desired=None, file=replace(now.file, revision=None, accepted_at=None)))


def all_suspended() -> View:
    """Return a daemon whose whole file is suspended."""
    desired = DesiredState(generation=1, revision="sha256:a1", suspend=True)
    return view(replace(snapshot(), desired=desired))


TEXTS: list[tuple[Callable[[], View], str]] = [
    (
        stalled,
        """\
Needs attention: 1
  Stalled: a:1b on ollama. Once it is mended: venom-modeld retry ollama a:1b
/etc/venom-modeld/models.yaml: revision a1a1a1a1a1a1 in force for 1 h, not reached yet

ollama  ollama 0.33.0 at http://127.0.0.1:11434, seen 8 s ago
  stalled  a:1b    no such model; mend the name""",
    ),
    (
        working,
        """\
Working: 1
/etc/venom-modeld/models.yaml: revision a1a1a1a1a1a1 in force for 1 h, not reached yet

ollama  ollama 0.33.0 at http://127.0.0.1:11434, seen 8 s ago, 6.1 GB of models, 180 GB free
  active       llama3.2:3b     2.0 GB  in memory, stays there
  downloading  qwen2.5:7b      4.4 GB  41 %  1.8 of 4.4 GB, 22 MB/s, 2 min left
  loaded       default:latest  2.0 GB  alias, in memory, stays there
  unmanaged    mistral:7b      4.1 GB

Last operations
  49 min ago  completed  install model-2:latest on ollama
  49 min ago  failed     install model-1:latest on ollama  no such model""",
    ),
    (
        in_sync,
        """\
In sync
/etc/venom-modeld/models.yaml: revision a1a1a1a1a1a1 in force for 1 h, reached

ollama  ollama 0.33.0 at http://127.0.0.1:11434, seen 8 s ago, 2.0 GB of models
  loaded  llama3.2:3b  2.0 GB  in memory""",
    ),
    (
        lost,
        """\
Needs attention: 1
/etc/venom-modeld/models.yaml: revision a1a1a1a1a1a1 in force for 1 h, not reached yet
Not valid as it is now; the last good content stays in force:
  models.yaml:3:1: there is no key 'x' here

ollama  ollama at http://127.0.0.1:11434
  Unknown for 5 s: http://127.0.0.1:11434 refuses the connection
  no models""",
    ),
    (
        starting,
        """\
Starting
/etc/venom-modeld/models.yaml: nothing is in force yet""",
    ),
    (
        all_suspended,
        """\
In sync
/etc/venom-modeld/models.yaml: revision a1a1a1a1a1a1 in force for 1 h, not reached yet
Suspended: everything is observed, nothing is changed. Go on with: venom-modeld resume""",
    ),
]


@pytest.mark.parametrize(("make", "text"), TEXTS, ids=[make.__name__ for make, _ in TEXTS])
def test_a_status_reads_so(make: Callable[[], View], text: str) -> None:
    """Everything that the API tells of the present stands on one screen."""
    assert status_text(make(), Paint(), now=NOON) == text


def test_of_many_stalled_models_a_few_are_named() -> None:
    """The rest are counted, and stand with their runtimes."""
    names = [f"m{number}:1b" for number in range(5)]
    block = Block(kind=BlockKind.STALLED, reason=Reason.NOT_FOUND, message="no such model; mend the name")
    steps = runtime(spec(*names), observation()).plan.steps  # type: ignore[union-attr]
    shown = view(snapshot(runtime(spec(*names), observation(), blocks={step.key: block for step in steps})))
    lines = status_text(shown, Paint(), now=NOON).splitlines()
    assert [line.split()[1] for line in lines[1:4]] == names[:3]
    assert lines[4] == "  and 2 more models"


def test_an_unsafe_plan_is_told_once_with_its_approval() -> None:
    """Each model says that it waits, and one line says how to approve."""
    found = unsafe()
    digest = found.status["runtimes"][0]["unsafe_digest"]
    lines = status_text(found, Paint(), now=NOON).splitlines()
    assert [line for line in lines if line.endswith("its removal waits for approval")] == lines[4:6]
    assert lines[-2:] == [
        "  Unsafe plan: removals wait for approval. Look: venom-modeld plan",
        f"  Approve exactly this: venom-modeld approve {digest}",
    ]


def test_a_suspended_runtime_says_how_to_go_on() -> None:
    """The command names the runtime."""
    assert "  Suspended. Go on with: venom-modeld resume ollama" in status_text(suspended(), Paint(), now=NOON)


@pytest.mark.parametrize(
    ("make", "code"), [(in_sync, "32"), (working, "33"), (lost, "31")], ids=["good", "on its way", "bad"]
)
def test_the_summary_has_the_colour_of_its_meaning(make: Callable[[], View], code: str) -> None:
    """Green is in sync, red needs a person, yellow is on its way."""
    assert status_text(make(), Paint(colour=True), now=NOON).startswith(f"\x1b[1m\x1b[{code}m")


def test_what_failed_and_waits_is_told_once() -> None:
    """It stands beside its model; below stand attempts that have ended."""
    waiting = ended(1, OperationStatus.FAILED, message="cut", completed_at=None)
    lines = status_text(view(scene().snapshot, (ended(2), waiting)), Paint(), now=NOON).splitlines()
    assert lines[-2:] == ["Last operations", "  49 min ago  completed  install model-2:latest on ollama"]


def test_a_removal_tells_what_it_freed() -> None:
    """That is what it was for; of other work that went well its kind says all."""
    gone = ended(2, type=OperationType.REMOVE, message="removed; 3.2 GB freed")
    lines = status_text(view(scene().snapshot, (gone,)), Paint(), now=NOON).splitlines()
    assert lines[-1] == "  49 min ago  completed  remove model-2:latest on ollama  removed; 3.2 GB freed"


def test_a_long_list_is_cut_where_lines_are_few() -> None:
    """What is being done comes before what rests, and the rest is counted."""
    names = [f"m{number}:1b" for number in range(10)]
    observed = observation(*map(installed, names))
    now = view(snapshot(runtime(spec(*names, "new:1b"), observed, owned=inventory(*names))))
    lines = status_text(now, Paint(), now=NOON, most_models=3).splitlines()
    assert lines[4].split()[:2] == ["missing", "new:1b"]
    assert lines[-1] == "  and 8 more models"


def text_of(renderable: Any) -> str:
    """Return what a terminal would show."""
    console = Console(width=120, height=40, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_a_board_has_a_bar_for_each_download() -> None:
    """The bar stands below the status, with how far the download is."""
    shown = text_of(drawn(working(), Paint(), now=NOON, height=40)).rstrip().splitlines()
    assert shown[0].strip() == "Working: 1"
    assert shown[-1].startswith("install qwen2.5:7b on ollama  ━")
    assert "41 %" in shown[-1]


def test_a_board_without_work_is_the_status() -> None:
    """Nothing stands below it."""
    shown = [line.rstrip() for line in text_of(drawn(in_sync(), Paint(), now=NOON, height=40)).rstrip().splitlines()]
    assert "\n".join(shown) == status_text(in_sync(), Paint(), now=NOON)


def test_a_board_draws_when_a_snapshot_comes_and_says_when_none_can() -> None:
    """Other items are followed by a snapshot, so they draw nothing."""
    console = Console(width=100, height=30, force_terminal=True, color_system=None)
    looks: list[int] = []

    def look() -> View:
        looks.append(1)
        return in_sync()

    with console.capture() as capture, board(look, Paint(), console) as drawing:
        drawing.take("operation", {})
        assert looks == []
        drawing.take("snapshot", {})
        drawing.lost("No daemon answers.")
    assert looks == [1]
    assert "In sync" in capture.get()
    assert "No daemon answers." in capture.get()


class Heard:
    """A follower that keeps what it is told."""

    def __init__(self) -> None:
        self.items: list[tuple[str, dict[str, Any]]] = []

    def take(self, name: str, data: dict[str, Any]) -> None:
        """Keep an item."""
        self.items.append((name, data))

    def lost(self, message: str) -> None:
        """Keep a loss."""
        self.items.append(("lost", {"message": message}))


def test_snapshots_of_this_process_are_told_as_the_stream_would() -> None:
    """Only what is new is told: events after the last one, operations that changed, and each status."""
    first, heard, snapshots = scene().snapshot, Heard(), Snapshots()
    snapshots.tell(first, heard)
    assert [name for name, _ in heard.items] == ["event", "event", "operation", "snapshot"]
    heard.items.clear()
    snapshots.tell(replace(first, events=(*first.events, event(3))), heard)
    assert [name for name, _ in heard.items] == ["event", "snapshot"]
    assert heard.items[0][1]["message"] == "event 3"
    assert snapshots.view() == view(replace(first, events=()))


def test_events_that_were_dropped_meanwhile_do_not_hide_the_rest() -> None:
    """Where the last told event is forgotten, all that is there is told."""
    heard, snapshots = Heard(), Snapshots()
    snapshots.tell(snapshot(events=(event(1),)), heard)
    snapshots.tell(snapshot(events=(event(7), event(8))), heard)
    assert [data["message"] for name, data in heard.items if name == "event"] == ["event 1", "event 7", "event 8"]


def test_a_repository_that_cannot_be_fetched_is_told() -> None:
    """What is in force is not what was pushed last."""
    shown = scene().snapshot
    origin = Origin(
        url="https://git.example/a", ref="main", path="models.yaml", reason=Reason.UNREACHABLE, message="gone"
    )
    text = status_text(view(replace(shown, file=replace(shown.file, origin=origin))), Paint(), now=NOON)
    assert "Not fetched: gone; what was fetched before stays in force" in text
    fine = replace(origin, reason=None, message="")
    text = status_text(view(replace(shown, file=replace(shown.file, origin=fine))), Paint(), now=NOON)
    assert "Not fetched" not in text

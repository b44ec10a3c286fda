"""What is told, and that it is told once."""

from dataclasses import replace

import pytest

from tests.api.builder import installed, inventory, observation, runtime, snapshot, spec
from venom_modeld.core.observed import Unknown
from venom_modeld.core.origin import Origin
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.core.reasons import Reason
from venom_modeld.notifications.news import PATIENCE_SECONDS, News, Notice
from venom_modeld.notifications.troubles import Kind, troubles
from venom_modeld.state.snapshot import RuntimeSnapshot, StatusSnapshot

GONE = Unknown(reason="Unreachable", message="ollama: nobody answers")
WELL = runtime(spec("a"), observation(installed("a")))
LOST = replace(WELL, unknown=GONE)
UNSAFE = runtime(spec(), observation(installed("a")), owned=inventory("a"))


def blocked(kind: BlockKind, *models: str) -> RuntimeSnapshot:
    """Return a runtime whose installations are all held by such a block."""
    plain = runtime(spec(*models), observation())
    assert plain.plan is not None
    block = Block(kind=kind, reason=Reason.NOT_FOUND, message="no such model", until=9e9)
    return runtime(spec(*models), observation(), blocks={step.key: block for step in plain.plan.steps})


STALLED, FAILING = blocked(BlockKind.STALLED, "a"), blocked(BlockKind.BACKOFF, "a")
TRIED = runtime(spec("a"), observation())


class Reader:
    """Reads the news, and tells it."""

    def __init__(self) -> None:
        self.news = News({})
        self.now = 0.0

    def at(self, now: float, *shown: RuntimeSnapshot, file: tuple[str, ...] = ()) -> list[tuple[Kind, str]]:
        """Return what is told of these runtimes, at that time."""
        self.now = now
        return self.look(with_file(snapshot(*shown), file))

    def look(self, shown: StatusSnapshot) -> list[tuple[Kind, str]]:
        """Return what is told of a snapshot."""
        found = self.news.look(shown, now=self.now)
        for notice in found:
            self.news.tell(notice)
        return [(notice.kind, notice.body) for notice in found]


def with_file(shown: StatusSnapshot, problems: tuple[str, ...]) -> StatusSnapshot:
    """Return a snapshot with these problems of its file."""
    return replace(shown, file=replace(shown.file, problems=problems))


STALLED_TEXT = (Kind.STALLED, "install a:latest: no such model")


def test_what_is_well_is_no_news() -> None:
    """Neither at first nor later."""
    reader = Reader()
    assert [reader.at(now, WELL) for now in (0, 100, 1000)] == [[], [], []]


def test_what_is_stalled_is_told_at_once_and_once() -> None:
    """And once when it is over."""
    reader = Reader()
    assert reader.at(0, STALLED) == [STALLED_TEXT]
    assert [reader.at(now, STALLED) for now in (1, 100, 10_000)] == [[], [], []]
    assert reader.at(10_001, WELL) == [(Kind.RECOVERED, STALLED_TEXT[1])]
    assert reader.at(10_002, WELL) == []


def test_what_fails_is_told_when_it_has_lasted() -> None:
    """Most of it passes by itself, and then nobody hears of it."""
    reader = Reader()
    assert [reader.at(now, FAILING) for now in (0, PATIENCE_SECONDS - 1)] == [[], []]
    assert reader.at(PATIENCE_SECONDS, FAILING) == [(Kind.FAILED, "install a:latest: no such model")]
    other = Reader()
    assert [other.at(0, FAILING), other.at(30, WELL), other.at(40, FAILING), other.at(70, FAILING)] == [[], [], [], []]


def test_an_operation_that_is_tried_again_has_not_recovered() -> None:
    """It lasts on through the attempt, and what was told of it stands."""
    reader = Reader()
    assert [reader.at(0, FAILING), reader.at(30, TRIED)] == [[], []]
    assert reader.at(PATIENCE_SECONDS, FAILING) == [(Kind.FAILED, "install a:latest: no such model")]
    assert reader.at(70, TRIED) == []
    assert reader.at(80, STALLED) == [STALLED_TEXT]
    assert reader.at(90, WELL) == [(Kind.RECOVERED, STALLED_TEXT[1])]


def test_a_runtime_that_does_not_answer_hides_the_rest() -> None:
    """Unknown is not recovered: what was told of it stands until it is seen to be over."""
    reader = Reader()
    assert reader.at(0, STALLED) == [STALLED_TEXT]
    lost = replace(STALLED, unknown=GONE)
    assert reader.at(10, lost) == []
    assert reader.at(10 + PATIENCE_SECONDS, lost) == [(Kind.FAILED, "ollama: nobody answers")]
    assert reader.at(100, STALLED) == [(Kind.RECOVERED, "ollama: nobody answers")]
    assert reader.at(101, WELL) == [(Kind.RECOVERED, STALLED_TEXT[1])]


def test_an_unsafe_plan_is_told_for_each_digest() -> None:
    """Another set of removals is another question."""
    reader = Reader()
    [(kind, text)] = reader.at(0, UNSAFE)
    assert UNSAFE.plan is not None
    assert UNSAFE.plan.unsafe is not None
    assert (kind, text.endswith(f"venom-modeld approve {UNSAFE.plan.unsafe.digest}")) == (Kind.UNSAFE, True)
    assert reader.at(1, UNSAFE) == []
    more = runtime(spec(), observation(installed("a"), installed("b")), owned=inventory("a", "b"))
    assert [kind for kind, _ in reader.at(2, more)] == [Kind.UNSAFE]
    assert [kind for kind, _ in reader.at(3, WELL)] == [Kind.RECOVERED]


@pytest.mark.parametrize(("revision", "in_force"), [("r", "the last good file stays"), (None, "no file is")])
def test_a_file_that_stays_refused_is_told(revision: str | None, in_force: str) -> None:
    """An edit that is corrected within a minute is nobody's business."""
    reader = Reader()
    shown = with_file(snapshot(WELL), ("models.yaml:1:1: nonsense", "models.yaml:2:1: more"))
    shown = replace(shown, file=replace(shown.file, revision=revision))
    assert reader.look(shown) == []
    reader.now = PATIENCE_SECONDS
    assert reader.look(shown) == [(Kind.FAILED, f"models.yaml:1:1: nonsense (and 1 more); {in_force} in force")]
    assert [kind for kind, _ in reader.at(100, WELL)] == [Kind.RECOVERED]


def test_what_an_earlier_process_told_is_not_told_again() -> None:
    """Nor is it taken for over before its runtime was looked at."""
    reader = Reader()
    assert reader.at(0, STALLED) == [STALLED_TEXT]
    later = Reader()
    later.news = News(reader.news.told)
    assert later.at(0, replace(STALLED, cycles=0, plan=None)) == []
    assert later.at(1, STALLED) == []
    assert later.at(2, WELL) == [(Kind.RECOVERED, STALLED_TEXT[1])]


def test_a_runtime_that_left_the_file_has_no_troubles() -> None:
    """Whoever was told of one hears that it is over."""
    reader = Reader()
    assert reader.at(0, STALLED) == [STALLED_TEXT]
    assert reader.at(1) == [(Kind.RECOVERED, STALLED_TEXT[1])]


def test_what_fails_together_is_told_together() -> None:
    """One notice for a runtime and a kind, of ten lines at the most."""
    news = News({})
    many = blocked(BlockKind.STALLED, *(f"m{number:02}" for number in range(12)))
    [notice] = news.look(snapshot(many), now=0)
    assert len(notice.body.splitlines()) == 11
    assert notice.body.splitlines()[-1] == "and 2 more"
    assert notice.title("lab") == "lab: ollama is stalled, and needs a change"


def test_what_nobody_took_is_news_still() -> None:
    """It is told again until somebody took it."""
    news = News({})
    assert [len(news.look(snapshot(STALLED), now=now)) for now in (0, 1)] == [1, 1]


def test_the_file_has_its_own_title() -> None:
    """It belongs to no runtime."""
    [trouble] = troubles(with_file(snapshot(WELL), ("models.yaml:1:1: nonsense",)))
    notice = Notice(kind=Kind.RECOVERED, troubles=(trouble,))
    assert notice.title("lab") == "lab: models.yaml has recovered"


def test_a_repository_that_cannot_be_fetched_is_told_when_it_lasts() -> None:
    """Once, and once when it is over; the file in force is none the worse for it."""
    reader = Reader()
    origin = Origin(url="https://git.example/a", ref="main", path="models.yaml")
    shown = snapshot(WELL)
    away = replace(origin, reason=Reason.UNREACHABLE, message="https://git.example/a cannot be fetched: it is away")
    failing = replace(shown, file=replace(shown.file, origin=away))
    assert reader.look(failing) == []
    reader.now = PATIENCE_SECONDS
    assert reader.look(failing) == [(Kind.FAILED, away.message)]
    assert reader.look(failing) == []
    assert reader.look(replace(shown, file=replace(shown.file, origin=origin))) == [(Kind.RECOVERED, away.message)]

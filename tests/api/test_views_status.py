"""The whole and its runtimes at a glance."""

from dataclasses import replace

import pytest

from tests.api.builder import (
    NOON,
    REVISION,
    digest,
    installed,
    inventory,
    loaded,
    name,
    observation,
    record,
    runtime,
    scene,
    snapshot,
    spec,
)
from venom_modeld.api.views_status import not_ready, runtimes, status, without_credentials
from venom_modeld.core.desired import DesiredState
from venom_modeld.core.observed import Unknown
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.core.reasons import Reason
from venom_modeld.state.snapshot import FileSnapshot, RuntimeSnapshot, StatusSnapshot

GONE = Unknown(reason="Unreachable", message="it does not answer")
EMPTY = observation()
THERE = observation(installed("a"))
UNSAFE = runtime(spec(), THERE, owned=inventory("a"))


def stopped(kind: BlockKind) -> RuntimeSnapshot:
    """Return a runtime whose only step is blocked."""
    plan = runtime(spec("a"), EMPTY).plan
    assert plan is not None
    block = Block(kind=kind, reason=Reason.NOT_FOUND, message="no such model", until=NOON + 60)
    return runtime(spec("a"), EMPTY, blocks={plan.steps[0].key: block})


def broken(shown: StatusSnapshot) -> StatusSnapshot:
    """Return a snapshot whose file is not valid."""
    problem = "models.yaml:3:5: unknown key `colour`; take it out"
    return replace(shown, file=replace(shown.file, problems=(problem,), problems_since=NOON - 30))


@pytest.mark.parametrize(
    ("shown", "summary"),
    [
        (StatusSnapshot(), "Starting"),
        (snapshot(runtime(spec("a"), None)), "Starting"),
        (snapshot(runtime(spec("a"), THERE)), "In sync"),
        (snapshot(), "In sync"),
        (snapshot(runtime(spec("a", "b"), EMPTY)), "Working: 2"),
        (snapshot(stopped(BlockKind.BACKOFF)), "Working: 1"),
        (snapshot(stopped(BlockKind.HELD)), "Waiting: 1"),
        (snapshot(runtime(spec("a", suspend=True), EMPTY)), "Waiting: 1"),
        (snapshot(stopped(BlockKind.STALLED)), "Needs attention: 1"),
        (snapshot(UNSAFE, stopped(BlockKind.STALLED)), "Needs attention: 2"),
        (broken(snapshot(runtime(spec("a"), THERE))), "Needs attention: 1"),
        (snapshot(runtime(spec("a"), THERE, unknown=GONE)), "Unknown: ollama does not answer"),
        (
            snapshot(runtime(spec(), None, unknown=GONE), runtime(spec(name="b"), None, unknown=GONE)),
            "Unknown: ollama, b do not answer",
        ),
    ],
)
def test_the_whole_in_words(shown: StatusSnapshot, summary: str) -> None:
    """One state in words: what a person must see to first goes before everything else."""
    assert status(shown).summary == summary


def test_the_counts_of_a_runtime() -> None:
    """Work in progress is not counted again as pending, and what waits for a person is counted apart."""
    waiting = runtime(spec("b", "c"), EMPTY).plan
    assert waiting is not None
    keys = [step.key for step in waiting.steps]
    held = Block(kind=BlockKind.HELD, reason=Reason.CANCELLED, message="cancelled")
    seen = observation(installed("a"), installed("x"), installed("y"), in_memory=[loaded("a")])
    shown = runtime(
        spec("a", "b", "c", "d"),
        seen,
        owned=inventory("x", kept=["x"]),
        operations=(record("b:latest", key=keys[0]),),
        blocks={keys[1]: held},
    )
    assert status(snapshot(shown)).runtimes[0].counts.model_dump() == {
        "declared": 4,
        "installed": 3,
        "loaded": 1,
        "unmanaged": 1,
        "drift": 3,
        "in_progress": 1,
        "pending": 1,
        "waiting": 1,
    }


def test_what_waits_behind_a_step_that_needs_a_person_waits_too() -> None:
    """A chain is pending only where every link of it is taken by itself."""
    chain = runtime(spec("a", active="a"), EMPTY).plan
    assert chain is not None
    held = {chain.steps[0].key: Block(kind=BlockKind.HELD, reason=Reason.CANCELLED, message="cancelled")}
    counts = status(snapshot(runtime(spec("a", active="a"), EMPTY, blocks=held))).counts
    assert (len(chain.steps), counts.pending, counts.waiting) == (2, 0, 2)


def test_the_counts_of_the_whole_are_sums() -> None:
    """The whole has as many models as its runtimes together."""
    answer = status(snapshot(runtime(spec("a"), THERE), runtime(spec("a", "b", name="b"), EMPTY)))
    assert (answer.counts.declared, answer.counts.installed, answer.counts.drift) == (3, 1, 2)


def test_the_file_in_force_and_what_is_wrong_with_a_newer_one() -> None:
    """An invalid file is told with its problems, beside the revision that stays in force."""
    file = broken(snapshot(runtime(spec("a"), THERE))).file
    answer = status(replace(snapshot(), file=replace(file, attempted_revision="sha256:bad"))).file
    assert not answer.valid
    assert (answer.revision, answer.attempted_revision) == (REVISION, "sha256:bad")
    assert answer.problems == ["models.yaml:3:5: unknown key `colour`; take it out"]
    assert answer.problems_since == "2026-03-01T11:59:30.000Z"


def test_a_file_that_was_never_read_is_not_valid() -> None:
    """Before the first good file there is no revision, and the file does not count as valid."""
    answer = status(StatusSnapshot(file=FileSnapshot(path="models.yaml")))
    assert (answer.file.valid, answer.file.revision, answer.generation) == (False, None, None)


@pytest.mark.parametrize(
    ("shown", "applied"),
    [
        (snapshot(runtime(spec("a"), THERE), runtime(spec(name="b"), EMPTY)), REVISION),
        (snapshot(runtime(spec("a"), THERE), runtime(spec("a", name="b"), EMPTY)), None),
        (snapshot(), None),
    ],
)
def test_a_revision_is_applied_when_every_runtime_satisfies_it(shown: StatusSnapshot, applied: str | None) -> None:
    """The world has reached a revision only when all of it has."""
    assert status(shown).file.applied_revision == applied


def test_the_observed_generation_is_that_of_the_slowest_runtime() -> None:
    """The whole has worked on a generation when every runtime has."""
    slow = replace(runtime(spec(name="slow"), EMPTY), observed_generation=2)
    assert status(snapshot(runtime(spec(), EMPTY), slow)).observed_generation == 2


@pytest.mark.parametrize(
    ("shown", "reachable", "error", "age"),
    [
        (runtime(spec("a"), THERE), True, None, 8.0),
        (runtime(spec("a"), THERE, unknown=GONE), False, "it does not answer", 8.0),
        (runtime(spec("a"), None), None, None, None),
    ],
)
def test_reachability_and_age(
    shown: RuntimeSnapshot, *, reachable: bool | None, error: str | None, age: float | None
) -> None:
    """A runtime is told with whether it answers, why not, and how old what is known of it is."""
    found = status(snapshot(shown)).runtimes[0]
    assert (found.reachable, found.error, found.age_seconds) == (reachable, error, age)
    assert (found.unknown_since is not None) is (reachable is False)


@pytest.mark.parametrize(("of_runtime", "of_file"), [(False, False), (True, False), (False, True)])
def test_suspension_by_runtime_and_by_file(*, of_runtime: bool, of_file: bool) -> None:
    """A runtime is suspended by its own word or by that of the whole file."""
    desired = DesiredState(generation=1, revision=REVISION, suspend=of_file)
    answer = status(snapshot(runtime(spec(suspend=of_runtime), EMPTY), desired=desired))
    assert (answer.suspended, answer.runtimes[0].suspended) == (of_file, of_runtime or of_file)


def test_an_unsafe_plan_is_told_with_the_digest_to_approve() -> None:
    """The digest in the status is that of the plan's removals."""
    assert UNSAFE.plan is not None
    assert UNSAFE.plan.unsafe is not None
    assert status(snapshot(UNSAFE)).runtimes[0].unsafe_digest == UNSAFE.plan.unsafe.digest


def test_a_runtime_in_full() -> None:
    """Disk, memory and the active slot are told; names of one version count once on disk."""
    found = runtimes(scene().snapshot).runtimes[0]
    assert found.disk is not None
    assert (found.disk.free_gb, found.disk.total_gb) == (180.0, 500.0)
    assert found.models_gb == 6.12
    assert found.active.model_dump() == {
        "model": "llama3.2:3b",
        "alias": "default:latest",
        "loaded": True,
        "last_active": "llama3.2:3b",
    }
    assert [one.name for one in found.loaded] == ["llama3.2:3b"]
    assert found.loaded[0].serves == ["default:latest", "llama3.2:3b"]


@pytest.mark.parametrize(
    ("shown", "loaded_now"),
    [
        (runtime(spec("a", active="a"), observation(installed("a"), in_memory=[loaded("a")])), True),
        (runtime(spec("a", active="a"), THERE), False),
        (runtime(spec("a", active="a"), THERE, unknown=GONE), None),
        (runtime(spec("a", active="a"), None), None),
        (runtime(spec("a"), THERE), None),
    ],
)
def test_whether_the_active_model_is_loaded(shown: RuntimeSnapshot, *, loaded_now: bool | None) -> None:
    """It is loaded, it is not, or that is not known."""
    assert runtimes(snapshot(shown)).runtimes[0].active.loaded is loaded_now


def test_a_runtime_that_was_never_seen_has_no_numbers() -> None:
    """What is not known is null or empty, never zero."""
    found = runtimes(snapshot(runtime(spec(), None))).runtimes[0]
    assert (found.models_bytes, found.disk, found.runtime_version, found.loaded) == (None, None, None, [])


def test_the_sum_of_sizes_is_unknown_where_one_is() -> None:
    """A sum that lacks a part is no sum."""
    seen = observation(installed("a"), installed("b", None))
    assert runtimes(snapshot(runtime(spec("a"), seen))).runtimes[0].models_bytes is None


def test_names_of_one_version_count_once() -> None:
    """What two names share is on the disk once, and its size is known where one of them tells it."""
    seen = observation(installed("a"), replace(installed("b", None), digest=digest("a")))
    assert runtimes(snapshot(runtime(spec("a"), seen))).runtimes[0].models_bytes == 2_020_000_000


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("https://me:secret@gpu.lan:443/ollama", "https://gpu.lan:443/ollama"),
        ("http://token@[::1]:11434", "http://[::1]:11434"),
        ("http://a:b@c@host/", "http://host/"),
    ],
)
def test_addresses_lose_their_credentials(url: str, shown: str) -> None:
    """Nobody learns a password from the API."""
    assert without_credentials(url) == shown


@pytest.mark.parametrize(
    ("shown", "reasons"),
    [
        (StatusSnapshot(), ["the first cycle is not done yet"]),
        (snapshot(runtime(spec("a"), THERE)), []),
        (snapshot(runtime(spec("a"), EMPTY)), ["ollama: a:latest: declared, not installed"]),
        (snapshot(runtime(spec("a"), THERE, unknown=GONE)), ["ollama: it does not answer"]),
    ],
)
def test_why_not_everything_is_ready(shown: StatusSnapshot, reasons: list[str]) -> None:
    """Each runtime that is not ready gives its reason."""
    assert not_ready(shown) == reasons


def test_the_whole_can_be_unready_by_itself() -> None:
    """Where no runtime says why, the condition of the whole does."""
    unready = snapshot(runtime(spec("a"), EMPTY)).conditions
    shown = replace(snapshot(runtime(spec("a"), THERE)), conditions=unready)
    assert not_ready(shown) == ["a:latest: declared, not installed"]


def test_models_in_memory_are_sorted() -> None:
    """The order does not depend on when which model was loaded."""
    seen = observation(installed("a"), installed("b"), in_memory=[loaded("b"), loaded("a")])
    found = runtimes(snapshot(runtime(spec(alias=name("x")), seen))).runtimes[0]
    assert [one.name for one in found.loaded] == ["a:latest", "b:latest"]

"""What differs and what is to be done about it."""

from tests.api.builder import NOON, installed, inventory, observation, runtime, snapshot, spec
from venom_modeld.api.views_plan import plan
from venom_modeld.core.drift import DriftKind
from venom_modeld.core.observed import RemoteModel, Unknown
from venom_modeld.core.operations import OperationType
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.core.reasons import Reason

REMOTE = {"a": RemoteModel(digest="sha256:a", size_bytes=4_400_000_000)}
EMPTY = observation(remote=REMOTE)


def test_a_step_is_told_with_its_reason_and_size() -> None:
    """What is to be done, to what, why and how many gigabytes."""
    found = plan(snapshot(runtime(spec("a"), EMPTY))).runtimes[0]
    step = found.steps[0]
    assert (step.operation, step.model, step.reason) == (OperationType.INSTALL, "a:latest", "declared, not installed")
    assert (step.size_gb, found.install_gb, found.freed_gb) == (4.4, 4.4, 0.0)
    assert (found.drift[0].kind, found.drift[0].size_gb) == (DriftKind.MISSING, 4.4)


def test_steps_name_those_that_must_be_done_before_them() -> None:
    """An activation waits for its installation, named by its key."""
    install, activate = plan(snapshot(runtime(spec("a", active="a"), EMPTY))).runtimes[0].steps
    assert activate.operation is OperationType.ACTIVATE
    assert activate.after == [install.key]


def test_a_blocked_step_says_why_and_until_when() -> None:
    """A backoff tells when it ends, in UTC."""
    made = runtime(spec("a"), EMPTY).plan
    assert made is not None
    block = Block(kind=BlockKind.BACKOFF, reason=Reason.RATE_LIMITED, message="wait", until=NOON + 90, attempts=3)
    found = plan(snapshot(runtime(spec("a"), EMPTY, blocks={made.steps[0].key: block}))).runtimes[0].steps[0].block
    assert found is not None
    assert found.model_dump(mode="json") == {
        "kind": "backoff",
        "reason": "RateLimited",
        "message": "wait",
        "until": "2026-03-01T12:01:30.000Z",
        "attempts": 3,
    }


def test_an_unsafe_plan_says_what_would_go_and_why_that_is_unsafe() -> None:
    """The digest, the reasons, the models and the bytes are what a person approves by."""
    shown = runtime(spec(), observation(installed("a"), installed("b")), owned=inventory("a", "b"))
    found = plan(snapshot(shown)).runtimes[0]
    assert found.unsafe is not None
    assert found.unsafe.digest.startswith("sha256:")
    assert found.unsafe.reasons
    assert found.unsafe.models == ["a:latest", "b:latest"]
    assert (found.unsafe.freed_gb, found.freed_gb) == (4.04, 4.04)
    assert {step.block.kind for step in found.steps if step.block} == {BlockKind.UNSAFE}


def test_a_plan_is_empty_only_where_everything_is_known_and_done() -> None:
    """A runtime that does not answer has no plan, and that is not an empty one."""
    there = observation(installed("a"))
    gone = Unknown(reason="Unreachable", message="it does not answer")
    assert plan(snapshot(runtime(spec("a"), there))).empty
    assert plan(snapshot()).empty
    assert not plan(snapshot(runtime(spec("a"), EMPTY))).empty
    lost = plan(snapshot(runtime(spec("a"), there, unknown=gone)))
    assert not lost.empty
    assert (lost.runtimes[0].digest, lost.runtimes[0].install_bytes, lost.runtimes[0].freed_gb) == (None, None, None)
    assert lost.runtimes[0].error == "it does not answer"


def test_the_same_work_has_the_same_digest() -> None:
    """The digest changes with the work and with nothing else."""
    one, again, other = (plan(snapshot(runtime(spec(text), EMPTY))).runtimes[0].digest for text in ("a", "a", "b"))
    assert one == again
    assert one != other

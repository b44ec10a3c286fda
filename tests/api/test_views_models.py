"""Which word, which message and which numbers the API tells of a model."""

from dataclasses import replace

import pytest

from tests.api.builder import (
    DOWNLOAD,
    digest,
    event,
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
from venom_modeld.api.models_models import ModelInfo, ModelState, Service
from venom_modeld.api.views_models import active, models
from venom_modeld.core.desired import ModelSpec, Prune, Update
from venom_modeld.core.drift import DriftKind
from venom_modeld.core.events import OperationStatus
from venom_modeld.core.inventory import Entry, Inventory, Role
from venom_modeld.core.names import Provider
from venom_modeld.core.observed import RemoteModel, Unknown
from venom_modeld.core.operations import OperationType
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.core.reasons import Reason
from venom_modeld.state.snapshot import RuntimeSnapshot

GONE = Unknown(reason="Unreachable", message="http://127.0.0.1:11434 does not answer")


def row(shown: RuntimeSnapshot, text: str = "a:latest") -> ModelInfo:
    """Return what is told of one model."""
    answer = models(snapshot(shown))
    return next(one for one in (*answer.models, *answer.missing) if one.name == text)


def blocked(kind: BlockKind) -> dict[str, Block]:
    """Return what blocks the installation of the model `a`, by its operation's key."""
    plan = runtime(spec("a"), observation()).plan
    assert plan is not None
    return {plan.steps[0].key: Block(kind=kind, reason=Reason.NOT_FOUND, message="the registry has no such model")}


THERE = observation(installed("a"))
IN_MEMORY = observation(installed("a"), in_memory=[loaded("a")])
MOVED = observation(installed("a"), remote={"a": RemoteModel(digest="sha256:new", size_bytes=9)})
FOLLOWED = ModelSpec(name=name("a"), update=Update.ALWAYS)
QUEUED = record("a:latest", OperationStatus.PENDING, started_at=None)
DERIVED = ModelSpec(name=name("a"), base=name("base"), definition="{}")


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        (runtime(spec("a", active="a"), IN_MEMORY), ModelState.ACTIVE),
        (runtime(spec("a", active="a"), THERE), ModelState.INSTALLED),
        (runtime(spec("a"), THERE), ModelState.INSTALLED),
        (runtime(spec("a"), IN_MEMORY), ModelState.LOADED),
        (runtime(spec("a"), observation()), ModelState.MISSING),
        (runtime(spec("a"), observation(), blocks=blocked(BlockKind.STALLED)), ModelState.STALLED),
        (runtime(spec("a"), observation(), blocks=blocked(BlockKind.HELD)), ModelState.MISSING),
        (runtime(spec(FOLLOWED), MOVED), ModelState.OUTDATED),
        (runtime(spec(DERIVED, "base"), observation(installed("a"), installed("base"))), ModelState.CHANGED),
        (runtime(spec(), THERE), ModelState.UNMANAGED),
        (runtime(spec(), IN_MEMORY), ModelState.UNMANAGED),
        (runtime(spec(), THERE, owned=inventory("a", kept=["a"])), ModelState.KEPT),
        (runtime(spec(), THERE, owned=inventory("a")), ModelState.INSTALLED),
        (runtime(spec(), IN_MEMORY, owned=inventory("a")), ModelState.LOADED),
        (runtime(spec("a"), observation(), operations=(record("a:latest"),)), ModelState.DOWNLOADING),
        (runtime(spec("a"), THERE, operations=(record("A:latest", type=OperationType.UPDATE),)), ModelState.UPDATING),
        (runtime(spec(), THERE, operations=(record("a:latest", type=OperationType.REMOVE),)), ModelState.REMOVING),
        (
            runtime(spec("a"), observation(), operations=(record("a:latest", OperationStatus.PENDING),)),
            ModelState.MISSING,
        ),
        (
            runtime(spec("a", active="a"), THERE, operations=(record("a:latest", type=OperationType.ACTIVATE),)),
            ModelState.INSTALLED,
        ),
    ],
)
def test_the_state_of_a_model(shown: RuntimeSnapshot, state: ModelState) -> None:
    """A model has the one word that says most about it: what is being done, what is wrong, what it is."""
    assert row(shown).state is state


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        (runtime(spec("a"), THERE), None),
        (runtime(spec("a"), observation()), "declared, not installed"),
        (runtime(spec("a"), observation(), blocks=blocked(BlockKind.STALLED)), "the registry has no such model"),
        (
            runtime(spec("a"), observation(), operations=(record("a:latest", transfer=DOWNLOAD),)),
            "1.8 of 4.4 GB, 22 MB/s, 2 min left",
        ),
        (
            runtime(spec("a", "b"), observation(), operations=(record("b:latest"), QUEUED)),
            "declared, not installed: waits for 1 other download",
        ),
        (
            runtime(spec("a", "b", "c"), observation(), operations=(record("b:latest"), record("c:latest"), QUEUED)),
            "declared, not installed: waits for 2 other downloads",
        ),
        (
            runtime(
                spec("a", "b"),
                observation(),
                operations=(record("b:latest"), QUEUED),
                blocks=blocked(BlockKind.HELD),
            ),
            "declared, not installed",
        ),
    ],
)
def test_the_message_of_a_model(shown: RuntimeSnapshot, message: str | None) -> None:
    """A model tells how far its operation is, else what blocks it, else how it differs, else nothing."""
    assert row(shown).message == message


def just_done(shown: RuntimeSnapshot, after: float) -> list[tuple[str, ModelState, str | None]]:
    """Return the rows where the first step of the plan ended this many seconds after the runtime was looked at."""
    assert shown.plan is not None
    assert shown.observed_at is not None
    told = event(0, at=shown.observed_at + after, operation_id=f"{shown.plan.steps[0].key}-19c")
    answer = models(snapshot(shown, events=(event(1), told)))
    return [(one.name, one.state, one.message) for one in (*answer.models, *answer.missing)]


LOOKED = "done; what is there now is looked at"


@pytest.mark.parametrize(
    ("shown", "after", "rows"),
    [
        (runtime(spec(), THERE, owned=inventory("a")), 1, []),
        (runtime(spec("a"), observation()), 1, [("a:latest", ModelState.DOWNLOADING, LOOKED)]),
        (runtime(spec("a"), observation()), -1, [("a:latest", ModelState.MISSING, "declared, not installed")]),
        (runtime(spec(FOLLOWED), MOVED, owned=inventory("a")), 1, [("a:latest", ModelState.UPDATING, LOOKED)]),
        (runtime(spec("a", active="a"), THERE), 1, [("a:latest", ModelState.INSTALLED, LOOKED)]),
    ],
)
def test_what_was_done_since_the_runtime_was_looked_at(
    shown: RuntimeSnapshot, after: float, rows: list[tuple[str, ModelState, str | None]]
) -> None:
    """A model that was just removed is not listed, and one that just came is not called missing."""
    assert just_done(shown, after) == rows


def test_what_is_in_progress_goes_before_what_waits() -> None:
    """Of two operations on a model, the one that is being done is told."""
    running = record("a:latest", type=OperationType.ACTIVATE, id="running")
    waiting = record("a:latest", OperationStatus.PENDING, type=OperationType.UPDATE, id="waiting")
    assert row(runtime(spec("a"), THERE, operations=(running, waiting))).operation_id == "running"


def test_what_differs_on_disk_goes_before_what_differs_in_memory() -> None:
    """A model that is missing and not loaded is told as missing, and its row carries the size of the download."""
    remote = {"a": RemoteModel(digest="sha256:new", size_bytes=4_400_000_000)}
    found = row(runtime(spec("a", active="a"), observation(remote=remote)))
    assert (found.drift, found.size_gb) == (DriftKind.MISSING, 4.4)


@pytest.mark.parametrize(
    ("shown", "declared", "managed", "keep"),
    [
        (runtime(spec("a"), THERE), True, True, False),
        (runtime(spec(ModelSpec(name=name("a"), keep=True)), THERE), True, True, True),
        (runtime(spec(ModelSpec(name=name("b"), base=name("a"), definition="{}")), THERE), False, True, False),
        (runtime(spec(), THERE), False, False, False),
        (runtime(spec(), THERE, owned=inventory("a", kept=["a"])), False, True, True),
    ],
)
def test_whose_a_model_is(shown: RuntimeSnapshot, *, declared: bool, managed: bool, keep: bool) -> None:
    """A base that the file does not name is managed without being declared; a protected model says so."""
    found = row(shown)
    assert (found.declared, found.managed, found.keep) == (declared, managed, keep)


def test_aliases_and_holds_are_told_apart_from_models() -> None:
    """The daemon's own names are listed as the runtime lists them, each with its role."""
    entries = {name(text): Entry(name=name(text), role=role) for text, role in (("b", Role.ALIAS), ("c", Role.HOLD))}
    seen = observation(installed("a"), installed("b"), installed("c"))
    answer = models(snapshot(runtime(spec("a"), seen, owned=Inventory(entries=entries))))
    assert [(one.name, one.role) for one in answer.models] == [
        ("a:latest", Role.MODEL),
        ("b:latest", Role.ALIAS),
        ("c:latest", Role.HOLD),
    ]


@pytest.mark.parametrize(("same", "role"), [(True, Role.ALIAS), (False, Role.MODEL)])
def test_a_name_that_a_server_gives_its_model_is_an_alias(*, same: bool, role: Role) -> None:
    """Some servers list their alias themselves; a model of that name that is not the one served stays a model."""
    second = replace(installed("chat"), digest=digest("a" if same else "chat"))
    seen = observation(installed("a"), second, in_memory=[loaded("a")])
    assert row(runtime(spec("a", active="a", alias=name("chat")), seen), "chat:latest").role is role


def test_providers_are_never_mixed() -> None:
    """Each model is in the bucket of its provider, and each provider has a bucket, empty or not."""
    seen = observation(installed("hf.co/someone/some-GGUF:Q4_K_M"), installed("b"), installed("a"))
    buckets = models(snapshot(runtime(spec(), seen))).providers
    assert {provider: [one.name for one in found] for provider, found in buckets.items()} == {
        Provider.OLLAMA: ["a:latest", "b:latest"],
        Provider.HUGGINGFACE: ["hf.co/someone/some-GGUF:Q4_K_M"],
    }


def test_models_have_a_stable_order() -> None:
    """Runtimes come as in the file and their models by name, in whatever order the runtime lists them."""
    one = runtime(spec(name="z"), observation(installed("b"), installed("a")))
    two = runtime(spec(name="a"), observation(installed("c")))
    assert [(row.runtime, row.name) for row in models(snapshot(one, two)).models] == [
        ("z", "a:latest"),
        ("z", "b:latest"),
        ("a", "c:latest"),
    ]


def test_a_runtime_that_does_not_answer_keeps_its_models_on_show() -> None:
    """The last known models are listed as stale, with when they were seen and why there is nothing newer."""
    answer = models(snapshot(runtime(spec("a"), THERE, unknown=GONE), runtime(spec(name="b"), observation())))
    assert [(one.name, one.stale) for one in answer.models] == [("a:latest", True)]
    assert answer.stale
    assert answer.error == "ollama: http://127.0.0.1:11434 does not answer"
    assert answer.fetched_at == "2026-03-01T11:59:52.000Z"


def test_a_runtime_that_was_never_seen_has_no_missing_models() -> None:
    """Unknown is not empty: what is not known to be missing is not called missing."""
    answer = models(snapshot(runtime(spec("a"), None)))
    assert (answer.models, answer.missing, answer.stale, answer.fetched_at) == ([], [], True, None)
    assert answer.error == "ollama: it was not asked yet"


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        (runtime(spec("a", active="a"), IN_MEMORY), Service.ONLINE),
        (runtime(spec("a", active="a"), THERE), Service.OFFLINE),
        (runtime(spec("a", active="a"), IN_MEMORY, unknown=GONE), Service.UNKNOWN),
        (runtime(spec("a", active="a"), None), Service.UNKNOWN),
    ],
)
def test_whether_the_active_model_is_served(shown: RuntimeSnapshot, status: Service) -> None:
    """Loaded is observed, active is desired: only a model that is both is online."""
    found = active(snapshot(runtime(spec(name="idle", prune=Prune.NEVER), observation()), shown))
    assert (found.runtime, found.model, found.status) == ("ollama", "a:latest", status)


def test_nothing_is_active_where_the_file_says_nothing() -> None:
    """Without an active model the answer still has its shape."""
    found = active(snapshot(runtime(spec("a"), IN_MEMORY)))
    assert (found.provider, found.model, found.status) == (None, None, Service.OFFLINE)


def test_a_model_is_told_with_what_the_runtime_says_of_it() -> None:
    """Digest, family, size and time come from the observation, the time in UTC."""
    found = next(one for one in models(scene().snapshot).models if one.name == "llama3.2:3b")
    assert (found.family, found.parameter_size, found.quantization) == ("llama", "3.2B", "Q4_K_M")
    assert (found.size_gb, found.modified_at) == (2.02, "2026-02-27T08:30:00.123Z")
    assert found.capabilities == ["completion", "tools"]


def test_an_unknown_size_is_null() -> None:
    """A size that the runtime does not say is null in both units."""
    found = row(runtime(spec("a"), observation(installed("a", None))))
    assert (found.size_bytes, found.size_gb) == (None, None)

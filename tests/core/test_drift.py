"""Drift: each difference, in the words that people read."""

from dataclasses import replace

import pytest

from tests.core.values import installed, inventory, loaded, model, name, observed, remote, runtime
from venom_modeld.core.desired import ModelSpec, Prune, RuntimeSpec, Update
from venom_modeld.core.drift import Drift, DriftKind, diff, recipe, wanted_in_memory
from venom_modeld.core.inventory import Entry, Inventory, Role
from venom_modeld.core.observed import ObservedState

CODER = model("coder", base="a", definition='{"system":"x"}')
FOLLOWING = model("a", update=Update.ALWAYS)
OLD_ALIAS = Entry(name=name("old"), role=Role.ALIAS)
HOLD = Entry(name=name("held/a"), role=Role.HOLD, holds=name("a"))


def made(now: ObservedState, spec: ModelSpec = CODER) -> Inventory:
    """Return an inventory that remembers a derived model as made of what is there."""
    return inventory(Entry(name=spec.name, recipe=recipe(spec, now)))


def one(spec: RuntimeSpec, now: ObservedState, remembered: Inventory | None = None) -> Drift:
    """Return the only difference."""
    (found,) = diff(spec, now, remembered or Inventory())
    return found


@pytest.mark.parametrize(
    ("spec", "now", "remembered", "kind", "message"),
    [
        (runtime("a"), observed(), inventory(), "missing", "declared, not installed"),
        (runtime(CODER), observed(), inventory("coder"), "missing", "coder:latest needs it, not installed"),
        (runtime(CODER), observed("a"), inventory(), "missing", "declared, not installed"),
        (runtime(CODER), observed("a", "coder"), inventory(), "changed", "the file now defines it otherwise"),
        (runtime("a"), observed("a"), inventory(Entry(name=name("a"), recipe="r")), "changed", "the file now defines"),
        (runtime(model("a", pin="sha256:new")), observed("a"), inventory(), "outdated", "is a, the file pins new"),
        (runtime(FOLLOWING), observed("a", remote=remote(a="new")), inventory(), "outdated", "moved from a to new"),
        (runtime(), observed("a"), inventory("a"), "unwanted", "installed by this daemon, no longer in the file"),
        (runtime(prune=Prune.ALL), observed("a"), inventory(), "unwanted", "not in the file, which says prune: all"),
        (runtime(alias="new"), observed("old"), inventory(OLD_ALIAS), "unwanted", "no longer in the file"),
        (runtime(prune=Prune.NEVER), observed("held/a"), inventory(HOLD), "unwanted", "earlier version of a:latest"),
    ],
)
def test_what_differs_on_disk_is_said_in_a_sentence(
    spec: RuntimeSpec, now: ObservedState, remembered: Inventory, kind: str, message: str
) -> None:
    """Each difference has its kind and says why it is one."""
    found = diff(spec, now, remembered)[0]
    assert (found.kind, found.in_memory) == (kind, False)
    assert message in found.message


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (observed(), "must be loaded, not installed yet"),
        (observed("a"), "must be loaded, is not in memory in its installed version"),
        (observed("a", loaded=(loaded("a", pinned=False),)), "is loaded, but will be unloaded when idle"),
        (observed("a", loaded=(loaded("a"),)), "is loaded, but the alias default:latest does not point to it"),
        (observed("a", "default=old", loaded=(loaded("a"),)), "is loaded, but the alias default:latest does not"),
    ],
)
def test_what_keeps_a_model_from_being_active_is_said(now: ObservedState, message: str) -> None:
    """The active model must be installed, loaded, kept loaded, and what the alias stands for."""
    found = diff(runtime("a", active="a", alias="default"), now, Inventory())[-1]
    assert (found.kind, found.in_memory) == (DriftKind.NOT_ACTIVE, True)
    assert message in found.message


def test_a_model_that_is_loaded_otherwise_than_the_file_says_is_changed() -> None:
    """Only the runtime can tell that, and its words are told; another model beside it changes nothing."""
    otherwise = replace(loaded("a"), serves=frozenset(), differs="is served with other args")
    now = observed("a", "b", loaded=(replace(loaded("b"), differs="not looked at"), otherwise))
    (found,) = diff(runtime("a", "b", active="a"), now, Inventory())
    assert (found.kind, found.in_memory, found.message) == (DriftKind.CHANGED, True, "is served with other args")
    assert diff(runtime("a", "b", active="b"), now, Inventory()) == ()


@pytest.mark.parametrize(
    ("spec", "now", "remembered"),
    [
        (runtime("a"), observed("a"), inventory()),
        (runtime("LLAMA3"), observed("llama3:latest"), inventory()),
        (runtime(FOLLOWING), observed("a", remote=remote(a="a")), inventory()),
        (runtime(FOLLOWING), observed("a"), inventory()),
        (runtime("a"), observed("a", remote=remote(a="new")), inventory()),
        (runtime(CODER), observed("a", "coder"), made(observed("a"))),
        (runtime(), observed("a"), inventory()),
        (runtime(prune=Prune.NEVER), observed("a"), inventory("a")),
        (runtime(prune=Prune.ALL), observed("a"), inventory("a", kept=frozenset({name("a")}))),
        (runtime(alias="default"), observed("default"), inventory("default")),
        (runtime("a", active="a"), observed("a", loaded=(loaded("a"),)), inventory()),
        (runtime("a", active="a"), observed("a", "b", loaded=(loaded("b", "a"),)), inventory()),
    ],
)
def test_what_is_as_the_file_says_is_no_drift(spec: RuntimeSpec, now: ObservedState, remembered: Inventory) -> None:
    """An unmanaged model, a kept one, one under a longer name or behind another's runner are all as they should be."""
    assert diff(spec, now, remembered) == ()


def test_an_alias_goes_with_the_last_version_that_the_file_asks_for() -> None:
    """Without an active model the daemon's alias stays only where it stands for a declared model."""
    alias = Entry(name=name("default"), role=Role.ALIAS)
    spec, remembered = runtime("a", alias="default"), inventory("a", alias)
    assert diff(spec, observed("a", "default=a"), remembered) == ()
    (gone,) = diff(spec, observed("a", "default=old"), remembered)
    assert (gone.kind, gone.model) == (DriftKind.UNWANTED, name("default"))
    assert diff(spec, observed("a"), remembered) == ()
    assert diff(runtime(alias="default"), observed("default"), inventory()) == ()


def test_names_are_compared_whole() -> None:
    """`llama3` is neither `llama3.1:70b` nor `llama3:70b`, whichever of them is there."""
    now = observed("llama3.1:70b", "llama3:70b")
    found = diff(runtime("llama3"), now, inventory("llama3.1:70b"))
    assert [(drift.kind, drift.model.text) for drift in found] == [
        ("missing", "llama3:latest"),
        ("unwanted", "llama3.1:70b"),
    ]


def test_a_new_base_changes_what_is_made_of_it() -> None:
    """A derived model is rebuilt when the version that it was made of is no longer the installed one."""
    now = observed("a=new", "coder")
    assert one(runtime(CODER), now, made(observed("a=old"))).kind is DriftKind.CHANGED


def test_while_a_base_is_missing_its_derived_model_is_left_alone() -> None:
    """Nothing can be said of what a derived model should be made of before its base is there."""
    found = one(runtime(CODER), observed("coder"), made(observed("a")))
    assert (found.kind, found.model) == (DriftKind.MISSING, name("a"))


def test_a_runtime_may_find_a_difference_of_its_own() -> None:
    """Where only the runtime can tell that a model is not as the file says, its sentence is the drift."""
    there = observed("a").installed[name("a")]
    now = ObservedState(
        installed={
            there.name: type(there)(name=there.name, digest=there.digest, size_bytes=1, differs="a file is missing")
        }
    )
    assert one(runtime("a"), now).message == "a file is missing"


def test_the_last_version_of_a_missing_model_is_not_thrown_away() -> None:
    """An earlier version stays while the model that it is of is declared and not there, and goes afterwards."""
    spec = runtime("a")
    assert one(spec, observed("held/a=old"), inventory(HOLD)).kind is DriftKind.MISSING
    assert one(spec, observed("held/a=old", "a"), inventory(HOLD)).kind is DriftKind.UNWANTED


def test_memory_is_given_back_only_where_this_daemon_took_it() -> None:
    """A model that others loaded, or that is not pinned, or whose runner is wanted, is nobody's business."""
    pinned = frozenset({name("b")})
    spec = runtime("a", "b", active="a")
    mine = observed("a", "b", loaded=(loaded("a"), loaded("b")))
    found = one(spec, mine, inventory(pinned=pinned))
    assert (found.kind, found.in_memory, found.size_bytes) == (DriftKind.UNWANTED, True, 1_000_000_000)
    assert diff(spec, mine, inventory()) == ()
    assert diff(spec, observed("a", "b", loaded=(loaded("a", "b"),)), inventory(pinned=pinned)) == ()
    idle = observed("a", "b", loaded=(loaded("a"), loaded("b", pinned=False)))
    assert diff(spec, idle, inventory(pinned=pinned)) == ()


def test_what_no_runtime_can_unload_is_no_drift() -> None:
    """A server that somebody else starts and stops goes on serving; that is not for ever out of step."""
    remembered = inventory(pinned=frozenset({name("a")}))
    now = observed("a", loaded=(loaded("a"),))
    assert diff(runtime("a"), now, remembered, can_unload=False) == ()
    assert len(diff(runtime("a"), now, remembered)) == 1


def test_drift_is_in_the_order_of_the_file() -> None:
    """Declared models come as they are written, others after them by name."""
    found = diff(runtime("c", "a"), observed("z", "x"), inventory("z", "x"))
    assert [drift.model.text for drift in found] == ["c:latest", "a:latest", "x:latest", "z:latest"]


def test_the_active_model_is_wanted_in_memory_first() -> None:
    """The active model comes before those that are kept loaded beside it, and only once."""
    spec = runtime(model("a", preload=True), model("b", preload=True), active="b")
    assert wanted_in_memory(spec) == (name("b"), name("a"))


def test_sizes_come_from_the_provider_or_the_disk() -> None:
    """What is missing has the size that is published, what goes has the size that is there."""
    now = ObservedState(installed=installed("z", size_gb=3), remote=remote(a="a"))
    assert [one.size_bytes for one in diff(runtime("a"), now, inventory("z"))] == [1_000_000_000, 3_000_000_000]

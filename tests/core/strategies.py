"""Strategies for the core: files, runtimes and inventories in any state that edits, crashes and people can leave."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from typing import TypeVar

from hypothesis import strategies as st

from tests.core.world import Daemon, PerfectRuntime, derived_digest, hold_name, published
from venom_modeld.core.desired import GB, Limits, ModelSpec, Prune, RuntimeSpec, Update, digest_of
from venom_modeld.core.inventory import Entry, Inventory, Role
from venom_modeld.core.names import ModelName, parse_ollama
from venom_modeld.core.progress import Part, Phase, Progress

Name = TypeVar("Name", ModelName, str)

PLAIN = tuple(map(parse_ollama, ("a", "a:70b", "ab", "b", "hf.co/a/b:Q4")))
"""Models that the registry has; some names begin like others."""

DERIVED = tuple(map(parse_ollama, ("coder", "writer")))
"""Models that are made of others; the second may be made of the first."""

ALIASES = tuple(map(parse_ollama, ("default", "main")))
MINE = parse_ollama("mine")
"""A model that no registry has and no file names."""

HOLDS = tuple(map(hold_name, (*PLAIN, *DERIVED)))
EVERY = (*PLAIN, *DERIVED, *ALIASES, MINE, *HOLDS)
DEFINITIONS = ('{"system":"x"}', '{"system":"y"}')
VERSIONS = tuple(digest_of(number) for number in range(3))
"""Few, so that several names often stand for the same version."""

TURNS = st.lists(st.integers(0, 3), max_size=40)
"""Which of the operations in flight moves next."""


@st.composite
def models(draw: st.DrawFn, name: ModelName, beside: Sequence[ModelName] = ()) -> ModelSpec:
    """Return an entry of the file for a name, beside the other names that the file has."""
    common = {"keep": draw(st.booleans()), "preload": draw(st.booleans()), "update": draw(st.sampled_from(Update))}
    if name in DERIVED:
        bases = (*PLAIN, DERIVED[0]) if name != DERIVED[0] and DERIVED[0] in beside else PLAIN
        return ModelSpec(
            name=name, base=draw(st.sampled_from(bases)), definition=draw(st.sampled_from(DEFINITIONS)), **common
        )
    pin = draw(st.sampled_from((None, None, None, *VERSIONS)))
    others = [ModelSpec(name=other) for other in PLAIN if other != name]
    adapters = tuple(draw(st.lists(st.sampled_from(others), unique=True, max_size=1)))
    common |= {"update": Update.NEVER} if pin else {}
    return ModelSpec(name=name, pin=pin, adapters=adapters, **common)


LIMITS = st.builds(
    Limits,
    removals=st.integers(0, 4),
    removal_share=st.sampled_from((0.0, 0.34, 0.5, 1.0)),
    removal_bytes=st.sampled_from((GB, 5 * GB, 100 * GB)),
    downloads=st.integers(1, 3),
)


@st.composite
def specs(draw: st.DrawFn, pool: Sequence[ModelName] = (*PLAIN, *DERIVED)) -> RuntimeSpec:
    """Return the entry of a runtime in the file, with models of a pool."""
    names = draw(st.permutations(draw(_some(pool))))
    return RuntimeSpec(
        name="one",
        kind="perfect",
        url="http://127.0.0.1:1",
        prune=draw(st.sampled_from((Prune.MANAGED, Prune.ALL, Prune.NEVER))),
        models=tuple(draw(models(name, names)) for name in names),
        active=draw(st.sampled_from((*names, None))),
        alias=draw(st.sampled_from((None, *ALIASES))),
        limits=draw(LIMITS),
    )


def _version(name: ModelName) -> st.SearchStrategy[str]:
    if name not in DERIVED:
        return st.sampled_from(VERSIONS)
    made = [derived_digest(definition, base) for definition in DEFINITIONS for base in VERSIONS[:2]]
    return st.sampled_from((*VERSIONS[:1], *made))


@st.composite
def runtimes(draw: st.DrawFn, pool: Sequence[ModelName], *, disks: bool = False) -> PerfectRuntime:
    """Return a runtime with some names of a pool; with `disks` its disk may be on this host, and small."""
    sizes = {digest: draw(st.integers(1, 9)) for digest in VERSIONS}
    runtime = PerfectRuntime(unknown=frozenset(draw(st.sets(st.sampled_from(PLAIN), max_size=1))))
    for name in PLAIN:
        digest = draw(st.sampled_from(VERSIONS))
        runtime.published[name] = published(digest, sizes[digest])
    for name in draw(_some(pool)):
        digest = draw(_version(name))
        runtime.put(name, digest, sizes.get(digest, 0) * GB)
        if name in PLAIN and draw(st.sampled_from((False, False, False, True))):
            runtime.installed[name] = replace(runtime.installed[name], differs="a file of it is missing")
    present = sorted({model.digest for model in runtime.installed.values()})
    runtime.runners = {digest: draw(st.sampled_from((True, True, False))) for digest in draw(_some(present))}
    if disks:
        runtime.capacity = draw(st.one_of(st.none(), st.integers(0, 20).map(lambda free: runtime.used + free * GB)))
    return runtime


@st.composite
def entries(draw: st.DrawFn, name: ModelName) -> Entry:
    """Return what the inventory may say of a name."""
    if name in HOLDS:
        return Entry(name=name, role=Role.HOLD, holds=(*PLAIN, *DERIVED)[HOLDS.index(name)])
    if name in ALIASES:
        return Entry(name=name, role=draw(st.sampled_from((Role.ALIAS, Role.MODEL))))
    return Entry(name=name, recipe=draw(st.sampled_from((None, None, "sha256:other"))))


@st.composite
def inventories(draw: st.DrawFn, pool: Sequence[ModelName]) -> Inventory:
    """Return an inventory with some names of a pool, not always in step with the runtime."""
    loadable = [name for name in pool if name in PLAIN or name in DERIVED]
    return Inventory(
        entries={name: draw(entries(name)) for name in draw(_some(pool))},
        kept=frozenset(draw(st.lists(st.sampled_from(loadable), max_size=1))),
        last_active=draw(st.sampled_from((*loadable, None))),
        pinned=frozenset(draw(_some(loadable))),
    )


def _some(names: Sequence[Name]) -> st.SearchStrategy[list[Name]]:
    """Return a strategy for about half of the names, in their order."""
    picks = st.lists(st.booleans(), min_size=len(names), max_size=len(names))
    return picks.map(lambda picked: list(compress(names, picked)))


@st.composite
def daemons(draw: st.DrawFn, *, disks: bool = False) -> Daemon:
    """Return a daemon that has just started, on a host in any state.

    Everything is about a few names at a time, so that the file, the runtime and the inventory meet in many of them.
    Earlier versions are held under names that nobody else uses, and not before they are on record.
    """
    loadable = draw(st.lists(st.sampled_from((*PLAIN, *DERIVED)), unique=True, min_size=2, max_size=5))
    others = draw(st.lists(st.sampled_from((*ALIASES, MINE, *map(hold_name, loadable))), unique=True, max_size=4))
    inventory = draw(inventories([*loadable, *others]))
    there = [name for name in others if name not in HOLDS or name in inventory.entries]
    return Daemon(
        runtime=draw(runtimes([*loadable, *there], disks=disks)), spec=draw(specs(loadable)), inventory=inventory
    )


@st.composite
def progresses(draw: st.DrawFn) -> Progress:
    """Return a report of a download, with numbers left out and numbers that go back."""
    part = st.builds(Part, completed=st.integers(0, 100), total=st.none() | st.integers(0, 100))
    return Progress(
        phase=draw(st.sampled_from(Phase)),
        parts=draw(st.dictionaries(st.sampled_from("xyz"), part, max_size=3)),
        expected_bytes=draw(st.none() | st.integers(0, 300)),
    )

"""Sizes that lists do not tell are looked up a few at a time, kept, and looked up again when they may be others."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx2
import pytest

from tests.trending.conftest import Clock, MakeWire, MemoryShelf, entry
from venom_modeld.core.catalogue import Entry, KeptSize
from venom_modeld.core.names import Provider
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.errors import NoSuchModel, SourceFailed
from venom_modeld.trending.hub_process import Call, HubReply
from venom_modeld.trending.limits import Budget
from venom_modeld.trending.manifests import Manifests
from venom_modeld.trending.pace import FIRST, Pace
from venom_modeld.trending.sizes import ROUND, WEEK, Sizes

PACE = Pace(ttl=1800.0, draw=lambda: 0.5)


@dataclass
class Registry:
    """A registry in memory, which counts what it is asked."""

    sizes: dict[str, int] = field(default_factory=dict)
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request for a manifest."""
        name = request.url.path.split("/")[3]
        self.asked.append(f"{request.method} {name}")
        if self.status != 200 or name not in self.sizes:
            return httpx2.Response(404 if self.status == 200 else self.status)
        blob = {"mediaType": "x", "digest": "c", "size": 0}
        layer = {**blob, "digest": "w", "size": self.sizes[name]}
        body = json.dumps({"config": blob, "layers": [layer]}).encode()
        digest = hashlib.sha256(body).hexdigest()
        return httpx2.Response(200, headers={"ollama-content-digest": digest}, content=body)


@dataclass
class Hub:
    """A Hub whose trees a test gives; None ends an answer early."""

    url: str = "https://hub.test"
    trees: dict[str, dict[str, int] | SourceFailed] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def ask(self, call: Call) -> HubReply:
        """Nobody asks for one."""
        raise NotImplementedError

    async def ask_all(self, calls: Sequence[Call]) -> list[HubReply | SourceFailed]:
        """Answer each."""
        names = [call["repository"] for call in calls]
        self.asked += names
        found = [self.trees.get(name, NoSuchModel("none")) for name in names]
        return [one if isinstance(one, SourceFailed) else HubReply(value=one) for one in found]


@pytest.fixture
def registry() -> Registry:
    """Give an empty registry."""
    return Registry()


@pytest.fixture
def hub() -> Hub:
    """Give an empty Hub."""
    return Hub()


@pytest.fixture
def manifests(make_wire: MakeWire, registry: Registry) -> Manifests:
    """Ask the registry."""
    return Manifests(make_wire("http://registry.test", transport=httpx2.MockTransport(registry)))


@pytest.fixture
def sizes(shelf: MemoryShelf, clock: Clock, manifests: Manifests, hub: Hub) -> Sizes:
    """Look up sizes in both."""
    return Sizes(shelf, manifests=manifests, hub=hub, pace=PACE, wall=clock, clock=clock)


def filled(sizes: Sizes, *entries: Entry) -> list[int | None]:
    """Return the sizes that would be shown."""
    return [sizes.fill_in(one).size_bytes for one in entries]


async def test_a_few_names_are_looked_up_in_a_round(sizes: Sizes, registry: Registry) -> None:
    """The list is filled from its top, each name once."""
    entries = [entry(f"m{number}") for number in range(ROUND + 2)]
    registry.sizes = {one.model_name: number + 1 for number, one in enumerate(entries)}
    for _ in range(3):
        await sizes.look_up(entries)
    assert filled(sizes, *entries) == list(range(1, ROUND + 3))
    assert len(registry.asked) == ROUND + 2


async def test_what_has_a_size_or_none_to_have_is_not_looked_up(sizes: Sizes, registry: Registry) -> None:
    """A size that the list tells stands; a model that runs elsewhere has none."""
    told, elsewhere = entry("told", size_bytes=7), entry("elsewhere", tags=("cloud",))
    both = entry("both", tags=("cloud",), sizes=("8b",))
    await sizes.look_up([told, elsewhere, both])
    assert registry.asked == ["GET both"]
    assert filled(sizes, told, elsewhere, both) == [7, None, None]


async def test_a_name_without_weights_is_not_asked_for_again(sizes: Sizes, registry: Registry) -> None:
    """A missing manifest, one for newer versions of Ollama, and a name that is none are answers too."""
    for registry.status in (200, 412):
        for _ in range(2):
            await sizes.look_up([entry(f"gone{registry.status}"), entry("no name at all")])
    assert registry.asked == ["GET gone200", "GET gone412"]


async def test_a_tag_that_kept_its_digest_costs_its_head(sizes: Sizes, registry: Registry, clock: Clock) -> None:
    """After a week, or when the page says that it changed; another digest is read anew."""
    registry.sizes["wren"] = 5
    await sizes.look_up([entry("wren")])
    clock.now += WEEK + 1
    await sizes.look_up([entry("wren")])
    clock.now += 60
    updated = entry("wren", updated_at=clock.now - 1)
    await sizes.look_up([updated])
    registry.sizes["wren"] = 6
    clock.now += WEEK + 1
    await sizes.look_up([updated])
    assert registry.asked == ["GET wren", "HEAD wren", "HEAD wren", "HEAD wren", "GET wren"]
    assert filled(sizes, updated) == [6]


async def test_repositories_are_measured_by_what_their_runtime_loads(sizes: Sizes, hub: Hub) -> None:
    """The default quantisation for Ollama, the safetensors for vLLM; one that may not be read has no size."""
    gguf = entry("hf.co/Org/A-GGUF", provider=Provider.HUGGINGFACE)
    safe = entry("Org/B", provider=Provider.HUGGINGFACE, runtime="vllm")
    gated = entry("Org/C", provider=Provider.HUGGINGFACE, runtime="vllm")
    files = {"m-Q4_K_M.gguf": 4, "m-Q8_0.gguf": 8, "model.safetensors": 9}
    denied = SourceFailed("Gated.", reason=Reason.ACCESS_DENIED)
    hub.trees = {"Org/A-GGUF": files, "Org/B": files, "Org/C": denied}
    for _ in range(2):
        await sizes.look_up([gguf, safe, gated])
    assert filled(sizes, gguf, safe, gated) == [4, 9, None]
    assert hub.asked == ["Org/A-GGUF", "Org/B", "Org/C"]


async def test_a_registry_that_fails_is_left_alone_for_longer_each_time(
    sizes: Sizes, registry: Registry, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Five minutes, then ten; the first failure is logged; names that were found stay."""
    registry.sizes = {"wren": 5, "owl": 6}
    await sizes.look_up([entry("wren")])
    registry.status = 500
    with caplog.at_level(logging.INFO):
        for _ in range(40):
            await sizes.look_up([entry("wren"), entry("owl"), entry("auk")])
            clock.now += 60
    assert len(registry.asked) == 1 + 4
    ours = [record.message for record in caplog.records if record.name.startswith("venom_modeld.")]
    assert ours == ["sizes cannot be looked up"]
    registry.status = 200
    clock.now += FIRST * 8
    await sizes.look_up([entry("owl")])
    assert filled(sizes, entry("wren"), entry("owl")) == [5, 6]


async def test_a_hub_that_fails_is_left_alone_too(sizes: Sizes, hub: Hub, clock: Clock) -> None:
    """What it answered before it failed is kept."""
    names = ("Org/A", "Org/B", "Org/C")
    entries = [entry(name, provider=Provider.HUGGINGFACE, runtime="vllm") for name in names]
    hub.trees = {"Org/A": {"model.safetensors": 9}, "Org/B": SourceFailed("No.", reason=Reason.UNREACHABLE)}
    await sizes.look_up(entries)
    await sizes.look_up(entries)
    assert hub.asked == [*names]
    clock.now += FIRST
    hub.trees["Org/B"] = {"model.safetensors": 8}
    await sizes.look_up(entries)
    assert filled(sizes, *entries) == [9, 8, None]


async def test_a_spent_budget_ends_a_round(
    shelf: MemoryShelf, clock: Clock, make_wire: MakeWire, registry: Registry
) -> None:
    """What is left comes in the next one."""
    registry.sizes = {"wren": 5, "owl": 6}
    budget = Budget(burst=1, seconds=60)
    wire = make_wire("http://registry.test", transport=httpx2.MockTransport(registry), budget=budget)
    sizes = Sizes(shelf, manifests=Manifests(wire), hub=None, pace=PACE, wall=clock, clock=clock)
    entries = [entry("wren"), entry("owl"), entry("Org/A", provider=Provider.HUGGINGFACE)]
    await sizes.look_up(entries)
    assert filled(sizes, *entries) == [5, None, None]
    clock.now += 60
    await sizes.look_up(entries)
    assert filled(sizes, *entries) == [5, 6, None]


async def test_sizes_survive_the_process(
    sizes: Sizes, registry: Registry, shelf: MemoryShelf, clock: Clock, manifests: Manifests
) -> None:
    """A new one asks nothing that is known; a disk that is full loses nothing now."""
    registry.sizes = {"wren": 5, "owl": 6}
    await sizes.look_up([entry("wren")])
    shelf.broken = True
    await sizes.look_up([entry("owl")])
    assert filled(sizes, entry("owl")) == [6]
    shelf.broken = False
    again = Sizes(shelf, manifests=manifests, hub=None, pace=PACE, wall=clock, clock=clock)
    await again.load()
    await again.look_up([entry("wren")])
    assert filled(again, entry("wren"), entry("owl")) == [5, None]
    assert registry.asked == ["GET wren", "GET owl"]
    assert list(shelf.sizes) == ["wren"]


async def test_a_name_that_was_checked_in_the_future_is_checked_again(
    shelf: MemoryShelf, clock: Clock, manifests: Manifests, registry: Registry
) -> None:
    """The clock has gone back since."""
    shelf.sizes["wren"] = KeptSize(name="wren", digest=None, size_bytes=None, checked_at=clock.now + 5)
    registry.sizes["wren"] = 5
    sizes = Sizes(shelf, manifests=manifests, hub=None, pace=PACE, wall=clock, clock=clock)
    await sizes.load()
    await sizes.look_up([entry("wren")])
    assert filled(sizes, entry("wren")) == [5]

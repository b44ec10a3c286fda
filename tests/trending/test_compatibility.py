"""A name that a runtime cannot serve is told with what to write instead; what cannot be looked up is no fault of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.trending.conftest import MakeWire
from venom_modeld.core.catalogue import Compatibility, Verdict
from venom_modeld.core.names import Provider
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.compatibility import Checker
from venom_modeld.trending.errors import NoSuchModel, SourceFailed
from venom_modeld.trending.hub_process import Call, HubReply
from venom_modeld.trending.limits import Budget
from venom_modeld.trending.manifests import Manifests

FILES = ["m-Q4_K_M.gguf", "m-UD-IQ1_S.gguf"]
INFO = {
    "Org/Safe": {"tags": ["safetensors"], "files": ["model.safetensors"]},
    "Org/Gated": {"tags": ["safetensors"], "files": ["model.safetensors"], "gated": True},
    "Org/Tiny-GGUF": {"tags": ["gguf", "base_model:quantized:Org/Tiny"], "files": FILES},
    "Org/Old": {"tags": ["pytorch"], "files": ["pytorch_model.bin"]},
    "Org/Docs": {"tags": [], "files": ["README.md"]},
}


@dataclass
class Hub:
    """A Hub with a few repositories."""

    url: str = "https://hub.test"
    down: SourceFailed | None = None
    together: list[list[str]] = field(default_factory=list)

    async def ask(self, call: Call) -> HubReply:
        """Answer a call for the info of a repository."""
        name = call["repository"]
        if name not in INFO:
            raise NoSuchModel(f"hub.test has no repository {name}.")
        facts: dict[str, Any] = dict.fromkeys(("downloads", "likes", "updated_at", "task", "gguf_parameters"))
        return HubReply(value={**facts, "id": name, "gated": False, "parameters": {}, **INFO[name]})

    async def ask_all(self, calls: Sequence[Call]) -> list[HubReply | SourceFailed]:
        """Answer as many calls as are answered; where it is down, the first is the last."""
        self.together.append([call["repository"] for call in calls])
        if self.down is not None:
            return [self.down]
        return [await self.ask(call) if call["repository"] in INFO else NoSuchModel("None.") for call in calls]


def registry(request: httpx2.Request) -> httpx2.Response:
    """Answer for the library: it has heron, and a newer one for newer versions of Ollama."""
    known = {"/v2/library/heron/manifests/8b": 200, "/v2/library/heron/manifests/new": 412}
    return httpx2.Response(known.get(request.url.path, 500 if "broken" in request.url.path else 404))


@pytest.fixture
def checker(make_wire: MakeWire) -> Checker:
    """Give a checker that knows some names of the library."""
    wire = make_wire("http://registry.test", transport=httpx2.MockTransport(registry))
    return Checker(
        manifests=Manifests(wire),
        hub=Hub(),
        known={
            Provider.OLLAMA: ["heron", "wren"],
            Provider.HUGGINGFACE: ["Org/Safe", "hf.co/Org/Tiny-GGUF"],
        }.__getitem__,
    )


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("vllm", "Org/Safe", None),
        ("vllm", "Org/Old", None),
        ("vllm", "Org/Gated", "Org/Gated is gated: ask for access at https://hub.test/Org/Gated"),
        ("ollama", "heron:8b", None),
        ("ollama", "heron:new", None),
        ("ollama", "hf.co/Org/Tiny-GGUF", None),
        ("ollama", "hf.co/Org/Tiny-GGUF:q4_k_m", None),
        ("ollama", "huggingface.co/Org/Tiny-GGUF:IQ1_S", None),
    ],
)
async def test_what_can_be_served_is_said_so(checker: Checker, kind: str, name: str, message: str | None) -> None:
    """A gated repository can be, for those who are let in."""
    assert await checker.check(kind, name) == Compatibility(verdict=Verdict.YES, message=message)


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("vllm", "Org/Tiny-GGUF", "write hf.co/Org/Tiny-GGUF under an Ollama runtime, or Org/Tiny here"),
        ("vllm", "Org/None", "has no repository Org/None."),
        ("vllm", "org/safe", "has no repository org/safe. Did you mean 'Org/Safe'?"),
        ("vllm", "Org/Docs", "holds no safetensors"),
        ("ollama", "hf.co/Org/Tinny-GGUF", "has no repository Org/Tinny-GGUF. Did you mean 'hf.co/Org/Tiny-GGUF'?"),
        ("vllm", "Org/Tinny-GGUF", "has no repository Org/Tinny-GGUF."),
        ("ollama", "hf.co/Org/Safe", "write Org/Safe under a vllm runtime"),
        ("ollama", "hf.co/Org/Docs", "holds no GGUF files"),
        ("ollama", "hf.co/Org/Tiny-GGUF:Q8_0", "write hf.co/Org/Tiny-GGUF:QUANT with one of Q4_K_M, UD-IQ1_S"),
        ("ollama", "heron:80b", "has no 'heron:80b'. https://ollama.com/library/heron/tags lists its tags"),
        ("ollama", "herron", "has no 'herron:latest'. Did you mean 'heron'?"),
        ("ollama", "auk", ". Write a name that https://ollama.com/search has"),
        ("ollama", "no name at all", "is no model name"),
    ],
)
async def test_what_cannot_be_served_is_told_with_what_to_write(
    checker: Checker, kind: str, name: str, words: str
) -> None:
    """Another runtime, the model it was made from, another tag, another name."""
    found = await checker.check(kind, name)
    assert found.verdict is Verdict.NO
    assert words in (found.message or "")


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("ollama", "broken", "status 500"),
        ("ollama", "mirror.lan:5000/team/wren", "mirror.lan:5000 is not looked up"),
        ("llamafile", "wren", "Nothing is known of runtimes of the kind llamafile"),
    ],
)
async def test_what_cannot_be_known_is_no_fault(checker: Checker, kind: str, name: str, words: str) -> None:
    """An outage, another registry, another kind of runtime."""
    found = await checker.check(kind, name)
    assert found.verdict is Verdict.UNKNOWN
    assert words in (found.message or "")


async def test_without_the_hub_or_a_budget_nothing_is_known(make_wire: MakeWire) -> None:
    """Offline mode and a spent budget say nothing about a name."""
    wire = make_wire(
        "http://registry.test", transport=httpx2.MockTransport(registry), budget=Budget(burst=1, seconds=60)
    )
    checker = Checker(manifests=Manifests(wire), hub=None)
    await checker.check("ollama", "heron:8b")
    for kind, name, words in (("vllm", "Org/Safe", "offline"), ("ollama", "heron:8b", "often enough")):
        found = await checker.check(kind, name)
        assert found.verdict is Verdict.UNKNOWN
        assert words in (found.message or "")


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("ollama", "herron", "Did you mean 'heron'?"),
        ("vllm", "Org/Tiny-GGUF", "write hf.co/Org/Tiny-GGUF under an Ollama runtime"),
        ("ollama", "heron:8b", None),
        ("vllm", "Org/Gated", None),
        ("vllm", "Org/None", None),
        ("ollama", "broken", None),
    ],
)
async def test_an_advice_is_what_to_write_instead(checker: Checker, kind: str, name: str, words: str | None) -> None:
    """There is none where nothing is wrong, and none where nothing is known."""
    found = await checker.advise(kind, name)
    assert (found is None) if words is None else (words in (found or ""))


def checker_of(hub: Hub | None, make_wire: MakeWire) -> Checker:
    """Give a checker with a Hub of a test's own."""
    wire = make_wire("http://registry.test", transport=httpx2.MockTransport(registry))
    return Checker(manifests=Manifests(wire), hub=hub)


async def test_many_names_ask_the_hub_together(make_wire: MakeWire) -> None:
    """Each repository once, twenty at a time; the rest is looked up as ever."""
    hub = Hub()
    many = [("vllm", f"Org/M{number}") for number in range(19)]
    names = [("vllm", "Org/Safe"), ("ollama", "hf.co/Org/Tiny-GGUF"), ("vllm", "Org/Tiny-GGUF"), *many, ("ollama", "")]
    found = await checker_of(hub, make_wire).check_all([*names, ("ollama", "heron:8b"), ("llamafile", "wren"), *names])
    assert [len(calls) for calls in hub.together] == [20, 1]
    assert [found[name].verdict for name in names[:3]] == [Verdict.YES, Verdict.YES, Verdict.NO]
    assert {found[name].verdict for name in many} == {Verdict.NO}
    assert (found["ollama", "heron:8b"].verdict, found["llamafile", "wren"].verdict) == (Verdict.YES, Verdict.UNKNOWN)


@pytest.mark.parametrize("hub", [Hub(down=SourceFailed("Down.", reason=Reason.UNREACHABLE)), None])
async def test_a_hub_that_is_down_is_asked_once(hub: Hub | None, make_wire: MakeWire) -> None:
    """Nothing is known of its names then, however many there are."""
    names = [("vllm", f"Org/M{number}") for number in range(45)]
    found = await checker_of(hub, make_wire).check_all(names)
    assert {one.verdict for one in found.values()} == {Verdict.UNKNOWN}
    assert hub is None or len(hub.together) == 1


@pytest.mark.looptime
async def test_an_advice_does_not_keep_anybody_waiting(make_wire: MakeWire) -> None:
    """After ten seconds there is none."""

    async def never(_: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(60)
        raise NotImplementedError

    checker = Checker(
        manifests=Manifests(make_wire("http://registry.test", transport=httpx2.MockTransport(never))), hub=None
    )
    start = asyncio.get_running_loop().time()
    assert await checker.advise("ollama", "heron") is None
    assert asyncio.get_running_loop().time() - start == pytest.approx(10)

"""What the Hub says becomes entries for the runtimes that can serve them, and nothing else does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from venom_modeld.core.catalogue import Entry, Listing, Question
from venom_modeld.core.names import Provider
from venom_modeld.trending.classify import (
    OLLAMA,
    VLLM,
    Repository,
    not_on_ollama,
    not_on_vllm,
    worth_showing,
)
from venom_modeld.trending.errors import ParseFailed, SourceFailed
from venom_modeld.trending.hub_files import Quantisation, default_size, quantisations, safetensors_size
from venom_modeld.trending.hub_process import Call, HubReply
from venom_modeld.trending.huggingface import HuggingFace, read_files, read_repository


@dataclass
class FakeHub:
    """Answers every call with the same."""

    value: Any = None
    unchanged: bool = False
    url: str = "https://hub.test"
    calls: list[Call] = field(default_factory=list)

    async def ask(self, call: Call) -> HubReply:
        """Answer."""
        self.calls.append(call)
        return HubReply(value=self.value, validator='"2"', unchanged=self.unchanged)

    async def ask_all(self, calls: Sequence[Call]) -> list[HubReply | SourceFailed]:
        """Answer each."""
        return [await self.ask(call) for call in calls]


def question(listing: Listing, query: str = "") -> Question:
    """Ask something of the Hub."""
    return Question(provider=Provider.HUGGINGFACE, listing=listing, query=query)


def facts(name: str, **more: Any) -> dict[str, Any]:
    """Return what the child says of a repository."""
    return {
        "id": name,
        "downloads": 10,
        "likes": 2,
        "gated": False,
        "updated_at": 5.0,
        "task": "text-generation",
        "tags": ["safetensors"],
        "parameters": {},
        "gguf_parameters": None,
        "files": None,
    } | more


async def test_a_repository_becomes_an_entry() -> None:
    """Safetensors are for vLLM under their own name; the size is that of plain floats."""
    hub = FakeHub([facts("Org/Small", parameters={"BF16": 596_000_000, "F32": 1}, gated=True, tags=[
        "safetensors", "arxiv:1", "license:mit", "region:us", "conversational"
    ])])  # fmt: skip
    found = await HuggingFace(hub, environ={}).ask(question(Listing.TRENDING), validator='"1"')
    assert found is not None
    assert found.validator == '"2"'
    assert found.entries == (
        Entry(
            provider=Provider.HUGGINGFACE,
            model_name="Org/Small",
            display_name="Org/Small",
            runtime="vllm",
            size_bytes=1_192_000_004,
            tags=("safetensors", "license:mit", "conversational"),
            downloads=10,
            likes=2,
            sizes=("596m",),
            updated_at=5.0,
            url="https://hub.test/Org/Small",
            gated=True,
        ),
    )
    assert hub.calls == [{"do": "list", "sort": "trending_score", "limit": 100, "validator": '"1"'}]


async def test_a_gguf_repository_is_for_ollama() -> None:
    """Under the name that Ollama takes, without a size, as it has many; what no runtime serves is left out."""
    useless = facts("Org/Painter", task="text-to-image")
    gguf = facts("Org/Big-GGUF", tags=["gguf"], task=None, gguf_parameters=27_320_697_856, parameters={"F32": 9})
    found = await HuggingFace(FakeHub([useless, gguf]), environ={}).ask(question(Listing.AVAILABLE))
    assert found is not None
    [entry] = found.entries
    assert (entry.model_name, entry.display_name, entry.runtime) == ("hf.co/Org/Big-GGUF", "Org/Big-GGUF", OLLAMA)
    assert (entry.size_bytes, entry.url) == (None, "https://hub.test/Org/Big-GGUF")


@pytest.mark.parametrize(
    ("listing", "query", "call"),
    [
        (Listing.AVAILABLE, "", {"sort": "downloads", "limit": 100, "task": "text-generation"}),
        (Listing.SEARCH, "owl", {"sort": "downloads", "limit": 100, "search": "owl"}),
    ],
)
async def test_each_listing_is_a_call(listing: Listing, query: str, call: Mapping[str, Any]) -> None:
    """What is available is of one task; a search goes over all."""
    hub = FakeHub([])
    found = await HuggingFace(hub, environ={}).ask(question(listing, query))
    assert found is not None
    assert hub.calls == [{"do": "list", "validator": None, **call}]


async def test_an_unchanged_listing_is_no_answer() -> None:
    """What is kept stands."""
    assert await HuggingFace(FakeHub(unchanged=True), environ={}).ask(question(Listing.TRENDING)) is None


@pytest.mark.parametrize(
    ("more", "runtime"),
    [
        ({}, VLLM),
        ({"task": "image-text-to-text"}, VLLM),
        ({"task": "sentence-similarity"}, VLLM),
        ({"task": "text-to-image"}, None),
        ({"task": "text-to-speech", "tags": ["gguf"]}, None),
        ({"task": None}, None),
        ({"task": None, "tags": ["gguf"]}, OLLAMA),
        ({"tags": ["gguf", "safetensors"]}, VLLM),
        ({"tags": ["safetensors", "mlx"]}, None),
        ({"tags": ["safetensors", "base_model:adapter:Org/Base"]}, None),
        ({"tags": ["onnx"]}, None),
    ],
)
def test_the_runtime_is_the_one_that_can_serve_it(more: dict[str, Any], runtime: str | None) -> None:
    """Tasks that no runtime serves, other formats and mere additions are offered for none."""
    assert read_repository(facts("Org/Repo", **more)).runtime == runtime


@pytest.mark.parametrize(
    ("parameters", "tags", "size", "label"),
    [
        ({"BF16": 1_500_000_000}, (), 3_000_000_000, "1.5b"),
        ({"F64": 2, "F16": 1}, (), 18, "0m"),
        ({"BF16": 7_000_000_000}, ("4-bit",), None, None),
        ({"BF16": 10, "I32": 90}, (), None, None),
        ({}, (), None, None),
    ],
)
def test_the_count_of_packed_weights_is_no_size(
    parameters: dict[str, int], tags: tuple[str, ...], size: int | None, label: str | None
) -> None:
    """Only plain floats tell their bytes; the total of a quantised repository misleads."""
    found = Repository(id="a/b", parameters=parameters, tags=tags)
    assert (found.size_bytes, found.size_label) == (size, label)


def test_a_gguf_repository_tells_its_parameters() -> None:
    """The Hub counts them in its files."""
    assert Repository(id="a/b", gguf_parameters=8_953_803_264).size_label == "9b"


@pytest.mark.parametrize(
    "odd",
    [{"id": "../../etc"}, {"id": "a/b/c"}, {"id": "a b"}, {"id": ""}],
)
def test_a_name_that_is_none_fails_the_list(odd: dict[str, Any]) -> None:
    """Nothing with such a name is shown, nor written into a file."""
    with pytest.raises(ParseFailed):
        read_repository(facts("x", **odd))


def test_odd_values_are_not_known() -> None:
    """A server that lies about types gets no further than this."""
    found = read_repository(
        facts("a/b", downloads="many", likes=-1, task=3, tags=[1, "x"], parameters={"BF16": "2"}, files=["a", 7])
    )
    assert found == Repository(id="a/b", updated_at=5.0, tags=("x",), files=("a",))
    assert read_files({"a": 1, "b": None, "c": True}) == {"a": 1}


SHARDS = {
    "BF16/Model-BF16-00001-of-00002.gguf": 50,
    "BF16/Model-BF16-00002-of-00002.gguf": 5,
    "Model-Q4_K_M.gguf": 16,
    "other/Model-Q4_K_M.gguf": 99,
    "Model-UD-IQ1_S.gguf": 6,
    "Model.q8_0.gguf": 29,
    "MTP/mtp-Model-Q4_0.gguf": 1,
    "mmproj-F16.gguf": 9,
    "imatrix_model.gguf": 1,
    "Model.gguf": 70,
    "README.md": 1,
}


def test_the_versions_of_a_gguf_repository_are_its_quantisations() -> None:
    """Parts are summed; projectors, matrices and draft heads are no models; one without a name is not known."""
    assert quantisations(SHARDS) == (
        Quantisation(name="UD-IQ1_S", size_bytes=6, parts=1),
        Quantisation(name="Q4_K_M", size_bytes=16, parts=1),
        Quantisation(name="Q8_0", size_bytes=29, parts=1),
        Quantisation(name="BF16", size_bytes=55, parts=2),
    )
    assert default_size(SHARDS) == 16
    assert default_size({"a-Q2_K.gguf": 3}) == 3
    assert default_size({"a-Q2_K.gguf": 3, "a-Q3_K_S.gguf": 4}) is None


@pytest.mark.parametrize(
    ("files", "size"),
    [
        ({"model-1.safetensors": 2, "model-2.safetensors": 3, "consolidated.safetensors": 5, "x/a.safetensors": 9}, 5),
        ({"consolidated.safetensors": 5}, 5),
        ({"model.gguf": 5}, None),
    ],
)
def test_the_weights_count_once(files: dict[str, int], size: int | None) -> None:
    """A second copy of all in one file, and what lies in folders, is not loaded."""
    assert safetensors_size(files) == size


async def test_the_tags_of_a_repository_are_its_versions() -> None:
    """Whole for vLLM, each quantisation for Ollama, under the names to write."""
    hub = FakeHub({"model.safetensors": 9, "m-Q4_K_M.gguf": 4, "m-Q8_0.gguf": 8})
    found = await HuggingFace(hub, environ={}).ask(question(Listing.TAGS, "hf.co/Org/Repo"))
    assert found is not None
    assert [(entry.model_name, entry.runtime, entry.size_bytes, entry.url) for entry in found.entries] == [
        ("Org/Repo", VLLM, 9, "https://hub.test/Org/Repo"),
        ("hf.co/Org/Repo:Q4_K_M", OLLAMA, 4, "https://hub.test/Org/Repo"),
        ("hf.co/Org/Repo:Q8_0", OLLAMA, 8, "https://hub.test/Org/Repo"),
    ]
    assert hub.calls == [{"do": "tree", "repository": "Org/Repo"}]


async def test_a_repository_without_weights_has_no_versions() -> None:
    """There is nothing to serve."""
    with pytest.raises(ParseFailed, match="neither safetensors nor GGUF"):
        await HuggingFace(FakeHub({"README.md": 1}), environ={}).ask(question(Listing.TAGS, "Org/Repo"))


@pytest.mark.parametrize(
    ("environ", "word"),
    [
        ({}, None),
        ({"HF_HUB_OFFLINE": "0"}, None),
        ({"HF_HUB_OFFLINE": ""}, None),
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE"),
        ({"TRANSFORMERS_OFFLINE": "yes"}, "TRANSFORMERS_OFFLINE"),
    ],
)
def test_the_hubs_own_switch_turns_it_off(environ: dict[str, str], word: str | None) -> None:
    """It is named, with what to do."""
    off = HuggingFace(FakeHub(), environ=environ).off
    assert (off is None) == (word is None)
    assert word is None or (off or "").startswith(f"{word} is set")


def repository(*tags: str) -> Repository:
    """Return a repository with tags."""
    return Repository(id="Org/Repo", tags=tags)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (("safetensors",), None),
        (("gguf",), "write hf.co/Org/Repo under an Ollama runtime"),
        (("gguf", "base_model:quantized:Org/Base"), "or Org/Base here, from which it was made"),
        (("safetensors", "mlx"), "made for another program"),
        ((), "holds no safetensors"),
    ],
)
def test_what_vllm_cannot_serve_is_told_with_what_to_write(tags: tuple[str, ...], words: str | None) -> None:
    """The whole model, another runtime, or another repository."""
    found = not_on_vllm(repository(*tags))
    assert found is words is None or (words or "-") in (found or "")


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (("gguf",), None),
        (("safetensors",), "write Org/Repo under a vllm runtime"),
        ((), "holds no GGUF files"),
    ],
)
def test_what_ollama_cannot_serve_is_told_with_what_to_write(tags: tuple[str, ...], words: str | None) -> None:
    """The same the other way round."""
    found = not_on_ollama(repository(*tags))
    assert found is words is None or (words or "-") in (found or "")


def test_files_count_more_than_tags() -> None:
    """Where the files are known, the word of the owner is not needed."""
    found = Repository(id="a/b", tags=("safetensors",), files=("x.GGUF",))
    assert (found.has_gguf, found.has_safetensors) == (True, False)


def test_tags_that_say_nothing_are_left_out() -> None:
    """References to papers and places are for programs."""
    assert worth_showing(["gguf", "arxiv:1", "license:mit"]) == ("gguf", "license:mit")

"""A valid models.yaml becomes desired state, for whatever kinds there are."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from venom_modeld.config.desired_file import ConfigError, DesiredFile, parse_models
from venom_modeld.core.desired import GB, Limits, ModelSpec, Prune, RuntimeSpec, Update
from venom_modeld.core.kinds import RuntimeKind
from venom_modeld.core.names import InvalidName, ModelName, Provider, parse_ollama
from venom_modeld.runtimes.registry import kinds

OLLAMA = kinds()["ollama"]
HEX = "45C47199d5f87ef6d2fe1e5fac015b00348bc229ea632107533ab93a3d1d49b7"
DEFINITION = '{"parameters":{"num_ctx":4096,"stop":["x"],"temperature":1.0},"system":"s","template":"t"}'
ROOT = Path(__file__).parents[2]


def read(text: str, known: Mapping[str, RuntimeKind] | None = None) -> DesiredFile:
    """Read a file that must be valid."""
    return parse_models(text.encode(), path="models.yaml", kinds=known or {"ollama": OLLAMA})


def one(keys: str) -> RuntimeSpec:
    """Return the runtime of a file with one Ollama runtime of these further keys."""
    [spec] = read(f"version: 1\nruntimes:\n  ollama:\n    kind: ollama\n    prune: managed\n{keys}").runtimes
    return spec


def entry(text: str) -> ModelSpec:
    """Return the model of an entry."""
    [spec] = one(f"    models:\n      - {text}\n").models
    return spec


def test_the_least_file_has_the_defaults() -> None:
    """Beside the version only the kind and the word for pruning must be written."""
    found = read("{version: 1, runtimes: {ollama: {kind: ollama, prune: managed}}}")
    expected = RuntimeSpec(
        name="ollama", kind="ollama", url="http://127.0.0.1:11434", prune=Prune.MANAGED, options={"insecure": ()}
    )
    assert found == DesiredFile(runtimes=(expected,), suspend=False)


def test_no_runtimes_are_legal() -> None:
    """A file may declare nothing at all, if it says so."""
    assert read("{version: 1, runtimes: {}}") == DesiredFile(runtimes=())


def test_every_key_of_a_runtime_arrives() -> None:
    """What is written is what the rest of the program gets."""
    spec = one(
        "    url: HTTP://Box.lan:11434/\n    active: Coder\n    alias: default\n    suspend: true\n"
        "    insecure: [Mirror.lan:5000]\n    models: [coder, hf.co/a/b:Q4]\n"
    )
    assert spec == RuntimeSpec(
        name="ollama",
        kind="ollama",
        url="http://box.lan:11434",
        prune=Prune.MANAGED,
        models=(ModelSpec(name=parse_ollama("coder")), ModelSpec(name=parse_ollama("hf.co/a/b:Q4"))),
        active=parse_ollama("coder"),
        alias=parse_ollama("default"),
        suspend=True,
        options={"insecure": ("mirror.lan:5000",)},
    )
    assert spec.models[1].name.provider is Provider.HUGGINGFACE


def test_runtimes_keep_their_order_and_the_file_may_be_suspended() -> None:
    """Several runtimes are several entries; suspending the file suspends none of them by itself."""
    found = read(
        "version: 1\nsuspend: true\nruntimes:\n"
        '  b: {kind: ollama, prune: never}\n  a: {kind: ollama, prune: all, url: "http://[::1]:1"}\n'
        '  c: {kind: ollama, prune: all, url: "https://h"}\n'
    )
    assert found.suspend
    assert [(spec.name, spec.url, spec.prune, spec.suspend) for spec in found.runtimes] == [
        ("b", "http://127.0.0.1:11434", Prune.NEVER, False),
        ("a", "http://[::1]:1", Prune.ALL, False),
        ("c", "https://h", Prune.ALL, False),
    ]


def test_a_limit_of_a_runtime_replaces_that_limit_only() -> None:
    """What a runtime leaves out is taken from the file, and what the file leaves out from the program."""
    found = read(
        "version: 1\nlimits: {removals: 7, removal_gb: 0.5}\nruntimes:\n"
        "  a: {kind: ollama, prune: never, limits: {removals: 1, downloads: 2}}\n"
        '  b: {kind: ollama, prune: never, url: "http://h", limits: {removal_share: 0}}\n'
    )
    assert [spec.limits for spec in found.runtimes] == [
        Limits(removals=1, removal_share=0.5, removal_bytes=GB // 2, downloads=2),
        Limits(removals=7, removal_share=0.0, removal_bytes=GB // 2, downloads=1),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", {}),
        ("{name: a}", {}),
        (
            "{name: a, keep: yes, update: always, preload: true}",
            {"keep": True, "update": Update.ALWAYS, "preload": True},
        ),
        (f"{{name: a, digest: {HEX}}}", {"pin": f"sha256:{HEX.lower()}"}),
        (f'{{name: a, digest: "sha256:{HEX}", update: never}}', {"pin": f"sha256:{HEX.lower()}"}),
        ("{name: a, from: b}", {"base": parse_ollama("b"), "definition": "{}"}),
        ('{name: a, from: b, system: "", parameters: {}}', {"base": parse_ollama("b"), "definition": "{}"}),
        (
            "{name: a, from: b, parameters: {temperature: 1, stop: [x], num_ctx: 4096}, system: s, template: t}",
            {"base": parse_ollama("b"), "definition": DEFINITION},
        ),
    ],
)
def test_an_entry_becomes_a_spec(text: str, expected: dict[str, Any]) -> None:
    """The short form is the long one with the name alone, and pins and definitions have one spelling."""
    assert entry(text) == ModelSpec(name=parse_ollama("a"), **expected)


@pytest.mark.parametrize(
    "text",
    ["Someone/Thing:latest", "someone/thing", "hf.co/Owner/Repo-GGUF", "mirror.lan/Owner/Repo", "Thing", "Some/thing"],
)
def test_names_that_ollama_can_serve_are_taken(text: str) -> None:
    """Only a capital in the repository of `Owner/Repo` without a tag speaks of safetensors files."""
    assert entry(text).name == parse_ollama(text)


def test_a_base_need_not_be_declared_and_may_be_derived_itself() -> None:
    """A chain of derived models is no circle."""
    spec = one("    models: [{name: a, from: b}, {name: b, from: c}, {name: d, from: a}]\n")
    assert [str(model.base) for model in spec.models] == ["b:latest", "c:latest", "a:latest"]


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_are_valid_and_known_to_editors(example: Path) -> None:
    """Each begins with the line by which an editor finds the schema, whose path is right."""
    content = example.read_bytes()
    assert parse_models(content, path=example.name, kinds=kinds()).runtimes
    [schema] = re.findall(rb"\A# yaml-language-server: \$schema=(\S+)\n", content)
    assert (example.parent / schema.decode()).samefile(ROOT / "config/models.schema.json")


def test_the_first_example_is_small() -> None:
    """It installs three small models on one Ollama, one of them active."""
    [spec] = read((ROOT / "examples/models.yaml").read_text(encoding="utf-8")).runtimes
    assert [str(model.name) for model in spec.models] == ["qwen3:0.6b", "llama3.2:1b", "nomic-embed-text:latest"]
    assert str(spec.active) == "qwen3:0.6b"


def test_the_cost_of_a_file_grows_with_its_length_and_no_faster() -> None:
    """Eight times the models take about eight times the work; comparing each with each would take 64 times."""
    small, large = (min(_seconds(count) for _ in range(3)) for count in (250, 2000))
    assert large < 24 * small


def _seconds(count: int) -> float:
    models = ",".join(f"{{name: m{index}, update: always, from: m}}" for index in range(count))
    text = f"{{version: 1, runtimes: {{ollama: {{kind: ollama, prune: managed, models: [{models}]}}}}}}"
    start = time.process_time()
    assert len(read(text).runtimes[0].models) == count
    return time.process_time() - start


class ShelfKeys(BaseModel):
    """The keys of a runtime of a kind that exists in these tests only."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    rows: int = Field(default=4, description="How many rows the shelf has.")


class BookKeys(BaseModel):
    """The keys of a model of that kind."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    edition: int = Field(description="The edition to have.", examples=[2])
    flags: dict[str, str | bool | int] = Field(default={}, description="Free words.")
    marks: list[Annotated[str, Field(max_length=2)]] = Field(default=[], description="Marks of at most two letters.")


def parse_title(text: str) -> ModelName:
    """Take any name without a space, letters as they are."""
    if " " in text:
        raise InvalidName(f"{text!r} holds a space; leave it out")
    return ModelName(text, text, Provider.HUGGINGFACE)


def to_book(name: ModelName, keys: Any) -> ModelSpec:
    """Refuse one edition, as a kind may refuse what only the whole entry tells."""
    if keys.edition == 13:
        raise InvalidName(f"{name} has no edition 13; write 12 or 14")
    return ModelSpec(name=name, keep=keys.keep, definition=str(keys.edition))


SHELF = RuntimeKind(
    name="shelf",
    title="Shelf",
    default_url="http://127.0.0.1:9",
    runtime_fields=ShelfKeys,
    model_fields=BookKeys,
    parse_name=parse_title,
    to_spec=to_book,
    to_options=lambda keys: {"rows": keys.rows},
)
BOTH = {"ollama": OLLAMA, "shelf": SHELF}


def test_another_kind_brings_its_own_keys() -> None:
    """Its words, names, default address and options are its own, and so are its servers."""
    text = """
version: 1
runtimes:
  ollama: {kind: ollama, prune: never, url: "http://127.0.0.1:9", models: [one]}
  shelf: {kind: shelf, prune: all, rows: 2, active: One, models: [{name: One, edition: 3, keep: true}]}
"""
    [_, spec] = read(text, BOTH).runtimes
    assert spec == RuntimeSpec(
        name="shelf",
        kind="shelf",
        url="http://127.0.0.1:9",
        prune=Prune.ALL,
        models=(ModelSpec(name=ModelName("One", "One"), keep=True, definition="3"),),
        active=ModelName("One", "One"),
        options={"rows": 2},
    )


def test_another_kind_brings_its_own_errors() -> None:
    """Unknown keys are told from the kind's own, and what the kind itself refuses stands at the entry."""
    text = """version: 1
runtimes:
  a: {kind: shelf, prune: all, insecure: [x], row: 1, models: [One, {name: Two, edition: 13}, "T T"]}
  b: {prune: all}
  c: {kind: shop, prune: all}
  d: {kind: shelf, prune: all, url: "http://d", models: [{name: x, edition: 1, flags: {a: [1], b: yes, c: }}]}
  e: {kind: shelf, prune: all, url: "http://e", models: [{name: x, edition: 1, marks: [ab, abc]}]}
"""
    with pytest.raises(ConfigError) as caught:
        read(text, BOTH)
    keys = "active, alias, kind, limits, models, prune, rows, suspend, url"
    assert str(caught.value).splitlines() == [
        f"models.yaml:3:32: there is no key 'insecure' here; the keys here are: {keys}",
        "models.yaml:3:47: there is no key 'row' here; did you mean `rows`?",
        "models.yaml:3:64: `edition` is missing; write `edition: 2`. The edition to have.",
        "models.yaml:3:69: Two has no edition 13; write 12 or 14",
        "models.yaml:3:95: 'T T' holds a space; leave it out",
        "models.yaml:3:95: `edition` is missing; write `edition: 2`. The edition to have.",
        "models.yaml:4:3: `kind` is missing; write `kind: ollama` or `kind: shelf`",
        "models.yaml:5:13: there is no kind 'shop'; write ollama or shelf",
        "models.yaml:6:91: `a` is a list; write a text, true or false or a whole number",
        "models.yaml:6:107: `c` has no value; write a text, true or false or a whole number",
        "models.yaml:7:92: an item of `marks` is 'abc'; write something else. Marks of at most two letters.",
    ]

"""The JSON Schema and the reference of models.yaml come from the types that check the file."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.json_schema import schema_json
from venom_modeld.runtimes.registry import kinds

ROOT = Path(__file__).parents[2]
OLLAMA = kinds()["ollama"]
REFERENCE = (ROOT / "docs/reference/models-yaml.md").read_text(encoding="utf-8")
SCHEMA = json.loads(schema_json(kinds()))
TYPES = {"the file": SCHEMA, **{name: made for name, made in SCHEMA["$defs"].items() if "properties" in made}}


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping inside a schema."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from parts(inner)


def test_the_schema_in_the_repository_is_the_generated_one() -> None:
    """`venom-modeld schema > config/models.schema.json` renews it."""
    assert (ROOT / "config/models.schema.json").read_text(encoding="utf-8") == schema_json(kinds())


def test_the_schema_says_which_dialect_it_speaks() -> None:
    """Its first line is for programs, the title and the description are for people."""
    assert list(SCHEMA)[:3] == ["$schema", "title", "description"]
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("made", TYPES.values(), ids=TYPES)
def test_every_key_is_described_and_no_other_is_allowed(made: dict[str, Any]) -> None:
    """An editor shows what a key means, and underlines one that is not there."""
    assert made["additionalProperties"] is False
    for key, value in made["properties"].items():
        assert value["description"].endswith("."), key


def test_what_must_be_written_is_required() -> None:
    """The version, the runtimes, their kinds, the words for pruning, and names."""
    made = json.loads(schema_json({"ollama": OLLAMA}))
    required = {part["title"]: set(part["required"]) for part in parts(made) if "required" in part}
    assert required == {
        "models.yaml": {"version", "runtimes"},
        "OllamaRuntime": {"kind", "prune"},
        "OllamaModel": {"name"},
    }


def test_nothing_may_be_null() -> None:
    """A key without a value is an error of the file, so the schema offers none."""
    for part in parts(SCHEMA):
        assert part.get("type") != "null"
        assert "default" not in part or part["default"] is not None


def test_every_reference_leads_somewhere() -> None:
    """No definition is missing, and none is left over."""
    targets = {part["$ref"] for part in parts(SCHEMA) if isinstance(part.get("$ref"), str)}
    assert targets == {f"#/$defs/{name}" for name in SCHEMA["$defs"]}


def test_the_schema_accepts_a_name_or_an_entry() -> None:
    """Both forms of a model are in it."""
    items = SCHEMA["$defs"]["OllamaRuntime"]["properties"]["models"]["items"]
    assert items == {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/OllamaModel"}]}


def test_every_kind_is_in_the_schema_once() -> None:
    """A second kind adds a second form of a runtime, whatever the order in which the kinds are given."""
    other = replace(OLLAMA, name="other", title="Other")
    text = schema_json({"other": other, "ollama": OLLAMA})
    assert text == schema_json({"ollama": OLLAMA, "other": other})
    found = json.loads(text)["properties"]["runtimes"]["additionalProperties"]
    assert found == {"anyOf": [{"$ref": "#/$defs/OllamaRuntime"}, {"$ref": "#/$defs/OtherRuntime"}]}


def default_of(made: dict[str, Any], key: str) -> str:
    """Return the default of a key as the reference writes it."""
    if key in made.get("required", ()):
        return "required"
    default = made["properties"][key].get("default")
    return "" if default is None else f"`{default if isinstance(default, str) else json.dumps(default)}`"


@pytest.mark.parametrize("made", TYPES.values(), ids=TYPES)
def test_the_reference_has_a_row_for_every_key(made: dict[str, Any]) -> None:
    """Key, default and meaning in it are those of the schema."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in REFERENCE.splitlines() if line[:1] == "|"]
    found = {(row[0], row[2], row[3]) for row in rows if len(row) == 4}
    for key, value in made["properties"].items():
        assert (f"`{key}`", default_of(made, key), value["description"]) in found


def test_the_examples_of_the_reference_are_valid_and_show_every_key_of_a_file() -> None:
    """Whoever copies one gets a file that works; parameters are many and alike, so not all of them are shown."""
    blocks = re.findall(r"```yaml\n(.*?)```", REFERENCE, flags=re.DOTALL)
    for block in blocks:
        parse_models(block.encode(), path="models-yaml.md", kinds=kinds())
    shown = "\n".join(blocks)
    for name, made in TYPES.items():
        for key in made["properties"] if name != "Parameters" else ():
            assert re.search(rf"\b{key}:", shown), key

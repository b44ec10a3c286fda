"""Whatever a file holds, reading it ends in desired state or in errors that a person can read."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from venom_modeld.config.desired_file import ConfigError, DesiredFile, parse_models
from venom_modeld.core.names import parse_ollama
from venom_modeld.runtimes.registry import kinds

KEYS = ["version", "runtimes", "suspend", "limits", "removals", "removal_share", "removal_gb", "downloads"]
KEYS += ["kind", "url", "prune", "active", "alias", "insecure", "models"]
KEYS += ["name", "keep", "update", "digest", "preload", "from", "system", "template", "parameters", "num_ctx", "stop"]
VALUES = ["ollama", "managed", "all", "always", "http://h:1", "qwen3:0.6b", "a", "b", "c", "Owner/Repo", "--x", "../x"]
WORDS = st.sampled_from(KEYS + VALUES)
LEAVES = st.one_of(WORDS, st.text(max_size=8), st.integers(), st.floats(), st.booleans(), st.none())
DATA = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5), max_leaves=30
)
ENTRY = st.one_of(WORDS, DATA, st.fixed_dictionaries({"name": WORDS}, optional={"from": WORDS, "keep": st.booleans()}))
RUNTIME = st.fixed_dictionaries(
    {"kind": st.sampled_from(["ollama", "olama", 1]), "prune": st.sampled_from(["never", "all", None])},
    optional={
        "models": st.lists(ENTRY, max_size=5) | DATA,
        "active": WORDS | LEAVES,
        "alias": WORDS,
        "url": WORDS | LEAVES,
        "limits": DATA,
        "odd": DATA,
    },
)
FILES = st.fixed_dictionaries(
    {"version": st.just(1), "runtimes": st.dictionaries(WORDS | st.text(max_size=5), RUNTIME | DATA, max_size=3)},
    optional={"suspend": LEAVES, "limits": DATA},
)


def outcome(content: bytes) -> DesiredFile | tuple[str, ...]:
    """Return the desired state, or the errors."""
    try:
        return parse_models(content, path="models.yaml", kinds=kinds())
    except ConfigError as error:
        return tuple(map(str, error.problems))


def check(content: bytes) -> None:
    """Hold what must be true of any file."""
    found = outcome(content)
    assert found == outcome(content)
    if isinstance(found, tuple):
        assert found
        assert len(set(found)) == len(found)
        for line in found:
            assert line.isprintable()
            assert "Input should" not in line
    else:
        for runtime in found.runtimes:
            assert runtime.active is None or runtime.model(runtime.active)
            assert len({model.name for model in runtime.models}) == len(runtime.models)


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    """Bytes that are no text, no YAML or no file of ours are told as such."""
    check(content)


@given(DATA)
def test_any_data(data: Any) -> None:
    """YAML of any shape, made of the words of the file."""
    check(json.dumps(data).encode())


@given(FILES)
def test_nearly_any_file(data: Any) -> None:
    """Files of the right shape with anything in the places of their values."""
    check(json.dumps(data).encode())


@given(st.lists(st.sampled_from(["a", "b", "A", "c:x", "C:X", "d/e"]), unique_by=lambda text: text.lower()))
def test_declared_models_arrive_in_order(names: list[str]) -> None:
    """A list of different names becomes the same list of models."""
    data = {"version": 1, "runtimes": {"o": {"kind": "ollama", "prune": "never", "models": names}}}
    found = parse_models(json.dumps(data).encode(), path="models.yaml", kinds=kinds())
    assert [model.name for model in found.runtimes[0].models] == [parse_ollama(text) for text in names]

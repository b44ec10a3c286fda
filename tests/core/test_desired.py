"""Desired state: what changes a model, which bases come with derived ones, and which derivations have no start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venom_modeld.core.desired import (
    DesiredState,
    ModelSpec,
    Prune,
    RuntimeSpec,
    Update,
    canonical,
    circles,
    digest_of,
    with_bases,
)
from venom_modeld.core.names import ModelName


def name(text: str) -> ModelName:
    """Return a name whose key is its text."""
    return ModelName(text, text)


def spec(text: str, base: str | None = None, **more: object) -> ModelSpec:
    """Return a model, derived from `base` if one is given."""
    return ModelSpec(name=name(text), base=name(base) if base else None, **more)  # type: ignore[arg-type]


def chains(*found: str) -> tuple[tuple[ModelName, ...], ...]:
    """Return circles written as words of one letter a model."""
    return tuple(tuple(name(letter) for letter in word) for word in found)


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        (spec("a", keep=True), True),
        (spec("a", update=Update.ALWAYS), True),
        (spec("a", preload=True), True),
        (spec("b"), False),
        (spec("a", pin="sha256:0"), False),
        (spec("a", base="b"), False),
        (spec("a", definition="{}"), False),
    ],
)
def test_the_fingerprint_changes_with_what_must_be_installed(changed: ModelSpec, same: bool) -> None:
    """Protection, updates and loading change nothing of what must be on the disk."""
    assert (changed.fingerprint == spec("a").fingerprint) is same


def test_things_are_found_by_name() -> None:
    """A runtime finds its models and a state its runtimes by name, or None."""
    runtime = RuntimeSpec(name="r", kind="k", url="http://h", prune=Prune.NEVER, models=(spec("a"),))
    state = DesiredState(generation=1, revision="sha256:0", runtimes=(runtime,))
    assert runtime.model(name("a")) == spec("a")
    assert runtime.model(name("b")) is None
    assert state.runtime("r") is runtime
    assert state.runtime("s") is None


def test_an_undeclared_base_comes_before_its_first_user() -> None:
    """It is added once, says who needs it, and follows its tag as that model does."""
    models = (spec("a", "base", update=Update.ALWAYS), spec("b", "base"), spec("c", "d"), spec("d"))
    found = with_bases(models)
    assert [one.name.text for one in found] == ["base", "a", "b", "c", "d"]
    assert found[0] == ModelSpec(name=name("base"), update=Update.ALWAYS, needed_by=name("a"))


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ((), ()),
        ((spec("a"), spec("b", "a"), spec("c", "b"), spec("d", "x")), ()),
        ((spec("a", "a"),), chains("a")),
        ((spec("a", "b"), spec("b", "a")), chains("ab")),
        ((spec("x", "b"), spec("a", "c"), spec("b", "a"), spec("c", "b"), spec("y", "x")), chains("acb")),
        ((spec("a", "b"), spec("b", "a"), spec("c", "d"), spec("d", "c")), chains("ab", "cd")),
    ],
)
def test_circles_are_found_once_each(
    models: tuple[ModelSpec, ...], expected: tuple[tuple[ModelName, ...], ...]
) -> None:
    """A circle starts with its first model of the list; models that only lead into it are no part of it."""
    assert circles(models) == expected


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdef")))
def test_without_circles_every_derivation_has_a_start(bases: dict[str, str]) -> None:
    """Following the bases from any model ends, unless it ends in a circle that was found."""
    found = circles(tuple(spec(one, base) for one, base in bases.items()))
    in_circles = {member.text for circle in found for member in circle}
    for start in bases:
        walked: list[str] = []
        here = start
        while here in bases and here not in in_circles:
            walked.append(here)
            here = bases[here]
            assert len(walked) <= len(bases)


def test_canonical_text_is_one_for_one_value() -> None:
    """The order of keys does not count, and letters of any script stay as they are."""
    assert canonical({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'
    assert digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1})
    assert digest_of([]).startswith("sha256:")


def test_an_adapter_is_wanted_with_its_first_user() -> None:
    """It stands after that, once, and not at all where the file names it itself."""
    lora, other = spec("lora"), spec("other")
    first, second = spec("one", adapters=(lora, other)), spec("two", adapters=(lora,))
    assert with_bases((first, second, other)) == (first, lora, second, other)

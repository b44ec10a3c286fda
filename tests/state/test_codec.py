import dataclasses
import json
import math
from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venom_modeld.core.conditions import Condition
from venom_modeld.core.drift import Drift
from venom_modeld.core.events import Event, OperationRecord
from venom_modeld.core.inventory import Entry, Inventory
from venom_modeld.core.names import ModelName, parse_ollama
from venom_modeld.core.observed import InstalledModel, ObservedState
from venom_modeld.core.plan import Block
from venom_modeld.core.progress import Progress, Transfer
from venom_modeld.state import codec
from venom_modeld.state.records import AcceptedFile, Approval, Attempt, LastObservation, Reconciliation

STORED = (
    AcceptedFile,
    Approval,
    Attempt,
    Block,
    Condition,
    Drift,
    Entry,
    Event,
    Inventory,
    LastObservation,
    ModelName,
    ObservedState,
    OperationRecord,
    Progress,
    Reconciliation,
    Transfer,
)

SCALARS: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text() | st.binary(max_size=8).map(lambda name: name.decode(errors="surrogateescape")),
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bytes: st.binary(),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for every value that a type hint allows, each field of a dataclass filled on its own."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{field.name: values_of(hints[field.name]) for field in dataclasses.fields(hint)})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if origin is UnionType:
        return st.one_of([st.none() if argument is NoneType else values_of(argument) for argument in arguments])
    return containers_of(origin, arguments)


def containers_of(origin: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """Return a strategy for small tuples, sets and mappings."""
    if origin is tuple and arguments[-1] is not Ellipsis:
        return st.tuples(*map(values_of, arguments))
    items = values_of(arguments[0])
    if origin is tuple:
        return st.lists(items, max_size=3).map(tuple)
    if origin is frozenset:
        return st.frozensets(items, max_size=3)
    return st.dictionaries(items, values_of(arguments[1]), max_size=3)


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_what_was_printed_reads_back_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    """Reading what was printed gives an equal value, and printing that gives the same text."""
    value = data.draw(values_of(kind))
    text = codec.dump(value)
    read = codec.load(kind, text)
    assert read == value
    assert codec.dump(read) == text


def test_a_name_keeps_its_text_and_provider() -> None:
    """Names are equal by their keys alone, and still nothing of a name is lost."""
    name = parse_ollama("hf.co/Owner/Model-GGUF:Q4_K_M")
    read = codec.load(ModelName, codec.dump(name))
    assert (read.key, read.text, read.provider) == (name.key, name.text, name.provider)


@settings(max_examples=200)
@given(
    text=st.one_of(
        st.binary(),
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["key", "text", "provider", "x"]), inner),
        ).map(json.dumps),
    )
)
def test_any_other_text_is_refused(text: str | bytes) -> None:
    """A text reads as a name, or raises CodecError; no other error comes out."""
    try:
        name = codec.load(ModelName, text)
    except codec.CodecError:
        return
    assert codec.load(ModelName, codec.dump(name)) == name


INSTALLED = {"name": {"key": "k", "text": "t", "provider": "ollama"}, "digest": "d"}

REFUSED = {
    "nothing": (Event, "", "Event: no JSON"),
    "not UTF-8": (Event, b"\xff", "Event: no JSON"),
    "no text at all": (Event, None, "Event: no JSON"),
    "another shape": (Event, "[]", "Event: expected an object, got []"),
    "an unknown key": (Event, '{"at":1.0,"type":"T","colour":1}', "Event: unknown key 'colour'"),
    "a missing key": (Event, '{"at":1.0}', "Event: key 'type' is missing"),
    "a number for a text": (Event, '{"at":1.0,"type":1}', "Event.type: expected a text, got 1"),
    "a text for a number": (Event, '{"at":"1","type":"T"}', 'Event.at: expected a number, got "1"'),
    "true for a number": (Event, '{"at":true,"type":"T"}', "Event.at: expected a number, got true"),
    "NaN": (Event, '{"at":NaN,"type":"T"}', "NaN is no number"),
    "a whole number for one with a fraction": (Event, '{"at":1,"type":"T"}', "Event.at: expected a number, got 1"),
    "an unknown word": (Event, '{"at":1.0,"type":"T","reason":"Bored"}', "Event.reason: 'Bored' is not a valid Reason"),
    "an object for a word": (Event, '{"at":1.0,"type":"T","reason":{}}', "Event.reason: {} is not a valid Reason"),
    "a fraction for a count": (
        Block,
        '{"kind":"held","reason":"Failed","message":"","attempts":1.5}',
        "Block.attempts: expected a whole number, got 1.5",
    ),
    "base64 that is none": (
        AcceptedFile,
        '{"revision":"r","generation":1,"accepted_at":1.0,"content":"%"}',
        "AcceptedFile.content: expected base64",
    ),
    "no list for a set": (
        Approval,
        '{"runtime":"o","digest":"d","at":1.0,"items":7}',
        "Approval.items: expected a list",
    ),
    "an item twice in a set": (
        Approval,
        '{"runtime":"o","digest":"d","at":1.0,"items":[["a","b"],["a","b"]]}',
        "Approval.items: something is there twice",
    ),
    "a pair of three": (
        Approval,
        '{"runtime":"o","digest":"d","at":1.0,"items":[["a","b","c"]]}',
        "Approval.items[0]: expected 2 items, got 3",
    ),
    "a pair that is a text": (
        Approval,
        '{"runtime":"o","digest":"d","at":1.0,"items":["ab"]}',
        "Approval.items[0]: expected a list",
    ),
    "a key twice in a mapping": (
        ObservedState,
        json.dumps({"installed": [[INSTALLED["name"], INSTALLED], [INSTALLED["name"], INSTALLED]]}),
        "ObservedState.installed: something is there twice",
    ),
    "a fault deep inside": (
        ObservedState,
        json.dumps({"installed": [[INSTALLED["name"], INSTALLED | {"size_bytes": "big"}]]}),
        'ObservedState.installed[0][1].size_bytes: expected a whole number, got "big"',
    ),
}


@pytest.mark.parametrize(("kind", "text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_the_error_says_where(kind: type[Any], text: Any, message: str) -> None:
    """A text that does not fit its type is refused with the place and what stands there."""
    with pytest.raises(codec.CodecError) as caught:
        codec.load(kind, text)
    assert message in str(caught.value)


def test_a_field_that_came_later_takes_its_default() -> None:
    """A row that was written before a field with a default was added can still be read."""
    text = '{"name":{"key":"k","text":"t"},"digest":"d"}'
    assert codec.load(InstalledModel, text) == InstalledModel(name=ModelName("k", "t"), digest="d")


def test_a_whole_number_serves_as_a_number() -> None:
    """An integer that a caller gave for a number with a fraction reads back as an equal number."""
    assert codec.load(Event, codec.dump(Event(at=7, type="T"))) == Event(at=7.0, type="T")


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_hold_is_not_printed(at: float) -> None:
    """A number that JSON has no word for raises an error instead of a text that nobody can read."""
    with pytest.raises(codec.CodecError, match="Event cannot be stored"):
        codec.dump(Event(at=at, type="T"))


@dataclasses.dataclass(frozen=True)
class Unsupported:
    """Holds what has no form in JSON."""

    anything: complex


def test_a_type_without_a_form_is_a_mistake_of_the_program() -> None:
    """A field that cannot be stored is told by name when the type is first used."""
    with pytest.raises(TypeError, match="no JSON form for <class 'complex'>"):
        codec.dump(Unsupported(1j))


def test_the_text_is_the_same_whatever_the_order_of_a_set() -> None:
    """Equal values have one text, so that texts can be compared."""
    items = [(f"model-{number}", "digest") for number in range(20)]
    texts = {
        codec.dump(Approval(runtime="o", digest="d", items=frozenset(order), at=1.0))
        for order in (items, items[::-1], items[10:] + items[:10])
    }
    assert len(texts) == 1

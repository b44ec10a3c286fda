"""Frozen dataclasses as JSON and back, led by their type hints and strict in both directions.

A form (how to print and how to read) is built once for each type. What is read must fit its type exactly: an unknown
key, a missing key without a default, a number where a text belongs are errors, so that a damaged or foreign row is
never half understood. A missing key that has a default takes it: rows outlive the addition of a field.

Mappings are lists of pairs, since their keys need not be text; sets are sorted lists; bytes are base64.
"""

import base64
import dataclasses
import json
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class CodecError(ValueError):
    """A text that is not the JSON of the type, or a value that JSON cannot hold; the message says where."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Form:
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def dump(value: Any) -> str:
    """Return the JSON of a dataclass; pure ASCII, the same text for the same value. Raise CodecError for NaN."""
    try:
        return json.dumps(_form_of(type(value)).write(value), separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise CodecError(f"{type(value).__name__} cannot be stored: {error}") from error


def load(kind: type[T], text: str | bytes) -> T:
    """Return the dataclass that `dump` printed, or raise CodecError saying where the text differs from the type."""
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except (TypeError, ValueError) as error:
        raise CodecError(f"{kind.__name__}: no JSON: {error}") from error
    value: T = _within(kind.__name__, _form_of(kind), data)
    return value


def _refuse_constant(word: str) -> None:
    raise CodecError(f"{word} is no number")


def _form_of(kind: Any) -> _Form:
    return _form(kind)  # a step of its own, since mypy does not take every type for hashable


@cache
def _form(hint: Any) -> _Form:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if origin is UnionType and len(arguments) == 2 and NoneType in arguments:
        return _optional(*(_form(argument) for argument in arguments if argument is not NoneType))
    if origin in _CONTAINERS:
        return _CONTAINERS[origin](*arguments)
    if dataclasses.is_dataclass(hint):
        return _record(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _Form(lambda value: value.value, lambda data: _read_enum(hint, data))
    raise TypeError(f"no JSON form for {hint}")


def _record(kind: Any) -> _Form:
    hints = get_type_hints(kind)
    forms = {field.name: _form(hints[field.name]) for field in dataclasses.fields(kind)}
    required = {field.name for field in dataclasses.fields(kind) if _is_required(field)}

    def write(value: Any) -> dict[str, Any]:
        return {name: form.write(getattr(value, name)) for name, form in forms.items()}

    def read(data: Any) -> Any:
        _expect(data, dict, "an object")
        if unknown := data.keys() - forms.keys():
            raise CodecError(f": unknown key {min(unknown)!r}")
        if missing := required - data.keys():
            raise CodecError(f": key {min(missing)!r} is missing")
        return kind(**{name: _within(f".{name}", forms[name], value) for name, value in data.items()})

    return _Form(write, read)


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _optional(form: _Form) -> _Form:
    return _Form(
        lambda value: None if value is None else form.write(value),
        lambda data: None if data is None else form.read(data),
    )


def _tuple(*hints: Any) -> _Form:
    if hints[-1] is Ellipsis:
        every = _form(hints[0])
        return _Form(lambda value: [every.write(item) for item in value], lambda data: tuple(_items(every, data)))
    forms = tuple(_form(hint) for hint in hints)

    def read(data: Any) -> tuple[Any, ...]:
        _expect(data, list, "a list")
        if len(data) != len(forms):
            raise CodecError(f": expected {len(forms)} items, got {len(data)}")
        return tuple(_within(f"[{i}]", form, item) for i, (form, item) in enumerate(zip(forms, data, strict=True)))

    return _Form(lambda value: [form.write(item) for form, item in zip(forms, value, strict=True)], read)


def _set(hint: Any) -> _Form:
    form = _form(hint)

    def read(data: Any) -> frozenset[Any]:
        items = _items(form, data)
        return frozenset(_distinct(items, items))

    return _Form(lambda value: sorted((form.write(item) for item in value), key=json.dumps), read)


def _mapping(key_hint: Any, value_hint: Any) -> _Form:
    pair = _tuple(key_hint, value_hint)

    def read(data: Any) -> dict[Any, Any]:
        pairs = _items(pair, data)
        return dict(_distinct(pairs, [key for key, _ in pairs]))

    return _Form(lambda value: [pair.write(item) for item in value.items()], read)


def _items(form: _Form, data: Any) -> list[Any]:
    _expect(data, list, "a list")
    return [_within(f"[{index}]", form, item) for index, item in enumerate(data)]


def _distinct(items: list[T], keys: list[Any]) -> list[T]:
    if len(set(keys)) != len(keys):
        raise CodecError(": something is there twice")
    return items


def _within(place: str, form: _Form, data: Any) -> Any:
    try:
        return form.read(data)
    except CodecError as error:
        raise CodecError(f"{place}{error}") from error


def _expect(data: Any, kind: type, words: str) -> None:
    if type(data) is not kind:
        raise CodecError(f": expected {words}, got {json.dumps(data)[:80]}")


def _scalar(kind: type, words: str) -> _Form:
    def read(data: Any) -> Any:
        _expect(data, kind, words)
        return data

    return _Form(kind, read)


def _read_bytes(data: Any) -> bytes:
    _expect(data, str, "base64")
    try:
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise CodecError(f": expected base64: {error}") from error


def _read_enum(kind: type[Enum], data: Any) -> Enum:
    try:
        return kind(data)
    except ValueError as error:
        raise CodecError(f": {error}") from error


_SCALARS: Mapping[Any, _Form] = {
    str: _scalar(str, "a text"),
    bool: _scalar(bool, "true or false"),
    int: _scalar(int, "a whole number"),
    float: _scalar(float, "a number"),
    bytes: _Form(lambda value: base64.b64encode(value).decode(), _read_bytes),
}

_CONTAINERS: Mapping[Any, Callable[..., _Form]] = {tuple: _tuple, frozenset: _set, Mapping: _mapping}

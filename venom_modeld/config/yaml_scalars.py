"""Scalars as PyYAML's SafeLoader reads them: null, bool, int and float of YAML 1.1; all else, dates too, is text.

The patterns and conversions are PyYAML's own, so that a file means the same here as in every tool built on it. Dates
stay text because nothing in our files is a date, and `2024-05-13` may well be the tag of a model.
"""

import yaml
from yaml.constructor import SafeConstructor

Value = str | int | float | bool | None

_PREFIX = "tag:yaml.org,2002:"
_LONGEST = 128
"""Longer than any number a person writes; conversion of endless digits would take quadratic time."""

_WORDS = {"bool": "true or false", "int": "a whole number", "float": "a number", "null": "null", "str": "a text"}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_CONVERT = SafeConstructor()
_RESOLVERS = {
    first: tuple((tag.removeprefix(_PREFIX), pattern) for tag, pattern in rules)
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def resolve(text: str) -> Value:
    """Return the value of an unquoted, untagged scalar."""
    if len(text) > _LONGEST:
        return text
    for kind, pattern in _RESOLVERS.get(text[:1], ()):
        if kind in _WORDS and pattern.match(text):
            return _converted(kind, text)
    return text


def is_surely_text(text: str) -> bool:
    """Tell whether an unquoted scalar is text to every YAML 1.1 reader: no number, no date, no word with a meaning."""
    return not any(pattern.match(text) for _, pattern in _RESOLVERS.get(text[:1], ()))


def _converted(kind: str, text: str) -> Value:
    try:
        return convert(kind, text)
    except ValueError:
        return text  # such as 0x_, which has the shape of a number and no digits


def convert(kind: str, text: str) -> Value:
    """Return the value of a scalar tagged `!!kind`; raise ValueError where the text is no such value."""
    if kind == "str":
        return text
    if len(text) > _LONGEST:
        raise ValueError(text)
    node = yaml.ScalarNode(_PREFIX + kind, text)
    try:
        return _CALLS[kind](node)
    except (ArithmeticError, LookupError) as error:
        raise ValueError(text) from error


def _null(node: yaml.ScalarNode) -> None:
    if node.value not in _NULLS:
        raise ValueError(node.value)


_CALLS = {
    "bool": _CONVERT.construct_yaml_bool,
    "int": _CONVERT.construct_yaml_int,
    "float": _CONVERT.construct_yaml_float,
    "null": _null,
}

SCALAR_KINDS = frozenset(_WORDS)
"""The names after `!!` that a scalar may carry."""


def kind_of(value: Value) -> str:
    """Return the word after `!!` for a value."""
    if value is None:
        return "null"
    return type(value).__name__


def in_words(value: Value) -> str:
    """Say what sort of value this is, for a message to a person."""
    return _WORDS[kind_of(value)]

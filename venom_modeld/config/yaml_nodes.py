"""A tree of what is written in a YAML file: the values, and where each begins and ends.

The tree knows nothing of any schema. `yaml_source` reads data from it; `editor` reads places to cut and insert at.
"""

from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from typing import NamedTuple

from venom_modeld.config.problems import Position
from venom_modeld.config.yaml_scalars import Value


class Span(NamedTuple):
    """The characters from `begin` up to `end`, counted from 0, and the position of the first for people.

    The span of a block list or block mapping ends where the parser noticed that it was over: after the comments below.
    """

    begin: int
    end: int
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """Something written, equal to itself alone. `anchor` is the name after `&`.

    `size` counts the values inside and itself, `height` the levels inside, both with all aliases expanded.
    """

    span: Span
    anchor: str | None = None
    size: int = 1
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scalar(Node):
    """A single value. `text` is what is written, without its quotes; `style` is one of the quotes, '|', '>' or ''."""

    text: str
    value: Value
    style: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alias(Node):
    """A `*name`; `target` is what it stands for, or None where nothing has that anchor."""

    name: str
    target: Node | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sequence(Node):
    """A list; `flow` tells the `[...]` style from the one with dashes."""

    items: tuple[Node, ...]
    flow: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mapping(Node):
    """A mapping as written, with its merge keys and its duplicates; `flow` tells the `{...}` style."""

    pairs: tuple[tuple[Node, Node], ...]
    flow: bool


def target_of(node: Node | None) -> Node | None:
    """Return what a node stands for: itself, or the target of an alias."""
    return node.target if isinstance(node, Alias) else node


def is_merge(key: Node) -> bool:
    """Tell whether a key is `<<`, unquoted: what it holds is merged into the mapping."""
    return isinstance(key, Scalar) and not key.style and key.text == "<<"


def merged(value: Node) -> Iterator[Node | None]:
    """Yield what a merge key names: its value, or each item of it where that is a list."""
    source = target_of(value)
    yield from map(target_of, source.items) if isinstance(source, Sequence) else (source,)


def key_text(key: Node) -> str | None:
    """Return a key's name: its text, also for a number or a word such as `on`; None for a list, a mapping, nothing."""
    scalar = target_of(key)
    if not isinstance(scalar, Scalar):
        return None
    return scalar.value if isinstance(scalar.value, str) else scalar.text or None


Members = AnyMapping[str, tuple[Node, Node]]
"""The keys and values of a mapping by their names."""


def members(mapping: Mapping) -> Members:
    """Return the key and value nodes that count, by name: the first of duplicates, and those merged in behind them."""
    own: dict[str, tuple[Node, Node]] = {}
    inherited: dict[str, tuple[Node, Node]] = {}
    for key, value in mapping.pairs:
        name = key_text(key)
        if is_merge(key):
            for source in merged(value):
                inherited |= dict(members(source)) | inherited if isinstance(source, Mapping) else {}
        elif name is not None:
            own.setdefault(name, (key, value))
    return inherited | own

"""Reads a YAML document into a tree of nodes, with every problem of its shape.

The tree is built over the parser's stream of events with a stack of our own, so that a hostile file meets our limits
before it meets Python's: on depth, on the number of values, and on both with every alias expanded (an alias costs as
much as what it stands for, counted when it is read, so nothing is expanded to be counted). What goes wrong becomes a
Problem, and the reading goes on where it can, so that one reading finds all.
"""

from typing import NamedTuple, cast

import yaml

from venom_modeld.config.problems import Position, Problem, shortened
from venom_modeld.config.yaml_events import Parser, events
from venom_modeld.config.yaml_nodes import (
    Alias,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Span,
    is_merge,
    key_text,
    merged,
    target_of,
)
from venom_modeld.config.yaml_scalars import SCALAR_KINDS, Value, convert, in_words, resolve

MAX_DEPTH = 32
"""How many mappings and lists may stand inside each other, aliases expanded."""

MAX_NODES = 200_000
"""How many keys and values a file may hold, aliases expanded: some ten thousand models in their long form."""

PARSER: Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: the same events, some ten times faster."""

_TAG_PREFIX = "tag:yaml.org,2002:"


class Tree(NamedTuple):
    """The outcome of a reading: `root` is None where the file is empty or could not be read to its end."""

    root: Node | None
    problems: tuple[Problem, ...]


def compose(text: str, *, path: str, parser: Parser = PARSER) -> Tree:
    """Read one YAML document; `path` only names the file in problems. Raises nothing."""
    composer = _Composer(path=path)
    try:
        composer.read(text, parser)
    except yaml.YAMLError as error:
        from venom_modeld.config.yaml_syntax import syntax_problem  # noqa: PLC0415 - a valid file needs none of it

        composer.give_up(syntax_problem(error, text, path=path))
    except _TooMuchError as error:
        composer.give_up(error.problem)
    problems = sorted(composer.problems, key=lambda problem: (problem.line or 0, problem.column or 0))
    return Tree(root=composer.root, problems=tuple(problems))


class _TooMuchError(Exception):
    """A limit is passed: nothing more is read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Open(NamedTuple):
    """A list or mapping whose end has not been read yet."""

    start: yaml.MappingStartEvent | yaml.SequenceStartEvent
    children: list[Node]


class _Composer:
    def __init__(self, *, path: str) -> None:
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self._path = path
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._nodes = 0

    def read(self, text: str, parser: Parser) -> None:
        """Take event by event up to the end of the first document."""
        documents = 0
        for event in events(text, parser):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                self._report(_begin(event), "a second document starts here; keep one, and remove this '---'")
                return
            self._take(event)

    def give_up(self, problem: Problem) -> None:
        """Keep what was found, and forget the unfinished tree."""
        self.problems.append(problem)
        self.root = None

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._add(self._scalar(event))
            case yaml.AliasEvent():
                self._add(self._alias(event))
            case yaml.MappingStartEvent():
                self._start(event, "map")
            case yaml.SequenceStartEvent():
                self._start(event, "seq")
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._add(self._finish(event))

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, kind: str) -> None:
        self._kind(event.tag, _begin(event), frozenset({kind}))
        self._check_depth(_begin(event), 1)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(start=event, children=[]))

    def _add(self, node: Node) -> None:
        self._nodes += node.size if isinstance(node, Alias) else 1
        if self._nodes > MAX_NODES:
            what = f"the alias *{node.name} makes the file" if isinstance(node, Alias) else "the file is"
            raise _TooMuchError(self._problem(node.span.position, f"{what} larger than {MAX_NODES} values; write less"))
        if node.anchor:
            self._anchors[node.anchor] = node
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        span = _span(event, event)
        try:
            value = self._value(event)
        except ValueError:
            self._report(
                span.position, f"`{shortened(event.value)}` is not what its tag says; mend it, or remove the tag"
            )
            value = event.value
        return Scalar(span=span, anchor=event.anchor, text=event.value, value=value, style=event.style or "")

    def _value(self, event: yaml.ScalarEvent) -> Value:
        if event.tag is None or event.tag == "!":
            return resolve(event.value) if event.implicit[0] else event.value
        kind = self._kind(event.tag, _begin(event), SCALAR_KINDS)
        return event.value if kind is None else convert(kind, event.value)

    def _alias(self, event: yaml.AliasEvent) -> Alias:
        name, span = str(event.anchor), _span(event, event)
        target = self._anchors.get(name)
        if name not in self._anchors:
            self._report(span.position, f"the alias *{name} stands for nothing; write &{name} before a value above it")
        elif target is None:
            self._report(span.position, f"the alias *{name} stands inside its own value; write the value out")
        else:
            self._check_depth(span.position, target.height)
        size, height = (target.size, target.height) if target else (1, 0)
        return Alias(span=span, name=name, target=target, size=size, height=height)

    def _finish(self, event: yaml.MappingEndEvent | yaml.SequenceEndEvent) -> Sequence | Mapping:
        opened = self._open.pop()
        start, children = opened.start, tuple(opened.children)
        span, flow = _span(start, event), bool(start.flow_style)
        size = 1 + sum(child.size for child in children)
        height = 1 + max((child.height for child in children), default=0)
        if isinstance(start, yaml.SequenceStartEvent):
            return Sequence(span=span, anchor=start.anchor, size=size, height=height, items=children, flow=flow)
        pairs = tuple(zip(children[::2], children[1::2], strict=True))
        self._check_keys(pairs)
        return Mapping(span=span, anchor=start.anchor, size=size, height=height, pairs=pairs, flow=flow)

    def _check_keys(self, pairs: tuple[tuple[Node, Node], ...]) -> None:
        seen: dict[str, Position] = {}
        for key, value in pairs:
            if is_merge(key):
                self._check_merge(value)
            name, place = self._check_key(key), key.span.position
            if name is None:
                continue
            if name in seen:
                self._report(
                    place, f"the key `{shortened(name)}` is on line {seen[name].line} already; keep one of the two"
                )
            seen.setdefault(name, place)

    def _check_key(self, key: Node) -> str | None:
        name, node = key_text(key), target_of(key)
        if name is None:
            what = "a list or a mapping" if isinstance(node, Sequence | Mapping) else "nothing"
            self._report(key.span.position, f"{what} stands where a key should; write a word")
        elif isinstance(node, Scalar) and not isinstance(node.value, str):
            what = f"YAML reads the key `{shortened(name)}` as {in_words(node.value)}"
            self._report(key.span.position, f'{what}; write it in quotes: "{shortened(name)}"')
        return name

    def _check_merge(self, value: Node) -> None:
        if any(not isinstance(source, Mapping | None) for source in merged(value)):
            self._report(value.span.position, "`<<` takes a mapping, or a list of mappings; write `<<: *name`")

    def _kind(self, tag: str | None, place: Position, allowed: frozenset[str]) -> str | None:
        if tag is None or tag == "!":
            return None
        kind = tag.removeprefix(_TAG_PREFIX)
        if kind != tag and kind in allowed:
            return kind
        shown = shortened(tag if kind == tag else f"!!{kind}")
        self._report(place, f"the tag {shown} is not supported here; remove it")
        return None

    def _check_depth(self, place: Position, more: int) -> None:
        if len(self._open) + more > MAX_DEPTH:
            what = f"values stand more than {MAX_DEPTH} deep inside each other; write them flatter"
            raise _TooMuchError(self._problem(place, what))

    def _report(self, place: Position, message: str) -> None:
        self.problems.append(self._problem(place, message))

    def _problem(self, place: Position, message: str) -> Problem:
        return Problem(path_of_file=self._path, line=place.line, column=place.column, message=message)


def _span(first: yaml.Event, last: yaml.Event) -> Span:
    # The stubs allow events without marks; those of a parser always have both.
    begin, end = cast("yaml.Mark", first.start_mark), cast("yaml.Mark", last.end_mark)
    return Span(begin.index, end.index, Position(begin.line + 1, begin.column + 1))


def _begin(event: yaml.Event) -> Position:
    return _span(event, event).position

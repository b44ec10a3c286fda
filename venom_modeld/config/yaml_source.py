"""YAML as plain data that remembers where it was written, safe against hostile files.

A Document is read once and asked often: `data` for the schema, `where(path)` for the messages about it. Positions are
looked up in the tree when asked for, so a good file pays nothing for them.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from venom_modeld.config.encoding import decode
from venom_modeld.config.problems import Position, Problem, SourceError
from venom_modeld.config.yaml_composer import PARSER, compose
from venom_modeld.config.yaml_events import Parser
from venom_modeld.config.yaml_nodes import Mapping, Members, Node, Scalar, Sequence, members, target_of

__all__ = ["Data", "DataPath", "Document", "Position", "Problem", "SourceError", "parse"]

Data: TypeAlias = "dict[str, Data] | list[Data] | str | int | float | bool | None"
"""What YAML holds: dates are text, keys are text."""

DataPath = tuple[str | int, ...]
"""The way from the root of the data to a value: keys and indices."""

_START = Position(1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's data, and all problems of its YAML in the order of the file.

    With problems, `data` is what could be read (the first of duplicate keys, odd keys as their text), good enough to
    look for further problems in and for nothing else. It is None where the file is empty or the reading had to stop.
    """

    path_of_file: str
    data: Data
    problems: tuple[Problem, ...]
    root: Node | None = None
    _members: dict[int, Members] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was found in the mappings looked into so far, by their identity, for files with a thousand problems."""

    def where(self, path: DataPath) -> Position:
        """Return the position of a value, or of the nearest ancestor where the path leads nowhere."""
        node = self.root
        place = _START if node is None else node.span.position
        for part in path:
            _, node = self._step(node, part)
            if node is None:
                break
            place = node.span.position
        return place

    def where_key(self, path: DataPath) -> Position:
        """Return the position of the key before a value; that of the value itself where it has none."""
        if not path:
            return self.where(path)
        node = self.root
        for part in path[:-1]:
            _, node = self._step(node, part)
        key, _ = self._step(node, path[-1])
        return self.where(path) if key is None else key.span.position

    def problem(self, path: DataPath, message: str) -> Problem:
        """Return a Problem with the value at `path`."""
        return self._problem(self.where(path), message)

    def problem_with_key(self, path: DataPath, message: str) -> Problem:
        """Return a Problem with the key before the value at `path`."""
        return self._problem(self.where_key(path), message)

    def _step(self, node: Node | None, part: str | int) -> tuple[Node | None, Node | None]:
        """Return the key and the value that a part of a path leads to, each None where there is none."""
        match target_of(node):
            case Sequence(items=items) if isinstance(part, int) and 0 <= part < len(items):
                return None, items[part]
            case Mapping() as mapping if isinstance(part, str):
                found = self._members.get(id(mapping))
                if found is None:
                    found = self._members[id(mapping)] = members(mapping)
                return found.get(part, (None, None))
            case _:
                return None, None

    def _problem(self, place: Position, message: str) -> Problem:
        return Problem(path_of_file=self.path_of_file, line=place.line, column=place.column, message=message)


def parse(text: bytes, *, path: str, parser: Parser = PARSER) -> Document:
    """Read YAML; whatever is wrong with it is in the document's problems, and nothing is raised.

    `path` names the file in problems and is not opened. An empty file is a problem, and its data is None: the caller,
    who knows the schema, may add what the least valid file is.
    """
    try:
        written = decode(text, path=path)
    except SourceError as error:
        return Document(path_of_file=path, data=None, problems=error.problems)
    tree = compose(written, path=path, parser=parser)
    if not tree.problems and _is_nothing(tree.root):
        return Document(path_of_file=path, data=None, problems=(_empty(path, written),))
    return Document(path_of_file=path, data=_build(tree.root), problems=tree.problems, root=tree.root)


def _is_nothing(root: Node | None) -> bool:
    return root is None or (isinstance(root, Scalar) and root.value is None)


def _empty(path: str, written: str) -> Problem:
    message = "the file holds no values" if written.strip() else "the file is empty"
    return Problem(path_of_file=path, line=1, column=1, message=message)


def _build(node: Node | None) -> Data:
    match target_of(node):
        case Scalar(value=value):
            return value
        case Sequence(items=items):
            return [_build(item) for item in items]
        case Mapping() as mapping:
            return {name: _build(value) for name, (_, value) in members(mapping).items()}
        case _:
            return None

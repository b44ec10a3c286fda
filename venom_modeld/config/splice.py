"""Cuts and insertions in a YAML text, at the places which its tree of nodes gives.

An edit made this way touches the lines that it has to and no other: what is not cut stays as it is, to the byte. (A
round trip through a YAML library writes the whole file anew, and changes some of what it did not understand.) Where a
text is written in a way that leaves no safe place to cut, EditError is raised; whoever edits checks the outcome by
reading it again.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Sequence as AnySequence
from dataclasses import dataclass

from venom_modeld.config.problems import position_at
from venom_modeld.config.yaml_nodes import Mapping, Node, Scalar, Sequence

_DASH = re.compile(r"^[ ]*-(?=[ \t\r\n]|\Z)", re.MULTILINE)
_COLON = re.compile(r"[ \t]*:")
_KEEPS_BLANK_LINES = re.compile(r"[|>][0-9]*\+")


class EditError(Exception):
    """An edit that cannot be made; the text says why and what to do instead, and nothing has changed."""


@dataclass(frozen=True, slots=True, order=True)
class Splice:
    """The characters from `begin` up to `end` give way to `text`."""

    begin: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Return the text after all splices; they must not overlap, and their places are those of the old text."""
    parts: list[str] = []
    done = 0
    for splice in sorted(splices):
        parts += (text[done : splice.begin], splice.text)
        done = splice.end
    return "".join((*parts, text[done:]))


def content_end(text: str, node: Node) -> int:
    """Return where a node's last character ends; comments and blank lines after it are not its own."""
    last = _last_of(node)
    if not _is_block_text(last):
        return last.span.end
    written = text[last.span.begin : last.span.end]
    keeps = _KEEPS_BLANK_LINES.search(written.partition("\n")[0])
    return last.span.end if keeps else last.span.begin + len(written.rstrip())


def lines_below(text: str, node: Node, lines: Iterable[str]) -> Splice:
    """Return the insertion of lines below the last line of a node."""
    newline, end = _newline_of(text), content_end(text, node)
    if text[end - 1] == "\n":
        return Splice(end, end, "".join(line + newline for line in lines))
    end = _line_end(text, end)
    if end == len(text) and _is_block_text(_last_of(node)):
        raise EditError("the last line of the file has no line end, and belongs to a text; add the line end first")
    return Splice(end, end, "".join(newline + line for line in lines))


def line_above(text: str, key: Node, line: str) -> Splice:
    """Return the insertion of a line above that which starts with `key`."""
    begin = _line_start(text, key.span.begin)
    return Splice(begin, begin, line + _newline_of(text))


def lines_cut(text: str, begin: int, node: Node) -> Splice:
    """Return the removal of whole lines, from that of `begin` (which nothing may stand before) to the node's last."""
    indent_before(text, begin)
    end = content_end(text, node)
    if text[end - 1] != "\n":
        end = min(_line_end(text, end) + len(_newline_of(text)), len(text))
    return Splice(_line_start(text, begin), end, "")


def value_replaced(text: str, key: Node, value: Node, written: str) -> Splice:
    """Return the replacement of a pair's value; where there was none, what is written goes behind the colon."""
    end = value.span.begin + len(text[value.span.begin : value.span.end].rstrip())
    if end == value.span.begin:
        behind = after_colon(text, key)
        return Splice(behind, behind, f" {written}")
    return Splice(value.span.begin, end, written)


def value_cut(text: str, key: Node, value: Node) -> Splice:
    """Return the removal of a pair's value, so that nothing stands between the colon and the rest of the line."""
    behind = after_colon(text, key)
    return Splice(behind, max(behind, value.span.end), "")


def after_colon(text: str, key: Node) -> int:
    """Return the place behind the colon of a key."""
    colon = _COLON.match(text, key.span.end)
    if colon is None:
        raise _unusual(text, key.span.begin)
    return colon.end()


def indent_of(text: str, key: Node) -> str:
    """Return the indentation of a block mapping's keys."""
    return indent_before(text, key.span.begin)


def indent_before(text: str, place: int) -> str:
    """Return the spaces before a place in its line, where nothing else may stand."""
    indent = text[_line_start(text, place) : place]
    if indent.strip(" "):
        raise _unusual(text, place)
    return indent


def dashes(text: str, sequence: Sequence) -> list[int]:
    """Return where the dash of each item of a block list stands."""
    places: list[int] = []
    start = _line_start(text, sequence.span.begin)
    for item in sequence.items:
        found = _DASH.search(text, start)
        if found is None or found.end() > item.span.begin:
            raise _unusual(text, item.span.begin)
        places.append(found.end() - 1)
        start = content_end(text, item)
    return places


def flow_added(text: str, parent: Sequence | Mapping, written: str) -> Splice:
    """Return the insertion of a last member between brackets or braces."""
    spans = _spans(text, parent)
    if not spans:
        return Splice(parent.span.end - 1, parent.span.end - 1, written)
    return Splice(spans[-1][1], spans[-1][1], f", {written}")


def flow_cut(text: str, parent: Sequence | Mapping, gone: Collection[int]) -> Iterator[Splice]:
    """Yield the removals of members, by their index, between brackets or braces; at least one has to stay."""
    spans = _spans(text, parent)
    last_kept = max(set(range(len(spans))) - set(gone))
    for index in sorted(gone):
        if index < last_kept:
            yield Splice(spans[index][0], spans[index + 1][0], "")
    if last_kept < len(spans) - 1:
        yield Splice(spans[last_kept][1], spans[-1][1], "")


def _last_of(node: Node) -> Node:
    while isinstance(node, Sequence | Mapping) and not node.flow:
        node = node.items[-1] if isinstance(node, Sequence) else node.pairs[-1][1]
    return node


def _is_block_text(node: Node) -> bool:
    return isinstance(node, Scalar) and node.style in ("|", ">")


def _spans(text: str, parent: Sequence | Mapping) -> AnySequence[tuple[int, int]]:
    pairs = parent.pairs if isinstance(parent, Mapping) else [(item, item) for item in parent.items]
    return [(first.span.begin, content_end(text, last)) for first, last in pairs]


def _unusual(text: str, place: int) -> EditError:
    line = position_at(text, place).line
    return EditError(f"line {line} is written in a way that cannot be edited safely; edit the file by hand")


def _newline_of(text: str) -> str:
    first, end, _ = text.partition("\n")
    return "\r\n" if end and first.endswith("\r") else "\n"


def _line_start(text: str, place: int) -> int:
    return text.rfind("\n", 0, place) + 1


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1 : end] == "\r" else end

"""Rows of words in columns, each as wide as its widest cell; colours are put on after measuring."""

from collections.abc import Callable, Sequence
from itertools import zip_longest

Cell = str | tuple[str, Callable[[str], str]]
"""A word, or a word and the function that paints it."""


def align(rows: Sequence[Sequence[Cell]], *, right: frozenset[int] = frozenset(), indent: str = "  ") -> list[str]:
    """Return one line a row, two spaces between columns; the columns of `right` end flush on the right."""
    widths = [max(map(len, column)) for column in zip_longest(*(map(_word, row) for row in rows), fillvalue="")]
    return [_line(row, widths, right, indent) for row in rows]


def _line(row: Sequence[Cell], widths: list[int], right: frozenset[int], indent: str) -> str:
    cells = []
    for index, cell in enumerate(row):
        word = _word(cell)
        space = " " * (widths[index] - len(word))
        painted = word if isinstance(cell, str) else cell[1](word)
        cells.append(space + painted if index in right else painted + space)
    return (indent + "  ".join(cells)).rstrip()


def _word(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]

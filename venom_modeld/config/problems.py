"""What is wrong with a file, and where: one sentence a problem, with the line and column a person goes to.

Every reader of a file of ours collects problems instead of raising at the first, so that a person mends a file once.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML 1.1 counts as the end of a line; the parser counts the same, so all positions agree."""

_LONGEST_SHOWN = 80
"""Characters of a file that a message repeats."""


class Position(NamedTuple):
    """A place in a text; line and column count characters from 1. A file has one for each of its values."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to mend in a file; the message says what is wrong and what to write instead.

    `line` and `column` count from 1. Both are None where the file as a whole is the problem (it is missing, say).
    """

    path_of_file: str
    line: int | None = None
    column: int | None = None
    message: str

    def __str__(self) -> str:
        """Return `file:line:column: message`, or `file: message` where no place in the file is meant."""
        if self.line is None or self.column is None:
            return f"{self.path_of_file}: {self.message}"
        return f"{self.path_of_file}:{self.line}:{self.column}: {self.message}"


class SourceError(Exception):
    """A file that cannot be used at all; `problems` says why, in the order in which a person meets them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def position_at(text: str, offset: int) -> Position:
    """Return the line and column of the character at `offset`."""
    line, start = 1, 0
    for found in _LINE_BREAK.finditer(text, 0, offset):
        line, start = line + 1, found.end()
    return Position(line, offset - start + 1)


def shortened(text: str) -> str:
    """Return a piece of a file fit for one line of a message."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]}…"

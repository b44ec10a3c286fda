"""Colour as a value: a renderer asks for a meaning and gets either an escape sequence around the text or the text.

States are always words as well, so nothing is lost where colours are off.
"""

from dataclasses import dataclass

_CODES = {"good": "32", "bad": "31", "warning": "33", "dim": "2", "strong": "1"}


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours on or off."""

    colour: bool = False

    def good(self, text: str) -> str:
        """Mark something that is as it should be."""
        return self._mark("good", text)

    def bad(self, text: str) -> str:
        """Mark something that a person must see to."""
        return self._mark("bad", text)

    def warning(self, text: str) -> str:
        """Mark something that is under way or will pass."""
        return self._mark("warning", text)

    def dim(self, text: str) -> str:
        """Mark something of less weight."""
        return self._mark("dim", text)

    def strong(self, text: str) -> str:
        """Mark a heading."""
        return self._mark("strong", text)

    def _mark(self, meaning: str, text: str) -> str:
        return f"\x1b[{_CODES[meaning]}m{text}\x1b[0m" if self.colour and text else text

"""Bytes to text: UTF-8 and nothing else, refused with the place of the first byte that is not.

Parsers guess encodings and forgive control characters in different ways. Deciding here, once, makes every later
message speak of characters that an editor shows.
"""

import codecs
import re

from venom_modeld.config.problems import Problem, SourceError, position_at

BOM = "\ufeff"
"""The mark that some editors put before UTF-8 text; it is no part of the content."""

_FOREIGN_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)

_UNPRINTABLE = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
"""What YAML 1.1 does not allow in a file. The pattern of all that it allows takes ten times as long to compile."""

_UNPRINTABLE_ASCII = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
"""The part of it that ASCII has, which takes a tenth of the time again and is enough for most files."""


def decode(content: bytes, *, path: str) -> str:
    """Return the text without a byte order mark; raise SourceError where it is not plain UTF-8 text."""
    for mark, name in _FOREIGN_MARKS:
        if content.startswith(mark):
            raise _refused(path, "", 0, f"the file is {name}; save it as UTF-8")
    text = _utf8(content, path).removeprefix(BOM)
    if found := _unprintable_in(text):
        raise _refused(path, text, found.start(), _describe(found[0]))
    return text


def _utf8(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8").removeprefix(BOM)
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise _refused(path, before, len(before), message) from error


def _describe(character: str) -> str:
    if character == "\0":
        return "a NUL byte; the file is binary or UTF-16: save it as UTF-8 text"
    return f"the control character U+{ord(character):04X}; remove it"


def _refused(path: str, text: str, offset: int, message: str) -> SourceError:
    place = position_at(text, offset)
    return SourceError([Problem(path_of_file=path, line=place.line, column=place.column, message=message)])


def is_printable(text: str) -> bool:
    """Tell whether YAML allows a text's characters in a file as they are."""
    return _unprintable_in(text) is None


def _unprintable_in(text: str) -> re.Match[str] | None:
    return re.search(_UNPRINTABLE_ASCII if text.isascii() else _UNPRINTABLE, text)

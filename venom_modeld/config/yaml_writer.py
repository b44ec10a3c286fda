"""Values as YAML on one line, in the shortest form that every YAML 1.1 reader takes for the same value."""

import json
import math
import re

from venom_modeld.config.encoding import is_printable
from venom_modeld.config.yaml_scalars import is_surely_text
from venom_modeld.config.yaml_source import Data

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@:+-]*(?<!:)")
"""Texts that mean themselves without quotes, in a block and between braces."""

_BREAKS = "\x85\u2028\u2029\ufeff"
"""Printable to YAML, and yet no characters to leave as they are inside a line."""


def in_line(value: Data, *, quote: str = "") -> str:
    """Return a value on one line; a text takes the quotes asked for, where it may, and otherwise those it needs."""
    if isinstance(value, dict):
        pairs = (f"{in_line(name)}: {in_line(part)}" for name, part in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(in_line, value))}]"
    if isinstance(value, str):
        return _text(value, quote)
    return _number(value) if isinstance(value, float) else json.dumps(value)


def _text(value: str, quote: str) -> str:
    if quote == "'" and all(map(_may_stand, value)):
        return "'" + value.replace("'", "''") + "'"
    if not quote and _PLAIN.fullmatch(value) and is_surely_text(value):
        return value
    return "".join(char if _may_stand(char) else _escape(char) for char in json.dumps(value, ensure_ascii=False))


def _may_stand(char: str) -> bool:
    return is_printable(char) and char not in _BREAKS and char not in "\r\n"


def _escape(char: str) -> str:
    return f"\\U{ord(char):08x}"


def _number(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    mantissa, e, exponent = repr(value).partition("e")
    return mantissa + (".0" if "." not in mantissa else "") + e + exponent

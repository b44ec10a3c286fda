"""JSON as a Go program writes and reads it: its compact form, and its words for what is wrong."""

import json

_LITERALS = ("null", "true", "false")


def encode(value: object) -> bytes:
    """Write a value without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def describe_error(raw: bytes) -> str:
    """Say what is wrong with some bytes that are not JSON, in the words of Go's decoder."""
    text = raw.decode(errors="replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return _words(text, error)
    return "json: cannot unmarshal value"


def _words(text: str, error: json.JSONDecodeError) -> str:
    if error.pos >= len(text):
        return "unexpected EOF" if text.strip() else "EOF"
    sign = text[error.pos]
    if error.msg.startswith("Expecting property name"):
        return f"invalid character '{sign}' looking for beginning of object key string"
    if error.msg == "Expecting value":
        return _literal(text[error.pos :]) or f"invalid character '{sign}' looking for beginning of value"
    if error.msg == "Extra data":
        return f"invalid character '{sign}' after top-level value"
    return f"invalid character '{sign}' in JSON input"


def _literal(text: str) -> str | None:
    literal = next((word for word in _LITERALS if word[0] == text[0]), None)
    if literal is None:
        return None
    wrong = next((index for index, sign in enumerate(text) if sign != literal[index]), None)
    if wrong is None:
        return "unexpected EOF"
    return f"invalid character '{text[wrong]}' in literal {literal} (expecting '{literal[wrong]}')"

"""A record of the log as text: a line for people, or a JSON object for programs."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


class BareLines(logging.Formatter):
    """`message key=value …`, a value in quotes where it holds a space; for what keeps time and level by itself."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        words = [record.getMessage(), *(f"{name}={_quoted(value)}" for name, value in fields_of(record).items())]
        return " ".join(words) + _trace(self, record, "\n")


class TextLines(BareLines):
    """`TIME LEVEL message key=value …`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return f"{_time(record)} {record.levelname.lower()} {super().format(record)}"


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line = {"time": _time(record), "level": record.levelname.lower(), "message": record.getMessage()}
        line |= {"logger": record.name, **fields_of(record)}
        trace = _trace(self, record, "")
        return json.dumps(line | ({"trace": trace} if trace else {}), default=str, ensure_ascii=False)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields that were given beside the message."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _quoted(value: object) -> str:
    text = str(value)
    if text and text.isprintable() and not any(sign in ' "=' for sign in text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if quoted.isprintable() else json.dumps(text)


def _trace(formatter: logging.Formatter, record: logging.LogRecord, before: str) -> str:
    return before + formatter.formatException(record.exc_info) if record.exc_info else ""

"""The daemon's log on standard error: constant messages with fields, as lines for people or as JSON for programs."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_OWN = "venom_modeld"

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


def set_up(level: str, form: str) -> None:
    """Log to standard error from now on; libraries only from warnings on."""
    handler = StandardError()
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(_OWN).setLevel(level.upper())


def leave_out(name: str) -> None:
    """Log nothing but errors of a part of the program, which is told of in another way."""
    logging.getLogger(name).setLevel(logging.ERROR)


class StandardError(logging.Handler):
    """Writes to what standard error is at that moment, so that lines stay clear of what moves on a terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; an error in doing so is reported as logging always does."""
        try:
            print(self.format(record), file=sys.stderr, flush=True)  # noqa: T201 - a log is printed
        except (OSError, ValueError, TypeError):
            self.handleError(record)


class TextLines(logging.Formatter):
    """`TIME LEVEL message key=value …`, a value in quotes where it holds a space."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        words = [_time(record), record.levelname.lower(), record.getMessage()]
        words += [f"{name}={_quoted(value)}" for name, value in _fields(record).items()]
        return " ".join(words) + _trace(self, record, "\n")


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line = {"time": _time(record), "level": record.levelname.lower(), "message": record.getMessage()}
        line |= {"logger": record.name, **_fields(record)}
        trace = _trace(self, record, "")
        return json.dumps(line | ({"trace": trace} if trace else {}), default=str, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _quoted(value: object) -> str:
    text = str(value)
    plain = text and not any(sign.isspace() or sign in '"=' for sign in text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def _trace(formatter: logging.Formatter, record: logging.LogRecord, before: str) -> str:
    return before + formatter.formatException(record.exc_info) if record.exc_info else ""

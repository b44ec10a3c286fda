"""Where the daemon's log goes: to standard error as lines, or to systemd's journal as entries with fields."""

import logging
import os
import sys
from collections.abc import Mapping

from venom_modeld.cli.journal import Journal, is_standard_error
from venom_modeld.cli.log_lines import BareLines, JsonLines, TextLines

_OWN = "venom_modeld"


def set_up(level: str, form: str, environ: Mapping[str, str] = os.environ) -> None:
    """Log from now on, in a form of the settings; libraries only from warnings on."""
    logging.basicConfig(level=logging.WARNING, handlers=[_handler(form, environ)], force=True)
    logging.getLogger(_OWN).setLevel(level.upper())


def leave_out(name: str) -> None:
    """Log nothing but errors of a part of the program, which is told of in another way."""
    logging.getLogger(name).setLevel(logging.ERROR)


def _handler(form: str, environ: Mapping[str, str]) -> logging.Handler:
    handler: logging.Handler
    if form == "auto" and is_standard_error(environ):
        handler = Journal()
        handler.setFormatter(BareLines())
    else:
        handler = StandardError()
        handler.setFormatter(JsonLines() if form == "json" else TextLines())
    return handler


class StandardError(logging.Handler):
    """Writes to what standard error is at that moment, so that lines stay clear of what moves on a terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; an error in doing so is reported as logging always does."""
        try:
            print(self.format(record), file=sys.stderr, flush=True)  # noqa: T201 - a log is printed
        except (OSError, ValueError, TypeError):
            self.handleError(record)

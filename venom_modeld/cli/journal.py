"""The log as entries of systemd's journal: one datagram an entry, its fields beside the message.

The protocol is the journal's own (https://systemd.io/JOURNAL_NATIVE_PROTOCOL): `NAME=value` lines, and for a value with
line ends its length before it. An entry too large for a datagram goes in a sealed file whose descriptor is sent.
"""

import errno
import fcntl
import logging
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from venom_modeld.cli.log_lines import fields_of

SOCKET = Path("/run/systemd/journal/socket")

PREFIX = "MODELD_"
"""Before the name of each field, so that none is taken for one of the journal's own."""

_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def is_standard_error(environ: Mapping[str, str], descriptor: int = 2) -> bool:
    """Tell whether standard error leads to the journal, as systemd says in JOURNAL_STREAM (man 5 systemd.exec)."""
    try:
        standard_error = os.fstat(descriptor)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{standard_error.st_dev}:{standard_error.st_ino}"


class Journal(logging.Handler):
    """Writes to the journal. The formatter makes the text that people read; programs read the fields."""

    def __init__(self, address: Path = SOCKET) -> None:
        super().__init__()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._address = str(address)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one entry; an error in doing so is reported as logging always does."""
        try:
            self._send(b"".join(_line(name, value) for name, value in self._entry(record)))
        except (OSError, ValueError, TypeError):
            self.handleError(record)

    def close(self) -> None:
        """Write no more."""
        self._socket.close()
        super().close()

    def _entry(self, record: logging.LogRecord) -> Iterator[tuple[str, object]]:
        yield "MESSAGE", self.format(record)
        yield "PRIORITY", next((number for level, number in _PRIORITIES if record.levelno >= level), 7)
        yield "SYSLOG_IDENTIFIER", "venom-modeld"
        yield "CODE_FILE", record.pathname
        yield "CODE_LINE", record.lineno
        yield "CODE_FUNC", record.funcName
        yield f"{PREFIX}MESSAGE", record.getMessage()
        yield f"{PREFIX}LOGGER", record.name
        for name, value in fields_of(record).items():
            yield f"{PREFIX}{name.upper()}", value

    def _send(self, entry: bytes) -> None:
        try:
            self._socket.sendto(entry, self._address)
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            self._send_as_file(entry)

    def _send_as_file(self, entry: bytes) -> None:
        with os.fdopen(os.memfd_create("journal-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "wb") as file:
            file.write(entry)
            file.flush()
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
            descriptor = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", file.fileno()))]
            self._socket.sendmsg([], descriptor, 0, self._address)


def _line(name: str, value: object) -> bytes:
    content = str(value).encode(errors="replace")
    if b"\n" not in content:
        return name.encode() + b"=" + content + b"\n"
    return name.encode() + b"\n" + struct.pack("<Q", len(content)) + content + b"\n"

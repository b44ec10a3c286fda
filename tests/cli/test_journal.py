"""The log as entries of the journal, on a real socket."""

import array
import logging
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from venom_modeld.cli import logs
from venom_modeld.cli.journal import Journal, is_standard_error
from venom_modeld.cli.log_lines import BareLines


def entry(data: bytes) -> dict[str, str]:
    """Read an entry as the journal does."""
    found = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, sign, value = line.partition(b"=")
        if not sign:
            [length] = struct.unpack("<Q", data[:8])
            value, data = data[8 : 8 + length], data[9 + length :]
        found[name.decode()] = value.decode()
    return found


class Receiver:
    """In the place of the journal."""

    def __init__(self, address: Path) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(address))
        self.socket.settimeout(20)

    def entry(self) -> dict[str, str]:
        """Wait for an entry, be it a datagram or a file."""
        data, ancillary, _, _ = self.socket.recvmsg(1 << 20, socket.CMSG_SPACE(4))
        for _, _, content in ancillary:
            [descriptor] = array.array("i", content)
            with os.fdopen(descriptor, "rb") as file:
                file.seek(0)
                data = file.read()
        return entry(data)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """Give a journal."""
    receiver = Receiver(tmp_path / "socket")
    yield receiver
    receiver.socket.close()


@pytest.fixture
def log(receiver: Receiver) -> Iterator[logging.Logger]:
    """Give a logger that writes to that journal."""
    handler = Journal(receiver.address)
    handler.setFormatter(BareLines())
    logger = logging.getLogger("venom_modeld.test_journal")
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.removeHandler(handler)
    handler.close()


def test_an_entry_has_the_constant_message_and_each_field(log: logging.Logger, receiver: Receiver) -> None:
    """People read one line, programs ask for fields, whose names are no fields of the journal's own."""
    log.warning("operation failed", extra={"model": "a:1b", "detail": "it ended", "attempt": 2})
    found = receiver.entry()
    assert found["MESSAGE"] == 'operation failed model=a:1b detail="it ended" attempt=2'
    assert (found["PRIORITY"], found["SYSLOG_IDENTIFIER"]) == ("4", "venom-modeld")
    assert Path(found["CODE_FILE"]).name == "test_journal.py"
    assert {name: value for name, value in found.items() if name.startswith("MODELD_")} == {
        "MODELD_MESSAGE": "operation failed",
        "MODELD_LOGGER": "venom_modeld.test_journal",
        "MODELD_MODEL": "a:1b",
        "MODELD_DETAIL": "it ended",
        "MODELD_ATTEMPT": "2",
    }


@pytest.mark.parametrize(("level", "priority"), [("DEBUG", "7"), ("INFO", "6"), ("ERROR", "3"), ("CRITICAL", "2")])
def test_each_level_has_its_priority(level: str, priority: str, log: logging.Logger, receiver: Receiver) -> None:
    """`journalctl -p` asks for it."""
    log.log(logging.getLevelName(level), "said")
    assert receiver.entry()["PRIORITY"] == priority


def test_a_value_with_line_ends_cannot_pose_as_a_field(log: logging.Logger, receiver: Receiver) -> None:
    """Its length stands before it."""
    log.info("file refused", extra={"detail": "one\nPRIORITY=0\nthree"})
    found = receiver.entry()
    assert (found["MODELD_DETAIL"], found["PRIORITY"]) == ("one\nPRIORITY=0\nthree", "6")


def test_an_entry_of_any_size_arrives(log: logging.Logger, receiver: Receiver) -> None:
    """A file with a million problems is no reason to lose the line that tells of it."""
    receiver.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
    log.info("file refused", extra={"detail": "x" * 5_000_000})
    assert len(receiver.entry()["MODELD_DETAIL"]) == 5_000_000


def test_a_journal_that_is_gone_ends_nothing(
    log: logging.Logger, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    """Logging reports its own faults and goes on."""
    receiver.socket.close()
    log.info("said")
    assert "Logging error" in capsys.readouterr().err


def standard_error() -> str:
    """Return the name of standard error as systemd tells it."""
    status = os.fstat(2)
    return f"{status.st_dev}:{status.st_ino}"


def test_only_what_leads_to_the_journal_is_it() -> None:
    """A variable that a parent left behind speaks of another stream."""
    assert is_standard_error({"JOURNAL_STREAM": standard_error()})
    assert not is_standard_error({"JOURNAL_STREAM": "1:1"})
    assert not is_standard_error({})


def test_a_program_without_standard_error_logs_to_no_journal() -> None:
    """There is nothing to compare."""
    assert not is_standard_error({"JOURNAL_STREAM": "1:1"}, descriptor=-1)


@pytest.mark.parametrize(("form", "handler"), [("auto", Journal), ("text", logs.StandardError)])
def test_the_form_decides_where_standard_error_is_the_journal(form: str, handler: type[logging.Handler]) -> None:
    """Whoever wants lines there says so."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    logs.set_up("info", form, {"JOURNAL_STREAM": standard_error()})
    found = root.handlers[:]
    root.handlers[:] = handlers
    assert [type(one) for one in found] == [handler]
    found[0].close()

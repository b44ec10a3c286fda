"""The exit codes of every command, and the one exception that a command ends with when it cannot do what was asked.

The numbers are part of the interface: scripts branch on them. The docstring of a member is the source of its line in
the reference.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    """It did what was asked."""
    FAILED = 1
    """It could not; standard error says why, and what to do."""
    USAGE = 2
    """The command line is wrong; nothing was done."""
    CHANGES = 2
    """`plan --detailed-exitcode` alone: there is something to do."""
    TIMEOUT = 3
    """The time given by `--timeout` passed first."""
    UNREACHABLE = 4
    """No daemon answers at the address."""
    BLOCKED = 5
    """All that is left to do waits for a person: an approval, a retry, or another entry in the file."""
    OUTDATED = 6
    """The plan, or the file, is no longer the one that was reviewed."""
    INTERRUPTED = 130
    """Ctrl-C."""


class Failure(Exception):
    """What ends a command: sentences for people, and the exit code."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code

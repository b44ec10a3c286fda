"""Starts a process in a session of its own that ends with the daemon, and is found again if it does not."""

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from venom_modeld.runtimes.vllm.server import launcher
from venom_modeld.runtimes.vllm.server.files import write_json
from venom_modeld.runtimes.vllm.server.processes import Identity, identify

HANDED = 3
"""The number of a socket that is handed to a process."""


def spawn(
    command: Sequence[str],
    *,
    record: Path,
    folder: Path,
    log: Path,
    environment: Mapping[str, str],
    handed: socket.socket | None = None,
) -> Identity:
    """Start a command in a folder, and return who it is, which is then in the file `record` too. Raises OSError.

    A socket that is `handed` to it has the number HANDED there.

    To be called on the thread that lives as long as the daemon: when that thread ends, the process is told to stop.
    """
    words = (sys.executable, "-I", "-S", launcher.__file__, str(os.getpid()), str(record), str(folder), *command)
    pid = os.posix_spawn(
        words[0],
        words,
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            *([] if handed is None else [(os.POSIX_SPAWN_DUP2, handed.fileno(), HANDED)]),
        ],
        setsid=True,
    )
    identity = identify(pid)
    assert identity is not None  # noqa: S101 - a child that was not waited for has an entry in /proc
    write_json(record, asdict(identity))
    return identity

"""Becomes a server: the few lines between the daemon's fork and vLLM's first instruction.

Run as a file, without the package, because every import would be paid at every start. By then it leads a session of
its own. It arranges to be told to stop when the daemon dies, writes down who it is, and turns into the server. A daemon
that dies before this leaves nothing behind, and one that dies after it finds what it started by what was written.
"""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
NOT_STARTED = 127
"""The exit code of a command that could not be started, as shells use it."""


def main(arguments: list[str]) -> None:
    """Take the number of the daemon, the file to write to, the folder to work in, and the command."""
    parent, file, folder, *command = arguments
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(NOT_STARTED)
    _write(Path(file))
    os.chdir(folder)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the command that the file declares
    except OSError as error:
        sys.stderr.write(f"ERROR: {command[0]} cannot be started: {error.strerror}\n")
        sys.exit(NOT_STARTED)


def _write(path: Path) -> None:
    """Write the identity in one step, and to the disk: it is all that is known of us after a crash."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    ticks = int(Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    beside = path.with_name(f"{path.name}.tmp")
    with beside.open("w", encoding="utf-8") as file:
        json.dump({"boot": boot, "pid": os.getpid(), "ticks": ticks}, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


if __name__ == "__main__":
    main(sys.argv[1:])

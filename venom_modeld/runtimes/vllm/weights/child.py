"""The program of the child process: reads one job, does it, and tells how it goes, one JSON object a line.

It dies with the daemon, in the instant, by the death signal of Linux: nothing goes on downloading behind its back.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from venom_modeld.runtimes.vllm.weights.job import Failed, Install, Remove, Trouble
from venom_modeld.runtimes.vllm.weights.telling import Teller

_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Do the job on standard input; returns the exit status."""
    line = json.loads(sys.stdin.readline())
    die_with(line["parent"])
    teller = Teller(_write)
    try:
        teller.say(done=_do(line, teller))
    except Failed as failed:
        teller.say(**failed.line)
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        teller.say(failed=Trouble.SYSTEM, errno=error.errno or 0, words=f"{error.strerror or error}{where}")
        return 1
    return 0


def die_with(parent: int) -> None:
    """Be killed when the parent ends, also where it has ended already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _do(line: Mapping[str, Any], teller: Teller) -> int:
    # Each job imports its own tools: a removal needs no HTTP, an install seldom the library of the Hub.
    if line["do"] == "remove":
        from venom_modeld.runtimes.vllm.weights.removing import remove  # noqa: PLC0415

        return remove(Remove.of(line))
    from venom_modeld.runtimes.vllm.weights.installing import install  # noqa: PLC0415

    install(Install.of(line), teller)
    return 0


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

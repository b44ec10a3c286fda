"""How the program begins and ends."""

import atexit
import os
import sys
from contextlib import suppress

from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.garbage import collect_seldom
from venom_modeld.cli.unneeded import leave_out_unneeded


def run() -> None:
    """Run the program with the arguments of the command line, and end the process.

    At its end Python would take every module apart. For a small command that is a sixth of all its time, so the process
    ends without it, after what was registered for the end was done and all output is out.
    """
    collect_seldom()
    leave_out_unneeded()
    from venom_modeld.cli.program import app  # noqa: PLC0415 - what it loads is loaded under the two rules above

    try:
        app(prog_name="venom-modeld")
    except SystemExit as end:
        atexit._run_exitfuncs()  # noqa: SLF001 - there is no other name for it
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(end.code if isinstance(end.code, int) else ExitCode.OK)

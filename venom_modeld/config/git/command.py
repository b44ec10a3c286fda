"""Runs the system's git: with a deadline, without anybody to ask, and gone with all that it began when it is cut.

Its configuration, its credentials and its keys are those of the user that the daemon runs as. Only what would lead it
to another repository than the one that is meant is taken out of its environment.
"""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

LOCAL = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
"""What git sets for the programs that it starts, such as a hook that starts us (`git rev-parse --local-env-vars`)."""

ALONE = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
"""Nobody sits here to be asked for a password, and what git says is read by a program."""

SETTINGS = ("core.hooksPath=/dev/null", "gc.autoDetach=false", "maintenance.autoDetach=false")
"""Nothing of a repository is run, and nothing goes on behind our back."""


class GitFailed(Exception):
    """A git that ended badly; the text is what it said, `code` its exit code, or None where it was cut."""

    def __init__(self, said: str, *, code: int | None) -> None:
        super().__init__(said)
        self.said = said
        self.code = code


async def git(folder: Path, *arguments: str, deadline: float, given: bytes = b"") -> bytes:
    """Run git on the repository in `folder`, and return what it writes to standard output.

    `deadline` is in seconds, `given` goes to its standard input. Raises GitFailed; OSError where there is no git.
    """
    words = ["git", "--no-pager", f"--git-dir={folder}"]
    for setting in SETTINGS:
        words += ["-c", setting]
    process = await asyncio.create_subprocess_exec(
        *words,
        *arguments,
        stdin=PIPE if given else DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=environment(os.environ),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(deadline):
            written, said = await process.communicate(given or None)
    except TimeoutError as error:
        raise GitFailed(f"it did not end within {deadline:.0f} s", code=None) from error
    finally:
        await _end(process)
    if process.returncode:
        raise GitFailed(said.decode(errors="replace").strip(), code=process.returncode)
    return written


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a git that nobody watches."""
    return {name: value for name, value in environ.items() if name not in LOCAL} | ALONE


async def _end(process: Process) -> None:
    """End a git that still runs, with the ssh or the helper that it started."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

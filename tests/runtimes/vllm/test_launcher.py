"""What happens between the fork of the daemon and the first instruction of a server."""

import json
import os
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path

from venom_modeld.runtimes.vllm.server import launcher
from venom_modeld.runtimes.vllm.server.processes import boot_id


async def launched(folder: Path, *command: str, parent: int | None = None) -> tuple[int, str]:
    """Run the launcher, and return its code and what was said."""
    words = (str(parent or os.getpid()), str(folder / "process.json"), str(folder), *command)
    process = await create_subprocess_exec(sys.executable, launcher.__file__, *words, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    (folder / "pid").write_text(str(process.pid), encoding="ascii")
    return process.returncode or 0, (out + err).decode()


async def test_it_writes_down_who_it_is_and_becomes_the_command(tmp_path: Path) -> None:
    """The record names the very process, which works in the folder that it was given."""
    code, said = await launched(tmp_path, sys.executable, "-c", "import os; print(os.getpid(), os.getcwd())")
    record = json.loads((tmp_path / "process.json").read_bytes())
    assert code == 0
    assert said.split() == [str(record["pid"]), str(tmp_path)]
    assert record["pid"] == int((tmp_path / "pid").read_text(encoding="ascii"))
    assert record["boot"] == boot_id()


async def test_a_command_that_is_not_there_is_an_error_line(tmp_path: Path) -> None:
    """In the form in which the reason is looked for, with the code of shells."""
    code, said = await launched(tmp_path, "no-such-command")
    assert (code, said) == (127, "ERROR: no-such-command cannot be started: No such file or directory\n")


async def test_without_its_daemon_it_starts_nothing(tmp_path: Path) -> None:
    """The daemon died before the launcher could ask to be told of that."""
    code, said = await launched(tmp_path, "echo", "started", parent=1)
    assert (code, said) == (127, "")
    assert not (tmp_path / "process.json").exists()

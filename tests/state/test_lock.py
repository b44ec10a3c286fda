import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from venom_modeld.state.errors import StateLocked, StateUnusable
from venom_modeld.state.lock import LOCK_FILE, hold

HOLDER = """
import subprocess, sys
from pathlib import Path
from venom_modeld.state.lock import hold

with hold(Path(sys.argv[1])):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    print(child.pid, flush=True)
    input()
"""

Start = Callable[[Path], "tuple[subprocess.Popen[str], int]"]


@pytest.fixture
def holder(unmeasured: dict[str, str]) -> Iterator[Start]:
    """Start other processes that hold a state folder and run a program of their own; end both at the end."""
    started: list[subprocess.Popen[str]] = []
    children: list[int] = []

    def start(state_dir: Path) -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, state_dir],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=unmeasured,
        )
        started.append(process)
        assert process.stdout is not None
        children.append(int(process.stdout.readline()))
        return process, children[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def is_alive(pid: int) -> bool:
    """Tell whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_second_daemon_is_refused(tmp_path: Path, holder: Start) -> None:
    """Whoever comes second is told which process holds which folder, and what to do."""
    process, _ = holder(tmp_path)
    with pytest.raises(StateLocked) as caught, hold(tmp_path):
        pass
    message = str(caught.value)
    assert f"pid {process.pid}" in message
    assert str(tmp_path) in message
    assert "--state-dir" in message


def test_the_first_keeps_its_lock_when_a_second_is_refused(tmp_path: Path, holder: Start) -> None:
    """Being refused, even twice, takes nothing from the holder and leaves its pid in the file."""
    process, _ = holder(tmp_path)
    for _ in range(2):
        with pytest.raises(StateLocked, match=f"pid {process.pid}"), hold(tmp_path):
            pass


def test_a_crash_leaves_no_lock_behind(tmp_path: Path, holder: Start) -> None:
    """The folder is free as soon as its holder was killed, though the file and a program it started live on."""
    process, child = holder(tmp_path)
    os.kill(child, signal.SIGSTOP)
    try:
        process.kill()
        process.wait()
        assert is_alive(child)
        assert (tmp_path / LOCK_FILE).read_text() == f"{process.pid}\n"
        with hold(tmp_path):
            assert (tmp_path / LOCK_FILE).read_text() == f"{os.getpid()}\n"
    finally:
        os.kill(child, signal.SIGKILL)


def test_the_same_process_cannot_hold_it_twice(tmp_path: Path) -> None:
    """Two daemons in one process are two daemons."""
    with hold(tmp_path):
        with pytest.raises(StateLocked, match=f"pid {os.getpid()}"), hold(tmp_path):
            pass
        with pytest.raises(StateLocked), hold(tmp_path):
            pass


def test_it_can_be_held_again_once_let_go(tmp_path: Path) -> None:
    """Leaving the block frees the folder, an error in it too."""
    with pytest.raises(RuntimeError, match="inside"), hold(tmp_path):
        raise RuntimeError("inside")
    with hold(tmp_path):
        assert (tmp_path / LOCK_FILE).exists()


def test_a_holder_that_has_not_written_its_pid_is_told_without_one(tmp_path: Path) -> None:
    """In the instant between locking and writing, the message does not make up a pid."""
    with hold(tmp_path):
        (tmp_path / LOCK_FILE).write_text("")
        with pytest.raises(StateLocked) as caught, hold(tmp_path):
            pass
        assert "another venom-modeld. Stop" in str(caught.value)


WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from venom_modeld.state.errors import StateLocked
from venom_modeld.state.lock import hold

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
with hold(Path(sys.argv[1])):
    try:
        with hold(Path(sys.argv[1])):
            pass
    except StateLocked as error:
        print(error, file=sys.stderr)
"""


def test_a_pid_that_cannot_be_written_does_not_matter(tmp_path: Path, unmeasured: dict[str, str]) -> None:
    """The lock holds where there is no room for the pid of its holder, as on a full disk."""
    held = subprocess.run(
        [sys.executable, "-c", WITHOUT_ROOM, tmp_path], check=True, capture_output=True, text=True, env=unmeasured
    )
    assert f"{tmp_path} is in use by another venom-modeld. Stop" in held.stderr


def test_a_missing_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """The state folder and the lock are closed to others, and folders above it are made where they are missing."""
    state_dir = tmp_path / "var" / "lib" / "modeld"
    with hold(state_dir):
        assert stat.S_IMODE(state_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE((state_dir / LOCK_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("state_dir", "problem"),
    [
        ("file", "a file stands where a folder must be"),
        ("file/below", "a file stands where a folder must be"),
        ("/proc/modeld", "No such file or directory"),
        ("locked-by-folder", "Is a directory"),
        ("n" * 300, "File name too long"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told_with_the_reason(tmp_path: Path, state_dir: str, problem: str) -> None:
    """The error names the folder, what is wrong with it and what to do."""
    (tmp_path / "file").touch()
    (tmp_path / "locked-by-folder" / LOCK_FILE).mkdir(parents=True)
    with pytest.raises(StateUnusable) as caught, hold(tmp_path / state_dir):
        pass
    assert f"{tmp_path / state_dir} cannot be used: {problem}." in str(caught.value)
    assert "--state-dir" in str(caught.value)

"""The program of the child itself: it does one job, says so, and does not outlive its parent."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from venom_modeld.runtimes.vllm.weights import child
from venom_modeld.runtimes.vllm.weights.job import Remove

MODEL = "org/model"


def run(cache: Path, *, parent: int) -> tuple[int, list[object]]:
    """Have a child remove a model, and return its code with what it said."""
    job = {**Remove(cache=str(cache), repository=MODEL, commits=None).as_json(), "parent": parent}
    command = [sys.executable, "-m", child.__name__]
    ended = subprocess.run(command, input=json.dumps(job) + "\n", capture_output=True, text=True, check=False)
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()]


def test_a_job_that_is_done_is_said_to_be(tmp_path: Path) -> None:
    """With what it freed; nothing is there, so nothing is."""
    assert run(tmp_path, parent=os.getpid()) == (0, [{"done": 0}])


def test_a_child_whose_parent_is_gone_does_nothing(tmp_path: Path) -> None:
    """It was begun by a daemon that died in that moment; nothing is changed behind the back of the next one."""
    folder = tmp_path / "models--org--model"
    folder.mkdir()
    assert run(tmp_path, parent=1) == (-signal.SIGKILL, [])
    assert folder.is_dir()


def test_what_the_system_refuses_is_said_with_the_place(tmp_path: Path) -> None:
    """The daemon makes a sentence of it."""
    (tmp_path / "models--org--model").mkdir()
    (tmp_path / ".locks").write_text("no folder", encoding="utf-8")
    code, (line,) = run(tmp_path, parent=os.getpid())
    assert code == 1
    assert isinstance(line, dict)
    assert line["failed"] == "system"
    assert str(tmp_path / ".locks") in line["words"]

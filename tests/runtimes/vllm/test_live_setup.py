"""What the tests of a real vLLM need is made by a script, which says so where it cannot be had."""

import os
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / "live_vllm/setup"
MARKS = ("venv/.installed-0.32.0", "models/.made-2")

MAKES_NOTHING = "#!/bin/sh\nexit 1\n"
MAKES_AN_ENVIRONMENT_WITHOUT_PACKAGES = """#!/bin/sh
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho "no such package: $*" >&2\\nexit 1\\n' >"$3/bin/python"
chmod +x "$3/bin/python"
"""


def set_up(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a Python of ours."""
    program = folder / "python"
    program.write_text(python, encoding="utf-8")
    program.chmod(0o755)
    return subprocess.run(
        [str(SETUP), str(folder / "live")],
        env={**os.environ, "PYTHON": str(program)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("python", "said"),
    [(MAKES_NOTHING, ""), (MAKES_AN_ENVIRONMENT_WITHOUT_PACKAGES, "no such package: -m pip install")],
    ids=["no environment", "no packages"],
)
def test_what_cannot_be_had_is_said_and_fails(tmp_path: Path, python: str, said: str) -> None:
    """In words, after those of whoever refused; nothing passes for being there, so the next run tries again."""
    ended = set_up(tmp_path, python)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert ended.stderr.endswith("cannot be installed here; the lines above say why. Nothing of it was tested.\n")
    assert not any((tmp_path / "live" / mark).exists() for mark in MARKS)


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    """It takes minutes."""
    for mark in MARKS:
        (tmp_path / "live" / mark).parent.mkdir(parents=True)
        (tmp_path / "live" / mark).touch()
    ended = set_up(tmp_path, MAKES_NOTHING)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")

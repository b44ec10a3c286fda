"""Builds the wheel of the project, from a copy of what it is made of."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("pyproject.toml", "README.md", "LICENSE", "config", "screen/wheel_hook.py", "venom_modeld")
"""What a wheel is made of. The screen lies built in the package, so it is not built anew."""


def copied(folder: Path) -> Path:
    """Copy what a wheel is made of, without git, and return where it is."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return folder


def built(folder: Path) -> Path:
    """Build the wheel in a folder, by the tools that are installed here: no package index is asked."""
    source = copied(folder / "source")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    made = subprocess.run([*pip, "--wheel-dir", folder, source], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return next(folder.glob("*.whl"))

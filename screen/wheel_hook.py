# ruff: noqa: INP001 - hatch loads it by its path
"""Builds the screen for hatch, so that a wheel holds the page at /models.

In a checkout it is built anew; a source distribution holds it built, so that nobody needs Node.js to install that. An
editable installation leaves it alone: `make screen` builds it there.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ScreenHook(BuildHookInterface):
    """Runs before the files of a distribution are gathered."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatch says what there is
        """Build the screen, unless it is here built or there is nothing to build it with."""
        root = Path(self.root)
        if version == "editable":
            return
        if (root / ".git").exists() and shutil.which("npm"):
            for command in (["npm", "ci"], ["npm", "run", "build"]):
                subprocess.run(command, cwd=root / "screen", check=True)  # noqa: S603 - our own commands
        if not (root / "venom_modeld/screen/index.html").exists():
            self.app.display_warning("Without Node.js the screen is not built: /models will say how to build it.")

"""Runs a command on the application: `python -m tests.security.served COMMAND …`, where `{url}` is its address."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.security.test_fuzz_api import FILE, Served


def main(command: list[str]) -> int:
    """Serve the application for as long as the command runs; return how that ended."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "models.yaml"
        file.write_text(FILE, encoding="utf-8")
        with Served(file) as served:
            url = f"http://127.0.0.1:{served.port}"
            words = [word.replace("{url}", url) for word in command]
            return subprocess.run(words, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

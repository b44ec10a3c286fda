"""The real daemon in a process of its own, on a static Ollama."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

SETTINGS = {
    "API_LISTEN": "127.0.0.1:0",
    "LOG_FORMAT": "json",
    "TRENDING_OLLAMA_SOURCE": "off",
    "REGISTRY_URL": "http://127.0.0.1:9",
}


class ADaemon:
    """`venom-modeld run` in a folder, on a models.yaml of this content."""

    def __init__(self, folder: Path, content: str) -> None:
        self._folder = folder
        (folder / "models.yaml").write_text(content)

    def __enter__(self) -> Self:
        settings = {f"VENOM_MODELD_{name}": value for name, value in SETTINGS.items()}
        settings |= {"VENOM_MODELD_FILE": "models.yaml", "VENOM_MODELD_STATE_DIR": "state", "HF_HUB_OFFLINE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "venom_modeld", "run"],
            cwd=self._folder,
            env=os.environ | settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            told = json.loads(line) if line.startswith("{") else {}
            if "address" in told:
                self.url = str(told["address"])
                return self
        raise RuntimeError("the daemon ended at its start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.communicate()

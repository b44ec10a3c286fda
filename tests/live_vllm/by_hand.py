"""A real vLLM that a person starts and stops: what the daemon's way is compared with."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import httpx2

from tests.conftest import PLAIN
from tests.live_vllm.conftest import VARIABLES, VLLM

DEADLINE = 400.0
"""Seconds after which a start has failed."""

LOOK_EVERY = 0.1


class ServerByHand:
    """One server at a port, in a folder for its log and its temporary files."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self._words = ("--host", "127.0.0.1", "--port", str(port))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, model: Path | str, *words: str, **variables: str) -> None:
        """Start it, and return at once."""
        environment = {**os.environ, **VARIABLES, "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", **variables}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(VLLM), "serve", str(model), *self._words, *words],
                env={**environment, "TMPDIR": str(self.folder)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ready(self) -> None:
        """Wait until it is healthy."""
        assert self._process is not None
        end = time.monotonic() + DEADLINE
        with httpx2.Client(base_url=self.url, timeout=10.0, verify=PLAIN) as http:
            while time.monotonic() < end and self._process.poll() is None:
                with suppress(httpx2.TransportError):
                    if http.get("/health").status_code == 200:
                        return
                time.sleep(LOOK_EVERY)
        raise AssertionError(f"vLLM did not get ready; see {self.folder / 'log'}: {self.said()[-2000:]}")

    def token(self, name: str) -> None:
        """Have it generate one token."""
        body = {"model": name, "prompt": "hi", "max_tokens": 1}
        with httpx2.Client(base_url=self.url, timeout=60.0, verify=PLAIN) as http:
            assert http.post("/v1/completions", json=body).json()["usage"]["completion_tokens"] == 1

    def ended(self) -> int:
        """Wait until it ends by itself, and return its code."""
        assert self._process is not None
        return self._process.wait(DEADLINE)

    def stop(self) -> None:
        """Tell it to stop, and return when it has; what does not hear is killed with its group."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(60.0)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(60.0)
            self._process = None

    def said(self) -> str:
        """Return all that it wrote."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

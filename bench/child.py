"""A program of this package in a process of its own, which is asked and answers line by line."""

import subprocess
import sys
from types import TracebackType
from typing import Self


class Child:
    """`python -m bench.PROGRAM` with these words, killed at the end of the block."""

    def __init__(self, program: str, *words: str) -> None:
        self._command = [sys.executable, "-m", f"bench.{program}", *words]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def tell(self, line: str) -> None:
        """Write a line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def line(self) -> str:
        """Return the next line that it writes."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

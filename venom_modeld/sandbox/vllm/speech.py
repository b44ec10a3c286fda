"""What a stand-in writes to its log: lines in the form of the real one's, and tracebacks that point at each other."""

import os
import sys
import time

ROOT_CAUSE = "Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore': 1}"
IN_THE_BACKGROUND = (
    "WorkerProc initialization failed due to an exception in a background process. See stack trace for root cause."
)
_TRACE = "Traceback (most recent call last):"
_FRAME = '  File "SITE/vllm/{place}.py", line {line}, in {where}'


def say(process: str, words: str, *, level: str = "INFO", place: str = "serve.py:1") -> None:
    """Write a line of one of the processes."""
    moment = time.strftime("%m-%d %H:%M:%S")
    _write(f"({process} pid={os.getpid()}) {level} {moment} [{place}] {words}")


def complain(process: str, kind: str, words: str, *, before: str) -> None:
    """Write a traceback of one of the processes, every line as an error."""
    lines = [before, _TRACE, _FRAME.format(place="v1/engine/core", line=1, where="run"), f"{kind}: {words}"]
    for line in lines:
        say(process, line, level="ERROR", place="core.py:1")


def trace(kind: str, words: str, *more: str) -> None:
    """Write a bare traceback, as Python does at the end of a program."""
    lines = [_TRACE, _FRAME.format(place="entrypoints/cli/main", line=1, where="main"), f"{kind}: {words}", *more]
    for line in lines:
        _write(line)


def _write(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()

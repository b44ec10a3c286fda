"""`systemctl` and `journalctl` for one unit, as far as a driver uses them: real processes, and what they say in a file.

Run under either name. `FAKE_SYSTEMD` is a folder with `unit.json`: the name of the unit, its command, and the file of
variables that it reads.
"""

import fcntl
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

TIMEOUT_STOP = 1.0
FOLDER = Path(os.environ.get("FAKE_SYSTEMD", "."))


def split(text: str) -> list[str]:
    """Split a value into words as systemd does: quotes group, a backslash takes the next letter as it is."""
    words, word, quote, position = [], "", "", 0
    started = False
    while position < len(text):
        letter = text[position]
        if letter == "\\":
            position += 1
            word, started = word + text[position], True
        elif quote and letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote, started = letter, True
        elif not quote and letter == " ":
            words += [word] if started else []
            word, started = "", False
        else:
            word, started = word + letter, True
        position += 1
    return [*words, word] if started else words


def variables(path: Path) -> dict[str, str]:
    """Read a file of variables."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    pairs = (line.split("=", 1) for line in lines)
    return {name: re.sub(r"\\(.)", r"\1", value[1:-1]) for name, value in pairs}


def state() -> dict[str, Any]:
    """Return what the unit does."""
    with suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads((FOLDER / "state.json").read_bytes())
        return found
    return {"active": "inactive", "invocation": "", "began": 0, "wanted": ""}


@contextmanager
def alone() -> Iterator[None]:
    """Keep other processes from changing what the unit does."""
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def put(**changes: Any) -> None:
    """Change what the unit does."""
    beside = FOLDER / f"state.{os.getpid()}"
    beside.write_text(json.dumps({**state(), **changes}), encoding="utf-8")
    beside.replace(FOLDER / "state.json")


def wait(active: bool) -> dict[str, Any]:
    """Return when the unit is, or is not, active."""
    while (state()["active"] == "active") is not active:
        time.sleep(0.01)
    return state()


def supervise(unit: dict[str, Any], invocation: str) -> None:
    """Be the parent of a unit's process."""
    read = variables(Path(unit["environment_file"]))
    command = [*unit["command"], *split(read.pop("VLLM_SERVE_ARGS"))]
    with alone(), (FOLDER / invocation).open("wb") as log:
        if state()["wanted"] != invocation:
            return
        child = subprocess.Popen(
            command, env={**os.environ, **read}, stdout=log, stderr=log, cwd=FOLDER, start_new_session=True
        )
        put(active="active", invocation=invocation, began=int(time.monotonic() * 1e6), pid=child.pid)
    code = child.wait()
    with alone():
        put(active="failed" if code else "inactive")


def stop() -> None:
    """End the unit's process, and all of its group where that does not hear; what is about to start does not."""
    with alone():
        put(wanted="")
        found = state()
    if found["active"] != "active":
        return
    with suppress(ProcessLookupError):
        os.kill(found["pid"], signal.SIGTERM)
        deadline = time.monotonic() + TIMEOUT_STOP
        while state()["active"] == "active" and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(found["pid"], signal.SIGKILL)
    wait(active=False)


def start() -> None:
    """Start the unit's process."""
    invocation = secrets.token_hex(16)
    with alone():
        put(wanted=invocation)
    words = [sys.executable, __file__, "supervise", invocation]
    subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    while state()["invocation"] != invocation and state()["wanted"] == invocation:
        time.sleep(0.01)


def show() -> None:
    """Tell what the unit does."""
    found = state()
    print("LoadState=loaded")  # noqa: T201
    print(f"ActiveState={found['active']}")  # noqa: T201
    print(f"InvocationID={found['invocation']}")  # noqa: T201
    print(f"ExecMainStartTimestampMonotonic={found['began']}")  # noqa: T201


def main(words: list[str]) -> int:
    """Do what the words say."""
    unit = json.loads((FOLDER / "unit.json").read_bytes())
    words = [word for word in words if word != "--no-ask-password"]
    if words[0] == "supervise":
        supervise(unit, words[1])
        return 0
    if Path(sys.argv[0]).name == "journalctl":
        invocation = words[0].removeprefix("_SYSTEMD_INVOCATION_ID=")
        sys.stdout.buffer.write((FOLDER / invocation).read_bytes())
        return 0
    if words[-1] != unit["name"]:
        print(f"LoadState=not-found\nActiveState=inactive\nInvocationID=")  # noqa: T201, F541
        return 0 if words[0] == "show" else 5
    if "refuse" in unit and words[0] in unit["refuse"]:
        print(unit["refuse"][words[0]])  # noqa: T201
        return 1
    match words[0]:
        case "show":
            show()
        case "restart":
            stop()
            start()
        case "stop":
            stop()
        case "--wait":
            if state()["active"] != "active":
                start()
            wait(active=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

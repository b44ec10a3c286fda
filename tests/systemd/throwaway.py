"""A host that is thrown away: a real systemd on an overlay of this machine, with processes and a network of its own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

BOOT = Path(__file__).with_name("boot")
DEADLINE = 60.0
NAMESPACES = ("--mount", "--pid", "--uts", "--ipc", "--net")


def why_not() -> str | None:
    """Return why no host can be had here, or None."""
    if os.geteuid() != 0:
        return "a throwaway host needs root"
    needed = ("/lib/systemd/systemd", "/usr/bin/systemctl", "/usr/bin/dbus-daemon", "/usr/bin/setpriv")
    missing = [path for path in needed if not Path(path).exists()]
    if missing:
        return f"a throwaway host needs Debian's systemd, dbus and util-linux; not there: {', '.join(missing)}"
    tried = subprocess.run(["unshare", *NAMESPACES, "--fork", "true"], capture_output=True, text=True, check=False)
    return f"a throwaway host needs namespaces: {tried.stderr.strip()}" if tried.returncode else None


class ThrowawayHost:
    """Use it as a context manager. `places` are folders of this machine by where they are put, read-only."""

    def __init__(self, places: Mapping[str, Path]) -> None:
        self._places = places

    def __enter__(self) -> Self:
        """Boot it, and wait until its systemd has nothing left to start."""
        self._folder = Path(tempfile.mkdtemp(prefix="throwaway-", dir="/var/tmp"))
        pairs = [word for target, source in self._places.items() for word in (str(source), target)]
        self._log = self._folder.with_suffix(".log").open("w+")
        # The host dies with this process, however that ends.
        start = ["setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES, "--fork", "--kill-child"]
        self._shell = subprocess.Popen(
            [*start, BOOT, self._folder, *pairs], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        try:
            self._first = self._find_first()
            eventually(lambda: self.run("systemctl", "is-system-running", check=False) in ("running", "degraded"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Throw it away with all that runs there."""
        self._shell.kill()
        self._shell.wait()
        eventually(self._is_swept, "the processes of the host are gone")
        self._log.close()
        self._folder.with_suffix(".log").unlink()
        assert self._folder.name not in Path("/proc/mounts").read_text(encoding="utf-8"), "a mount is left"
        shutil.rmtree(self._folder)

    def _find_first(self) -> int:
        """Return the process that is the host's first."""
        children = Path(f"/proc/{self._shell.pid}/task/{self._shell.pid}/children")
        eventually(lambda: self._shell.poll() is not None or bool(children.read_text().split()))
        if self._shell.poll() is not None:
            raise AssertionError(f"the host did not boot: {self._said()}")
        return int(children.read_text().split()[0])

    def _is_swept(self) -> bool:
        """Remove the host's control groups, and tell whether that could be done: not before its processes are gone."""
        swept = subprocess.run(["unshare", "--mount", BOOT, "sweep", self._folder], capture_output=True, check=False)
        return swept.returncode == 0

    def _said(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def run(self, *arguments: object, check: bool = True) -> str:
        """Run a program there as root, and return what it says on standard output, without blanks at the ends."""
        command = ["nsenter", "-t", str(self._first), "-m", "-p", "-C", "-u", "-i", "-n", "--", "env", "-C", "/"]
        ended = subprocess.run(
            [*command, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE * 2,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"},
        )
        if check and ended.returncode:
            said = f"{' '.join(map(str, arguments))} exited {ended.returncode}\n{ended.stdout}{ended.stderr}"
            log = self.run("journalctl", "--lines=20", "--no-pager", "--output=cat", check=False)
            raise AssertionError(f"{said}\nThe journal ends:\n{log}")
        return ended.stdout.strip()

    def show(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self.run("systemctl", "show", unit, "--property", name, "--value")

    def write(self, path: str, text: str) -> None:
        """Write a file there, and its folder where it is missing."""
        self.run("bash", "-c", 'mkdir -p "$(dirname "$0")" && printf %s "$1" > "$0"', path, text)


def eventually(truth: Callable[[], object], what: str = "") -> None:
    """Wait until something is true there; programs of the host send no events to this one."""
    ends = time.monotonic() + DEADLINE
    while not truth():
        if time.monotonic() > ends:
            raise AssertionError(f"it did not come true in {DEADLINE:.0f} s: {what}")
        time.sleep(0.05)

"""The host, as far as the service touches it: files, users, and systemd's own commands."""

import grp
import pwd
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from venom_modeld.cli.exits import Failure


class Host:
    """What is done to this host. `root` is the folder that stands for `/`."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def _at(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def text(self, path: str) -> str | None:
        """Return what a file says, or None where there is none."""
        try:
            return self._at(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or a folder."""
        return self._at(path).exists()

    def has_user(self, name: str) -> bool:
        """Tell whether there is a user of that name."""
        with suppress(KeyError):
            return bool(pwd.getpwnam(name))
        return False

    def has_group(self, name: str) -> bool:
        """Tell whether there is a group of that name."""
        with suppress(KeyError):
            return bool(grp.getgrnam(name))
        return False

    def make_folder(self, path: str, *, mode: int, owner: tuple[str, str]) -> None:
        """Make a folder, or change whose it is."""
        folder = self._at(path)
        folder.mkdir(parents=True, exist_ok=True)
        self._give(folder, mode, owner)

    def write(self, path: str, text: str, *, mode: int, owner: tuple[str, str]) -> None:
        """Write a file, in one step, in a folder that is made where it is missing."""
        file = self._at(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(f".{file.name}.new")
        beside.write_text(text, encoding="utf-8")
        self._give(beside, mode, owner)
        beside.replace(file)

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        place = self._at(path)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)

    def remove_empty(self, path: str) -> None:
        """Remove a folder unless something is in it."""
        with suppress(OSError):
            self._at(path).rmdir()

    def run(self, *command: str, may_fail: bool = False) -> str:
        """Run a command and return what it says; raises Failure with its own words where it fails and may not."""
        try:
            ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - all are constants
        except FileNotFoundError as error:
            raise Failure(f"{command[0]} is not on this host, or not in PATH; run this as root.") from error
        if ended.returncode and not may_fail:
            raise Failure(f"`{' '.join(command)}` failed: {ended.stderr.strip() or ended.stdout.strip()}")
        return ended.stdout.strip()

    def _give(self, place: Path, mode: int, owner: tuple[str, str]) -> None:
        shutil.chown(place, *owner)
        place.chmod(mode)

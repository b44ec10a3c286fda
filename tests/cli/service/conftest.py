"""A host for the service: real files in a folder, and systemd's commands as real programs that remember."""

import os
from pathlib import Path

import pytest

from venom_modeld.cli.service.files import USER
from venom_modeld.cli.service.host import Host

SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >> "$LAB/commands"
case "$1" in
    --version) echo "systemd $(cat "$LAB/version" 2>/dev/null || echo 252) (252.1)" ;;
    is-enabled) [ -e "$LAB/enabled" ] && echo enabled ;;
    is-active) [ -e "$LAB/active" ] && echo active ;;
    enable) touch "$LAB/enabled" "$LAB/active" ;;
    disable) rm -f "$LAB/enabled" "$LAB/active" ;;
    show) cat "$LAB/show" ;;
esac
"""
OTHERS = """#!/bin/sh
echo "${0##*/} $*" >> "$LAB/commands"
"""


class Lab(Host):
    """A host whose files lie in a folder, and where nobody owns them; users are made and dropped by their commands."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "root")
        self.folder = folder
        self.given: dict[str, tuple[int, tuple[str, str]]] = {}

    def has_user(self, name: str) -> bool:
        """Tell whether it was made."""
        made = [line.split()[0] for line in self.commands() if line.split()[-1] == name]
        return made[-1:] == ["useradd"]

    def has_group(self, name: str) -> bool:
        """Tell whether there is one: it outlives its user here."""
        return name == USER

    def commands(self) -> list[str]:
        """Return the commands that changed something."""
        said = self.folder / "commands"
        lines = said.read_text().splitlines() if said.exists() else []
        return [line for line in lines if not line.startswith(("systemctl is-", "systemctl --", "systemctl show"))]

    def _give(self, place: Path, mode: int, owner: tuple[str, str]) -> None:
        self.given[f"/{place.relative_to(self._root)}"] = mode, owner
        place.chmod(mode)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Give a host that systemd runs, with nothing of the service on it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"systemctl": SYSTEMCTL, "useradd": OTHERS, "userdel": OTHERS, "groupdel": OTHERS}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (tmp_path / "root/run/systemd/system").mkdir(parents=True)
    monkeypatch.setenv("LAB", str(tmp_path))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return Lab(tmp_path)

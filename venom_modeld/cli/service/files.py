"""The files of the service: what is shipped, and what belongs on a host."""

from dataclasses import dataclass
from pathlib import Path

USER = "venom-modeld"
UNIT = "venom-modeld.service"
STATE = "/var/lib/venom-modeld"
CONFIG = "/etc/venom-modeld"
SHIPPED_PROGRAM = "/opt/venom-modeld/bin/venom-modeld"

VLLM_UNIT = "vllm.service"

_UNITS = "/etc/systemd/system"
CHANGES = f"{_UNITS}/{UNIT}.d"
"""Where a person changes the unit."""

BACKOFF_SINCE = 254
"""The first systemd that can wait longer after each failure; older ones complain of the words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that belongs on the host."""

    path: str
    text: str
    owner: str = "root"
    mode: int = 0o644
    once: bool = False
    """It is a person's from then on, and never replaced."""

    @property
    def is_of_systemd(self) -> bool:
        """Tell whether systemd has to read it."""
        return self.path.startswith(_UNITS)


def shipped(name: str) -> str:
    """Return a file that comes with the program: from within the wheel, or from `config/` of a checkout."""
    package = Path(__file__).parents[2]
    places = (package / "host_files" / name, package.parent / "config" / name)
    return next(place for place in places if place.exists()).read_text(encoding="utf-8")


def settings_files() -> list[File]:
    """Return the two files that a person edits."""
    return [
        File(path=f"{CONFIG}/modeld.yaml", text=shipped("systemd/modeld.yaml"), once=True),
        File(path=f"{CONFIG}/models.yaml", text=shipped("systemd/models.yaml"), owner=USER, mode=0o664, once=True),
    ]


def unit_files(program: Path, systemd: int) -> list[File]:
    """Return the unit that starts the program, and what this systemd knows beside it."""
    unit = shipped(f"systemd/{UNIT}").replace(SHIPPED_PROGRAM, str(program))
    files = [File(path=f"{_UNITS}/{UNIT}", text=unit)]
    if systemd >= BACKOFF_SINCE:
        files.append(File(path=f"{CHANGES}/backoff.conf", text=shipped("systemd/backoff.conf")))
    return files


def vllm_files() -> list[File]:
    """Return the unit of vLLM, and what lets the daemon restart it and read why it does not start."""
    return [
        File(path=f"{CHANGES}/vllm.conf", text=shipped("systemd/vllm.conf")),
        File(path=f"{_UNITS}/{VLLM_UNIT}", text=shipped(f"systemd/{VLLM_UNIT}")),
        File(path="/etc/polkit-1/rules.d/50-venom-modeld.rules", text=shipped("polkit/50-venom-modeld.rules")),
    ]

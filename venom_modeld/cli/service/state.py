"""How the service is, as systemd tells it."""

from dataclasses import asdict, dataclass
from typing import Any

from venom_modeld.cli.render.columns import align
from venom_modeld.cli.service.files import UNIT
from venom_modeld.cli.service.host import Host

_PROPERTIES = ("LoadState", "ActiveState", "SubState", "UnitFileState", "StatusText", "MainPID", "NRestarts")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What `service status` shows."""

    is_installed: bool
    is_running: bool
    state: str
    """systemd's words, such as `active (running)`."""
    doing: str
    """The daemon's own words."""
    at_boot: bool
    pid: int | None
    restarts: int
    """How often systemd has started it again."""
    is_up_to_date: bool
    """The unit is the one that this version of the program ships."""

    def as_json(self) -> dict[str, Any]:
        """Return the fields under the names of the reference."""
        return {name.removeprefix("is_"): value for name, value in asdict(self).items()}

    def as_text(self) -> str:
        """Return lines for people."""
        rows = [
            ("state", self.state),
            ("doing", self.doing or "-"),
            ("at boot", "it is started" if self.at_boot else "it is not started"),
            ("process", f"{self.pid or '-'}, started again {self.restarts} times"),
            ("unit", "as this version ships it" if self.is_up_to_date else "of another version, or changed"),
        ]
        return "\n".join([UNIT, *align(rows)])


def look(host: Host, *, up_to_date: bool) -> State:
    """Ask systemd for the state of the service."""
    said = host.run("systemctl", "show", UNIT, f"--property={','.join(_PROPERTIES)}")
    found = dict(line.partition("=")[::2] for line in said.splitlines())
    return State(
        is_installed=found["LoadState"] == "loaded",
        is_running=found["ActiveState"] == "active",
        state=f"{found['ActiveState']} ({found['SubState']})",
        doing=found["StatusText"],
        at_boot=found["UnitFileState"] == "enabled",
        pid=int(found["MainPID"]) or None,
        restarts=int(found["NRestarts"]),
        is_up_to_date=up_to_date,
    )

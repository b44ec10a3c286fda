"""What has to be done to install or to uninstall the service: the difference between this host and what belongs there.

Each step is a sentence that is shown first and an act that is done afterwards. A host that is as it should be needs
none, so both commands can be given again at any time.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from venom_modeld.cli.exits import Failure
from venom_modeld.cli.service.files import (
    CHANGES,
    CONFIG,
    STATE,
    UNIT,
    USER,
    VLLM_UNIT,
    File,
    settings_files,
    unit_files,
    vllm_files,
)
from venom_modeld.cli.service.host import Host


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do; `what` is told in the imperative."""

    what: str
    act: Callable[[], object]


def systemd_version(host: Host) -> int:
    """Return the version of the host's systemd; raises Failure where systemd does not run it."""
    if not host.exists("/run/systemd/system"):
        raise Failure("This host is not run by systemd; start `venom-modeld run` by whatever starts its services.")
    found = re.match(r"systemd (\d+)", host.run("systemctl", "--version"))
    return int(found[1]) if found else 0


def install_steps(host: Host, program: Path, *, vllm: bool) -> list[Step]:
    """Return what is to do until the service is installed and running, with the unit of vLLM where that is wanted."""
    wanted = [*unit_files(program, systemd_version(host)), *settings_files(), *(vllm_files() if vllm else [])]
    missing = [file for file in wanted if _differs(host, file)]
    steps = [*_user(host), *_folder(host), *(_write(host, file) for file in missing)]
    if any(file.is_of_systemd for file in missing):
        steps.append(Step(what="have systemd read its units again", act=_systemctl(host, "daemon-reload")))
    return [*steps, *_start(host, changed=any(UNIT in file.path for file in missing))]


def uninstall_steps(host: Host, *, purge: bool) -> list[Step]:
    """Return what is to do until nothing of the service is left but what is a person's; with `purge`, that too."""
    systemd_version(host)
    removed = _removed(host)
    units = [unit for unit in (UNIT, VLLM_UNIT) if any(file.path.endswith(f"/{unit}") for file in removed)]
    steps = [
        Step(what=f"stop {unit}, and start it no more", act=_systemctl(host, "disable", "--now", unit))
        for unit in units
    ]
    if purge and VLLM_UNIT in units:
        clean = _systemctl(host, "clean", "--what=all", VLLM_UNIT)
        steps.append(Step(what=f"remove what {VLLM_UNIT} keeps on the disk", act=clean))
    steps += [Step(what=f"remove {file.path}", act=partial(_remove, host, file.path)) for file in removed]
    if removed:
        steps.append(Step(what="have systemd read its units again", act=partial(_forget, host)))
    return [*steps, *(_purge(host) if purge else [])]


def kept(host: Host) -> list[str]:
    """Return what an uninstallation leaves on the host."""
    return [place for place in (CONFIG, STATE, CHANGES) if host.exists(place)]


def is_up_to_date(host: Host, program: Path) -> bool:
    """Tell whether the unit on the host is the one that this version of the program would put there."""
    return not any(_differs(host, file) for file in unit_files(program, systemd_version(host)))


def _differs(host: Host, file: File) -> bool:
    if file.once:
        return not host.exists(file.path)
    return host.text(file.path) != file.text


def _user(host: Host) -> Iterator[Step]:
    if not host.has_user(USER):
        yield Step(what=f"create the system user {USER}", act=partial(_add_user, host))


def _add_user(host: Host) -> None:
    what = ("--system", "--user-group", "--no-create-home", "--home-dir", STATE, "--shell", "/usr/sbin/nologin")
    host.run("useradd", *what, USER)


def _folder(host: Host) -> Iterator[Step]:
    if not host.exists(CONFIG):
        # The sticky bit keeps the daemon, which replaces models.yaml, from replacing what is root's.
        act = partial(host.make_folder, CONFIG, mode=0o1775, owner=("root", USER))
        yield Step(what=f"make the folder {CONFIG}", act=act)


def _write(host: Host, file: File) -> Step:
    verb = "replace" if host.exists(file.path) else "write"
    act = partial(host.write, file.path, file.text, mode=file.mode, owner=(file.owner, file.owner))
    return Step(what=f"{verb} {file.path}", act=act)


def _start(host: Host, *, changed: bool) -> Iterator[Step]:
    enabled = host.run("systemctl", "is-enabled", UNIT, may_fail=True) == "enabled"
    active = host.run("systemctl", "is-active", UNIT, may_fail=True) == "active"
    if not enabled or not active:
        yield Step(what=f"start {UNIT} now and whenever the host starts", act=_systemctl(host, "enable", "--now", UNIT))
    if active and changed:
        yield Step(what=f"restart {UNIT}", act=_systemctl(host, "restart", UNIT))


def _systemctl(host: Host, *words: str) -> Callable[[], object]:
    return partial(host.run, "systemctl", *words)


def _removed(host: Host) -> list[File]:
    """Return the files of ours that are on the host; those that a person edits are not among them."""
    files = [*unit_files(Path(), 10**6), *vllm_files()]
    return [file for file in files if host.exists(file.path) and _is_ours(host, file)]


def _is_ours(host: Host, file: File) -> bool:
    """Tell whether a file is of the service: vLLM may have a unit of its own under the same name."""
    return not file.path.endswith(f"/{VLLM_UNIT}") or UNIT in (host.text(file.path) or "")


def _remove(host: Host, path: str) -> None:
    host.remove(path)
    folder = str(Path(path).parent)
    if folder.endswith(".d"):
        host.remove_empty(folder)


def _forget(host: Host) -> None:
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "reset-failed", UNIT, VLLM_UNIT, may_fail=True)


def _purge(host: Host) -> Iterator[Step]:
    for place in kept(host):
        yield Step(what=f"remove {place} with all that is in it", act=partial(host.remove, place))
    if host.has_user(USER):
        yield Step(what=f"remove the system user {USER}", act=partial(_drop_user, host))


def _drop_user(host: Host) -> None:
    host.run("userdel", USER)
    if host.has_group(USER):
        host.run("groupdel", USER)

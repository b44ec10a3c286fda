"""What is done to install and to uninstall the service."""

from pathlib import Path

import pytest

from tests.cli.service.conftest import Lab
from venom_modeld.cli.exits import Failure
from venom_modeld.cli.service.files import CHANGES, CONFIG, STATE, UNIT, USER
from venom_modeld.cli.service.host import Host
from venom_modeld.cli.service.steps import Step, install_steps, is_up_to_date, kept, uninstall_steps

PROGRAM = Path("/srv/tools/venom-modeld")
UNITS = "/etc/systemd/system"
RULE = "/etc/polkit-1/rules.d/50-venom-modeld.rules"


def done(steps: list[Step]) -> list[str]:
    """Do the steps, and return what they say."""
    for step in steps:
        step.act()
    return [step.what for step in steps]


def install(lab: Lab, *, vllm: bool = False) -> list[str]:
    """Install, and return what was done."""
    return done(install_steps(lab, PROGRAM, vllm=vllm))


def test_everything_is_put_in_place_once(lab: Lab) -> None:
    """In this order; a second time there is nothing to do."""
    assert install(lab) == [
        f"create the system user {USER}",
        f"make the folder {CONFIG}",
        f"write {UNITS}/{UNIT}",
        f"write {CONFIG}/modeld.yaml",
        f"write {CONFIG}/models.yaml",
        "have systemd read its units again",
        f"start {UNIT} now and whenever the host starts",
    ]
    assert [line.split()[:3] for line in lab.commands()] == [
        ["useradd", "--system", "--user-group"],
        ["systemctl", "daemon-reload"],
        ["systemctl", "enable", "--now"],
    ]
    assert lab.given[CONFIG] == (0o1775, ("root", USER))
    assert lab.given[f"{CONFIG}/.models.yaml.new"] == (0o664, (USER, USER))
    assert lab.given[f"{CONFIG}/.modeld.yaml.new"] == (0o644, ("root", "root"))
    assert f"ExecStart={PROGRAM} run\n" in (lab.text(f"{UNITS}/{UNIT}") or "")
    assert install(lab) == []


def test_what_a_person_wrote_is_never_written_over(lab: Lab) -> None:
    """Both files are a person's from the start."""
    for name in ("modeld.yaml", "models.yaml"):
        lab.write(f"{CONFIG}/{name}", "mine", mode=0o600, owner=("me", "me"))
    assert not [what for what in install(lab) if CONFIG in what]
    assert lab.text(f"{CONFIG}/models.yaml") == "mine"


def test_a_unit_that_differs_is_replaced_and_the_service_restarted(lab: Lab) -> None:
    """So the unit of a new version is in force."""
    install(lab)
    assert is_up_to_date(lab, PROGRAM)
    lab.write(f"{UNITS}/{UNIT}", "[Service]\n", mode=0o644, owner=("root", "root"))
    assert not is_up_to_date(lab, PROGRAM)
    assert install(lab) == [f"replace {UNITS}/{UNIT}", "have systemd read its units again", f"restart {UNIT}"]
    assert lab.commands()[-1] == f"systemctl restart {UNIT}"


def test_a_systemd_that_can_back_off_is_told_to(lab: Lab) -> None:
    """Older ones would complain of the words."""
    (lab.folder / "version").write_text("254")
    assert f"write {CHANGES}/backoff.conf" in install(lab)
    assert "RestartMaxDelaySec=" in (lab.text(f"{CHANGES}/backoff.conf") or "")


def test_vllm_is_installed_where_it_is_asked_for(lab: Lab) -> None:
    """Its unit, the rule that lets the daemon restart it, and the group by which the daemon reads why it failed."""
    install(lab)
    assert install(lab, vllm=True) == [
        f"write {CHANGES}/vllm.conf",
        f"write {UNITS}/vllm.service",
        f"write {RULE}",
        "have systemd read its units again",
        f"restart {UNIT}",
    ]
    assert install(lab, vllm=True) == []


def test_uninstalling_leaves_what_is_a_persons(lab: Lab) -> None:
    """Everything else is taken away, the service first."""
    (lab.folder / "version").write_text("254")
    install(lab, vllm=True)
    lab.make_folder(STATE, mode=0o750, owner=(USER, USER))
    assert done(uninstall_steps(lab, purge=False)) == [
        f"stop {UNIT}, and start it no more",
        "stop vllm.service, and start it no more",
        f"remove {UNITS}/{UNIT}",
        f"remove {CHANGES}/backoff.conf",
        f"remove {CHANGES}/vllm.conf",
        f"remove {UNITS}/vllm.service",
        f"remove {RULE}",
        "have systemd read its units again",
    ]
    assert kept(lab) == [CONFIG, STATE]
    assert lab.has_user(USER)
    assert uninstall_steps(lab, purge=False) == []


def test_purging_leaves_nothing(lab: Lab) -> None:
    """Also after an uninstallation that kept something, and with what a person changed in the unit."""
    install(lab, vllm=True)
    lab.make_folder(STATE, mode=0o750, owner=(USER, USER))
    lab.write(f"{CHANGES}/mine.conf", "[Service]\n", mode=0o644, owner=("root", "root"))
    found = done(uninstall_steps(lab, purge=True))
    assert "remove what vllm.service keeps on the disk" in found
    assert found[-4:] == [
        f"remove {CONFIG} with all that is in it",
        f"remove {STATE} with all that is in it",
        f"remove {CHANGES} with all that is in it",
        f"remove the system user {USER}",
    ]
    assert (kept(lab), lab.has_user(USER)) == ([], False)
    assert lab.commands()[-2:] == [f"userdel {USER}", f"groupdel {USER}"]
    assert uninstall_steps(lab, purge=True) == []


def test_a_unit_of_somebody_else_is_not_taken_away(lab: Lab) -> None:
    """A vllm.service that this program did not write is none of its business."""
    lab.write(f"{UNITS}/vllm.service", "[Service]\nExecStart=vllm serve\n", mode=0o644, owner=("root", "root"))
    assert uninstall_steps(lab, purge=True) == []


def test_a_host_without_systemd_is_told_so(lab: Lab) -> None:
    """The sentence says what to do instead."""
    lab.remove("/run")
    with pytest.raises(Failure, match="not run by systemd; start `venom-modeld run`"):
        install_steps(lab, PROGRAM, vllm=False)


def test_a_command_that_fails_ends_it_with_its_own_words() -> None:
    """What was done until then stays, and the next installation goes on from there."""
    with pytest.raises(Failure, match=r"^`ls /nowhere` failed: ls: .*No such file"):
        Host().run("ls", "/nowhere")
    assert Host().run("ls", "/nowhere", may_fail=True) == ""


def test_a_command_that_is_not_there_is_told() -> None:
    """On some hosts only root finds it."""
    with pytest.raises(Failure, match="not on this host, or not in PATH"):
        Host().run("no-such-command-anywhere")


def test_a_host_knows_its_users_and_groups() -> None:
    """Root is everywhere."""
    host = Host()
    assert (host.has_user("root"), host.has_user("nobody-of-that-name")) == (True, False)
    assert (host.has_group("root"), host.has_group("nobody-of-that-name")) == (True, False)


def test_a_systemd_that_does_not_say_its_version_counts_as_old(lab: Lab) -> None:
    """Nothing that only later ones know is written then."""
    (lab.folder / "version").write_text("of some day")
    assert f"write {CHANGES}/backoff.conf" not in install(lab)


def test_files_are_given_to_whom_they_belong(tmp_path: Path) -> None:
    """A file is never seen half written, or with another mode."""
    group = tmp_path.group()
    Host(tmp_path).write("/etc/some.conf", "text", mode=0o640, owner=(tmp_path.owner(), group))
    written = tmp_path / "etc/some.conf"
    assert (written.read_text(), written.stat().st_mode & 0o777) == ("text", 0o640)
    assert [path.name for path in written.parent.iterdir()] == ["some.conf"]

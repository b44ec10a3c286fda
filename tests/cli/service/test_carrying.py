"""What the commands of the service show and ask."""

import io
import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.cli.service.conftest import Lab
from venom_modeld.cli.exits import Failure
from venom_modeld.cli.options import Format
from venom_modeld.cli.service.carrying import carry_out, install, status, uninstall
from venom_modeld.cli.service.files import CONFIG, UNIT
from venom_modeld.cli.service.steps import Step, install_steps

SHOWN = """LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
StatusText=ollama: installing a=b
MainPID=12
NRestarts=3
"""
root_alone = pytest.mark.skipif(os.geteuid() != 0, reason="only root may do that")


def run(done: list[str], form: Format, *, yes: bool) -> bool:
    """Carry out two steps that write down what they are."""
    steps = [Step(what=what, act=lambda what=what: done.append(what)) for what in ("one", "two")]
    return carry_out(steps, form, yes=yes, nothing="nothing to do")


def test_steps_are_shown_and_then_done(capsys: pytest.CaptureFixture[str]) -> None:
    """In their order."""
    done: list[str] = []
    assert run(done, Format.TEXT, yes=True)
    assert (done, capsys.readouterr().out) == (["one", "two"], "This is to do:\n  - one\n  - two\nDone.\n")


def test_nobody_is_asked_where_nobody_can_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """A script says `--yes`."""
    done: list[str] = []
    with pytest.raises(Failure, match="Nothing was done; add --yes"):
        run(done, Format.TEXT, yes=False)
    assert (done, capsys.readouterr().out) == ([], "This is to do:\n  - one\n  - two\n")


@pytest.mark.parametrize("yes", [True, False])
def test_as_json_the_steps_are_done_only_with_yes(yes: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it they are shown alone."""
    done: list[str] = []
    run(done, Format.JSON, yes=yes)
    assert json.loads(capsys.readouterr().out) == {"steps": ["one", "two"], "done": yes}
    assert done == (["one", "two"] if yes else [])


def test_nothing_to_do_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    """And is a success."""
    assert not carry_out([], Format.TEXT, yes=False, nothing="nothing to do")
    assert capsys.readouterr().out == "nothing to do\n"


class Person(io.StringIO):
    """Sits at a terminal, and answers."""

    def isatty(self) -> bool:
        """Tell that somebody is there."""
        return True


@pytest.mark.parametrize(("answer", "expected"), [("y\n", ["one", "two"]), ("n\n", [])])
def test_a_person_is_asked(answer: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a yes is one."""
    monkeypatch.setattr(sys, "stdin", Person(answer))
    done: list[str] = []
    if expected:
        assert run(done, Format.TEXT, yes=False)
    else:
        with pytest.raises(Failure, match=r"Nothing was done\."):
            run(done, Format.TEXT, yes=False)
    assert done == expected


@root_alone
def test_an_installation_says_where_to_go_on(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """Once; a second one has nothing to do."""
    program = [Path("/usr/bin/env")]
    install(lab, Format.TEXT, program, vllm=False, yes=True)
    shown = capsys.readouterr()
    assert shown.out.endswith("Done.\n")
    assert shown.err == f"{UNIT} is running. Say what is wanted in /etc/venom-modeld/models.yaml.\n"
    install(lab, Format.TEXT, program, vllm=False, yes=True)
    assert capsys.readouterr() == (f"{UNIT} is installed and running; there is nothing to do.\n", "")


@root_alone
def test_what_an_uninstallation_keeps_is_told(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """With the option that removes it too, until that was given."""
    for step in install_steps(lab, Path("/srv/venom-modeld"), vllm=False):
        step.act()
    uninstall(lab, Format.TEXT, purge=False, yes=True)
    kept = f"Kept: {CONFIG} and the user that they belong to; `--purge` removes them too.\n"
    assert capsys.readouterr().err == kept
    uninstall(lab, Format.TEXT, purge=True, yes=True)
    assert capsys.readouterr().err == ""
    uninstall(lab, Format.TEXT, purge=True, yes=True)
    assert capsys.readouterr().out == f"{UNIT} is not installed; there is nothing to do.\n"


def test_the_status_of_a_service_that_runs(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """In systemd's words and the daemon's own."""
    (lab.folder / "show").write_text(SHOWN)
    status(lab, Format.TEXT)
    assert capsys.readouterr().out == (
        "venom-modeld.service\n"
        "  state    active (running)\n"
        "  doing    ollama: installing a=b\n"
        "  at boot  it is started\n"
        "  process  12, started again 3 times\n"
        "  unit     of another version, or changed\n"
    )
    status(lab, Format.JSON)
    assert json.loads(capsys.readouterr().out) == {
        "installed": True,
        "running": True,
        "state": "active (running)",
        "doing": "ollama: installing a=b",
        "at_boot": True,
        "pid": 12,
        "restarts": 3,
        "up_to_date": False,
    }


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [("=failed", "=inactive", "does not run; `journalctl"), ("=loaded", "=not-found", "service install` does that")],
)
def test_a_service_that_does_not_run_is_a_failure(before: str, after: str, message: str, lab: Lab) -> None:
    """The sentence says what to do."""
    (lab.folder / "show").write_text(SHOWN.replace("=active", "=failed").replace(before, after))
    with pytest.raises(Failure, match=message):
        status(lab, Format.TEXT)


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_the_commands_refuse_what_they_cannot_do(command: str, invoke: Invoke) -> None:
    """Others than root, a program that services cannot read, a host without systemd; nothing is done before that."""
    result = invoke("service", command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert any(
        words in result.stderr for words in ("Only root may", "could not run this program", "not run by systemd")
    )

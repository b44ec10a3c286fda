"""The three commands of the service: install, uninstall, status."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from venom_modeld.cli.exits import Failure
from venom_modeld.cli.options import Format
from venom_modeld.cli.service.files import UNIT
from venom_modeld.cli.service.host import Host
from venom_modeld.cli.service.program import hindrance, program
from venom_modeld.cli.service.state import State, look
from venom_modeld.cli.service.steps import Step, install_steps, is_up_to_date, kept, uninstall_steps
from venom_modeld.cli.terminal import remark, show, show_json


def install(host: Host, form: Format, parts: Sequence[Path], *, vllm: bool, yes: bool) -> None:
    """Put the service in place, and start it; `parts` is the program that it runs, the command first."""
    _refuse_others("install")
    reason = hindrance(parts)
    if reason is not None:
        advice = "install the program where everybody may read it, such as by `python3 -m venv /opt/venom-modeld`"
        raise Failure(f"The service could not run this program: {reason}; {advice} and its pip.")
    steps = install_steps(host, parts[0], vllm=vllm)
    if carry_out(steps, form, yes=yes, nothing=f"{UNIT} is installed and running; there is nothing to do."):
        remark(f"{UNIT} is running. Say what is wanted in /etc/venom-modeld/models.yaml.")


def uninstall(host: Host, form: Format, *, purge: bool, yes: bool) -> None:
    """Take the service away; with `purge`, with what it left."""
    _refuse_others("uninstall")
    steps = uninstall_steps(host, purge=purge)
    carry_out(steps, form, yes=yes, nothing=f"{UNIT} is not installed; there is nothing to do.")
    left = kept(host)
    if left and not purge:
        remark(f"Kept: {', '.join(left)} and the user that they belong to; `--purge` removes them too.")


def status(host: Host, form: Format) -> None:
    """Tell how the service is; raises Failure where it does not run."""
    state = look(host, up_to_date=is_up_to_date(host, program()))
    if form is Format.JSON:
        show_json(state.as_json())
    else:
        show(state.as_text())
    if not state.is_running:
        raise Failure(_advice(state))


def _advice(state: State) -> str:
    if not state.is_installed:
        return f"{UNIT} is not installed; `sudo {program()} service install` does that."
    return f"{UNIT} does not run; `journalctl -u venom-modeld` says why, `systemctl start venom-modeld` starts it."


def _refuse_others(command: str) -> None:
    if os.geteuid() != 0:
        raise Failure(f"Only root may do that: sudo {program()} service {command}")


def carry_out(steps: list[Step], form: Format, *, yes: bool, nothing: str) -> bool:
    """Show the steps, have them confirmed, and do them; tell whether they were done."""
    sentences = [step.what for step in steps]
    if form is Format.JSON:
        for step in steps if yes else []:
            step.act()
        show_json({"steps": sentences, "done": yes})
        return False
    if not steps:
        show(nothing)
        return False
    show("\n".join(["This is to do:", *(f"  - {sentence}" for sentence in sentences)]))
    _confirm(yes=yes)
    for step in steps:
        step.act()
    show("Done.")
    return True


def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure("Nothing was done; add --yes to do it without being asked.")
    if not click.confirm("Do it?"):
        raise Failure("Nothing was done.")

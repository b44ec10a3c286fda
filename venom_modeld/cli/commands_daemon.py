"""The commands that speak with a running daemon: status, wait, approve, retry, cancel."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from pathlib import Path
from typing import TYPE_CHECKING

import click

from venom_modeld.cli.command import command
from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.cli.options import ADDRESS, CONFIG, FORMAT, MODEL, RUNTIME, Format, Goal, Words
from venom_modeld.cli.terminal import is_live, paint, remark, show, show_json

if TYPE_CHECKING:
    from venom_modeld.cli.commanding import Told


@command("status")
@FORMAT
@ADDRESS
@CONFIG
@click.option("--watch", is_flag=True, help="Go on until interrupted, and show what happens.")
def status(*, form: Format, address: str | None, config: Path | None, watch: bool) -> None:
    """Show what is in force, what is there, what is done."""
    import time

    from venom_modeld.cli.address import daemon
    from venom_modeld.cli.asking import look
    from venom_modeld.cli.render.status_text import status_text

    client = daemon(address, config)
    if watch and form is Format.TEXT and is_live():
        from venom_modeld.cli.asking import watch_on_board

        watch_on_board(client)
    elif watch:
        from venom_modeld.cli.asking import watch_in_lines

        watch_in_lines(client, form)
    elif form is Format.JSON:
        show_json(look(client).as_json())
    else:
        show(status_text(look(client), paint(), now=time.time()))


@command("wait")
@click.option("--for", "goal", type=Words(Goal), default="converged", show_default=True, help="What to wait for.")
@click.option("--timeout", metavar="DURATION", default="10m", show_default=True, help="How long, as 90s, 10m or 1h.")
@FORMAT
@ADDRESS
@CONFIG
def wait(*, goal: Goal, timeout: str, form: Format, address: str | None, config: Path | None) -> None:
    """Wait until every runtime is as the file says.

    Where the daemon runs on this host, the file on disk counts, also if the daemon has not read it yet.
    """
    from venom_modeld.cli.address import daemon
    from venom_modeld.cli.waiting import wait as wait_for
    from venom_modeld.core.durations import parse_duration

    del goal
    try:
        seconds = parse_duration(timeout)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--timeout") from error
    verdict = wait_for(daemon(address, config), seconds, remark)
    if form is Format.JSON:
        show_json(verdict.as_json())
    elif verdict.code is ExitCode.OK:
        show(verdict.message)
    if verdict.code is not None and verdict.code is not ExitCode.OK:
        raise Failure(verdict.message, verdict.code)


@command("approve")
@click.argument("digest", metavar="DIGEST", help="The digest of the unsafe plan, as `plan` shows it.")
@FORMAT
@ADDRESS
@CONFIG
def approve(*, digest: str, form: Format, address: str | None, config: Path | None) -> None:
    """Let an unsafe plan happen, exactly that one."""
    from venom_modeld.cli import commanding
    from venom_modeld.cli.address import daemon

    answer = commanding.approve(daemon(address, config), digest)
    if form is Format.JSON:
        show_json(answer)
    else:
        show(str(answer["message"]))


@command("retry")
@RUNTIME
@MODEL
@FORMAT
@ADDRESS
@CONFIG
def retry(*, runtime: str, model: str, form: Format, address: str | None, config: Path | None) -> None:
    """Try at once what failed or was cancelled.

    Ends a wait between tries, a failure that would last, and what `cancel` began.
    """
    from venom_modeld.cli import commanding
    from venom_modeld.cli.address import daemon

    _show_told(commanding.retry(daemon(address, config), runtime, model), form)


@command("cancel")
@RUNTIME
@MODEL
@FORMAT
@ADDRESS
@CONFIG
def cancel(*, runtime: str, model: str, form: Format, address: str | None, config: Path | None) -> None:
    """Stop what is being done with a model.

    It is not begun again until it is retried, or its entry in the file changes. The file stays as it is.
    """
    from venom_modeld.cli import commanding
    from venom_modeld.cli.address import daemon

    _show_told(commanding.cancel(daemon(address, config), runtime, model), form)


def _show_told(told: "Told", form: Format) -> None:
    if form is Format.JSON:
        show_json(told.as_json())
    else:
        show(told.message)

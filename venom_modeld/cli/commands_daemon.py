"""The commands that speak with a running daemon: status, wait, approve."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from typing import Annotated

import typer

from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.cli.options import AddressOption, ConfigOption, Format, FormatOption, Goal
from venom_modeld.cli.terminal import is_live, paint, remark, show, show_json


def status(
    form: FormatOption = Format.TEXT,
    address: AddressOption = None,
    config: ConfigOption = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until interrupted, and show what happens.")] = False,
) -> None:
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


def wait(
    goal: Annotated[Goal, typer.Option("--for", help="What to wait for.")] = Goal.CONVERGED,
    timeout: Annotated[str, typer.Option("--timeout", help="How long, as 90s, 10m or 1h.")] = "10m",
    form: FormatOption = Format.TEXT,
    address: AddressOption = None,
    config: ConfigOption = None,
) -> None:
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
        raise typer.BadParameter(str(error), param_hint="--timeout") from error
    verdict = wait_for(daemon(address, config), seconds, remark)
    if form is Format.JSON:
        show_json(verdict.as_json())
    elif verdict.code is ExitCode.OK:
        show(verdict.message)
    if verdict.code is not None and verdict.code is not ExitCode.OK:
        raise Failure(verdict.message, verdict.code)


def approve(
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="The digest of the unsafe plan, as `plan` shows it.")],
    form: FormatOption = Format.TEXT,
    address: AddressOption = None,
    config: ConfigOption = None,
) -> None:
    """Let an unsafe plan happen, exactly that one."""
    from venom_modeld.cli.address import daemon
    from venom_modeld.cli.client import Refused

    try:
        answer = daemon(address, config).post("/api/v1/plan/approve", {"digest": digest})
    except Refused as refused:
        raise Failure(str(refused), ExitCode.OUTDATED if refused.status == 404 else ExitCode.FAILED) from refused
    if form is Format.JSON:
        show_json(answer)
    else:
        show(str(answer["message"]))

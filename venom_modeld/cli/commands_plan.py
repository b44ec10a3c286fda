"""The commands that tell what the file asks for, and do it: plan, apply."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from pathlib import Path

import click

from venom_modeld.cli.command import command
from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.cli.options import CONFIG, FILE, FORMAT, STATE_DIR, Format, PlanFormat, format_option
from venom_modeld.cli.terminal import paint, show, show_json


@command("plan")
@FILE
@format_option(PlanFormat, "text for people, json for programs, markdown for a change request.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there is something to do.")
@CONFIG
@STATE_DIR
def plan(
    *, file: Path | None, form: PlanFormat, detailed_exitcode: bool, config: Path | None, state_dir: Path | None
) -> None:
    """Show what would be done and why; change nothing."""
    import asyncio

    from venom_modeld.cli.inputs import settings
    from venom_modeld.cli.planning import shown
    from venom_modeld.config.git.choice import repository_of
    from venom_modeld.planning import plan_once

    found = settings(config, file=file, state_dir=state_dir)
    report = asyncio.run(plan_once(found))
    repository = repository_of(found)
    path = repository.path if repository else str(found.file)
    show(shown(report, form, path=path, paint=paint()))
    if unknown := [runtime.spec.name for runtime in report.runtimes if runtime.unknown is not None]:
        raise Failure(f"The plan is not whole: {', '.join(unknown)} did not answer.")
    if detailed_exitcode and any(runtime.plan and runtime.plan.steps for runtime in report.runtimes):
        raise click.exceptions.Exit(ExitCode.CHANGES)


@command("apply")
@FILE
@click.option("--plan", "digest", metavar="DIGEST", help="Do what was reviewed and nothing else.")
@FORMAT
@CONFIG
@STATE_DIR
def apply(*, file: Path | None, digest: str | None, form: Format, config: Path | None, state_dir: Path | None) -> None:
    """Make it so once, without a daemon, and exit."""
    from venom_modeld.cli import logs
    from venom_modeld.cli.applying import converged, outcome
    from venom_modeld.cli.inputs import settings
    from venom_modeld.engine.review import OutdatedPlan

    found = settings(config, file=file, state_dir=state_dir)
    logs.set_up("warning", found.log.format)
    logs.leave_out("venom_modeld.engine")
    try:
        result = outcome(converged(found, digest, form))
    except OutdatedPlan as error:
        raise Failure(str(error), ExitCode.OUTDATED) from error
    if form is Format.JSON:
        show_json(result.as_json())
    elif result.code is ExitCode.OK:
        show(result.message)
    if result.code is not ExitCode.OK:
        raise Failure(result.message, result.code)

"""The commands that look at the whole file and at what it asks for: validate, schema, plan, apply."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.cli.options import (
    ConfigOption,
    FileOption,
    Format,
    FormatOption,
    PlanFormat,
    StateDirOption,
)
from venom_modeld.cli.terminal import paint, remark, show, show_json

if TYPE_CHECKING:
    from venom_modeld.cli.validation import Checked


def validate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Files to check; by default that of the settings."),
    ] = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    online: Annotated[
        bool, typer.Option("--online", help="Look up too whether each model is there, and of a kind that is served.")
    ] = False,
) -> None:
    """Check files; tell every problem with its line."""
    from venom_modeld.cli.validation import check, report_json, report_text

    checked = [check(path) for path in files] if files else [_checked_of_settings(config)]
    if online:
        checked = _looked_up(checked, config)
    if form is Format.JSON:
        show_json(report_json(checked))
    else:
        for one in checked:
            show(report_text(one))
    for sentence in (sentence for one in checked for sentence in one.unchecked):
        remark(sentence)
    if any(one.problems for one in checked):
        raise typer.Exit(ExitCode.FAILED)


def _looked_up(checked: "list[Checked]", config: Path | None) -> "list[Checked]":
    import asyncio
    import os

    from venom_modeld.cli.inputs import settings
    from venom_modeld.cli.online import look_up

    return asyncio.run(look_up(checked, settings(config), os.environ))


def _checked_of_settings(config: Path | None) -> "Checked":
    import asyncio

    from venom_modeld.cli.inputs import settings
    from venom_modeld.cli.validation import check
    from venom_modeld.config.git.choice import repository_of

    found = settings(config)
    repository = repository_of(found)
    if repository is None:
        return check(found.file)
    asyncio.run(repository.restore())
    return check(Path(repository.path), repository.read)


def schema(
    form: Annotated[Format, typer.Option("--format", help="Both print the schema, which is JSON.")] = Format.TEXT,
) -> None:
    """Print the JSON Schema of models.yaml, for editors."""
    from venom_modeld.config.schema import schema_json
    from venom_modeld.runtimes.registry import kinds

    del form
    show(schema_json(kinds()).rstrip("\n"))


def plan(
    file: FileOption = None,
    form: Annotated[
        PlanFormat, typer.Option("--format", help="text for people, json for programs, markdown for a change request.")
    ] = PlanFormat.TEXT,
    *,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 where there is something to do.")
    ] = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
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
        raise typer.Exit(ExitCode.CHANGES)


def apply(
    file: FileOption = None,
    digest: Annotated[
        str | None,
        typer.Option("--plan", metavar="DIGEST", help="Do what was reviewed and nothing else."),
    ] = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
) -> None:
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

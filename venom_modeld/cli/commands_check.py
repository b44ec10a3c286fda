"""The commands that look at the file alone: validate, schema."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from pathlib import Path
from typing import TYPE_CHECKING

import click

from venom_modeld.cli.command import command
from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.options import CONFIG, FORMAT, PATH, Format, format_option
from venom_modeld.cli.terminal import remark, show, show_json

if TYPE_CHECKING:
    from venom_modeld.cli.validation import Checked


@command("validate")
@click.argument(
    "files",
    metavar="[FILE]...",
    nargs=-1,
    type=PATH,
    help="Files to check; by default that of the settings.",
)
@FORMAT
@CONFIG
@click.option("--online", is_flag=True, help="Look up too whether each model is there, and of a kind that is served.")
def validate(*, files: tuple[Path, ...], form: Format, config: Path | None, online: bool) -> None:
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
        raise click.exceptions.Exit(ExitCode.FAILED)


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


@command("schema")
@format_option(told="Both print the schema, which is JSON.")
def schema(form: Format) -> None:
    """Print the JSON Schema of models.yaml, for editors."""
    from venom_modeld.config.json_schema import schema_json
    from venom_modeld.runtimes.registry import kinds

    del form
    show(schema_json(kinds()).rstrip("\n"))

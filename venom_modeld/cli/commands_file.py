"""The commands that write models.yaml in a person's place: install, remove, activate, suspend, resume, import."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from venom_modeld.cli.options import (
    ConfigOption,
    DryRunOption,
    FileOption,
    Format,
    FormatOption,
    ModelArgument,
    RuntimeArgument,
)
from venom_modeld.cli.terminal import paint, remark, show, show_json

if TYPE_CHECKING:
    from venom_modeld.cli.edits import Edit

OptionalRuntime = Annotated[
    str | None, typer.Argument(metavar="RUNTIME", help="The runtime's name in the file; without it, all of them.")
]


def install(
    runtime: RuntimeArgument,
    model: ModelArgument,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Declare a model in the file; the daemon installs it."""
    from venom_modeld.cli import edits

    path = _path(file, config)
    _tell(edits.edit(path, edits.install(runtime, model), dry_run=dry_run), form)


def remove(
    runtime: RuntimeArgument,
    model: ModelArgument,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Take a model out of the file.

    The daemon then removes it from the runtime, if `prune` lets it.
    """
    from venom_modeld.cli import edits

    path = _path(file, config)
    _tell(edits.edit(path, edits.remove(runtime, model), dry_run=dry_run, remarks=edits.lost_active), form)


def activate(
    runtime: RuntimeArgument,
    model: ModelArgument,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Make a declared model the active one."""
    from venom_modeld.cli import edits

    path = _path(file, config)
    _tell(edits.edit(path, edits.activate(runtime, model), dry_run=dry_run), form)


def suspend(
    runtime: OptionalRuntime = None,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Go on observing, change nothing, until resumed."""
    from venom_modeld.cli import edits

    path = _path(file, config)
    _tell(edits.edit(path, edits.suspend(runtime), dry_run=dry_run), form)


def resume(
    runtime: OptionalRuntime = None,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """End what `suspend` began."""
    from venom_modeld.cli import edits

    path = _path(file, config)
    _tell(edits.edit(path, edits.resume(runtime), dry_run=dry_run, remarks=edits.still_suspended), form)


def import_(
    urls: Annotated[
        list[str] | None, typer.Option("--url", metavar="URL", help="A server to ask; may be given several times.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="What kind of server is at --url.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="A new file to write to, in place of standard output.")
    ] = None,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
) -> None:
    """Print a models.yaml of what runtimes have.

    Those at --url are asked, or without it those in the file.
    """
    from venom_modeld.cli import importing
    from venom_modeld.cli.inputs import settings

    found = settings(config, file=file)
    specs = importing.specs_of(urls, kind) if urls else importing.specs_in(found.file)
    answers = importing.observe(specs, found)
    text = importing.as_json(answers) if form is Format.JSON else importing.as_yaml(answers)
    if output is None:
        show(text.rstrip("\n"))
    else:
        importing.write_new(output, text)
        remark(f"Written to {output}.")


def _path(file: Path | None, config: Path | None) -> Path:
    if file is not None:
        return file
    from venom_modeld.cli.inputs import settings

    return settings(config).file


def _tell(edit: "Edit", form: Format) -> None:
    if form is Format.JSON:
        show_json(edit.as_json())
        return
    if edit.diff:
        from venom_modeld.cli.render.diff_text import diff_text

        show(diff_text(edit.diff, paint()))
    for sentence in edit.remarks:
        remark(sentence)
    remark(_result(edit))


def _result(edit: "Edit") -> str:
    if not edit.diff:
        return f"Nothing to change: {edit.path} says so already."
    return f"Written to {edit.path}." if edit.written else "Nothing was written."

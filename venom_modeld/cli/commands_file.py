"""The commands that write models.yaml in a person's place: install, remove, activate, keep, suspend and so on."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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


def install(  # noqa: PLR0913 - as many parameters as the command has options
    runtime: RuntimeArgument,
    model: ModelArgument,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    active: Annotated[bool, typer.Option("--active", help="Make it the active model too.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Protect it from removal.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Update it when its tag or branch moves.")] = False,
    revision: Annotated[
        str | None, typer.Option("--revision", help="The branch, tag or commit of a repository.")
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Declare a model in the file; the daemon installs it.

    Where it is declared already, the options are added to its entry.
    """
    options: dict[str, str | bool] = {"keep": True} if keep else {}
    options |= {"update": "always"} if follow else {}
    options |= {"revision": revision} if revision else {}
    _edit("install", runtime, model, file, form, config, dry_run=dry_run, options=options, active=active)


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
    _edit("remove", runtime, model, file, form, config, dry_run=dry_run)


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
    _edit("activate", runtime, model, file, form, config, dry_run=dry_run)


def keep(
    runtime: RuntimeArgument,
    model: ModelArgument,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Protect a declared model.

    It stays on the runtime when the file no longer names it.
    """
    _edit("keep", runtime, model, file, form, config, dry_run=dry_run)


def unkeep(
    runtime: RuntimeArgument,
    model: ModelArgument,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """End the protection of a declared model."""
    _edit("unkeep", runtime, model, file, form, config, dry_run=dry_run)


def update(
    runtime: RuntimeArgument,
    model: ModelArgument,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    never: Annotated[bool, typer.Option("--never", help="Leave the installed version alone again.")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Let a declared model follow its tag or branch.

    The daemon updates it when that moves.
    """
    options = {"update": "never" if never else "always"}
    _edit("update", runtime, model, file, form, config, dry_run=dry_run, options=options)


def suspend(
    runtime: OptionalRuntime = None,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Go on observing, change nothing, until resumed."""
    _edit("suspend", runtime, "", file, form, config, dry_run=dry_run)


def resume(
    runtime: OptionalRuntime = None,
    file: FileOption = None,
    form: FormatOption = Format.TEXT,
    config: ConfigOption = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """End what `suspend` began."""
    _edit("resume", runtime, "", file, form, config, dry_run=dry_run)


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
    for note in (note for one in answers for note in one.notes if form is Format.JSON):
        remark(note)
    if output is None:
        show(text.rstrip("\n"))
    else:
        importing.write_new(output, text)
        remark(f"Written to {output}.")


def _edit(
    action: str,
    runtime: str | None,
    model: str,
    file: Path | None,
    form: Format,
    config: Path | None,
    *,
    dry_run: bool,
    **more: Any,
) -> None:
    from venom_modeld.cli.edits import edit, edit_in_repository
    from venom_modeld.cli.inputs import settings
    from venom_modeld.config.git.choice import repository_of
    from venom_modeld.core.edits import Action, Change

    change = Change(action=Action(action), runtime=runtime, model=model, **more)
    if file is not None:
        _tell(edit(file, change, dry_run=dry_run), form)
        return
    found = settings(config)
    repository = repository_of(found)
    if repository is None:
        _tell(edit(found.file, change, dry_run=dry_run), form)
    else:
        _tell(edit_in_repository(repository, change, dry_run=dry_run), form)


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

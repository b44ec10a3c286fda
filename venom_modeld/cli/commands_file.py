"""The commands that write models.yaml in a person's place: install, remove, activate, keep, suspend and so on."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from venom_modeld.cli.command import command
from venom_modeld.cli.options import (
    CONFIG,
    FILE,
    FORMAT,
    MODEL,
    RUNTIME,
    Format,
    path_option,
    together,
)
from venom_modeld.cli.terminal import paint, remark, show, show_json

if TYPE_CHECKING:
    from venom_modeld.cli.edits import Edit

DRY_RUN = click.option("--dry-run", is_flag=True, help="Show the change and write nothing.")

EDIT = together(FILE, FORMAT, CONFIG, DRY_RUN)
"""What every command that edits the file takes, and `_edit` with it."""

OF_MODEL = together(RUNTIME, MODEL)

OF_ALL = click.argument(
    "runtime",
    metavar="[RUNTIME]",
    required=False,
    help="The runtime's name in the file; without it, all of them.",
)


@command("install")
@OF_MODEL
@click.option("--active", is_flag=True, help="Make it the active model too.")
@click.option("--keep", is_flag=True, help="Protect it from removal.")
@click.option("--follow", is_flag=True, help="Update it when its tag or branch moves.")
@click.option("--revision", metavar="REVISION", help="The branch, tag or commit of a repository.")
@EDIT
def install(*, active: bool, keep: bool, follow: bool, revision: str | None, **edit: Any) -> None:
    """Declare a model in the file; the daemon installs it.

    Where it is declared already, the options are added to its entry.
    """
    options: dict[str, str | bool] = {"keep": True} if keep else {}
    options |= {"update": "always"} if follow else {}
    options |= {"revision": revision} if revision else {}
    _edit("install", **edit, options=options, active=active)


@command("remove")
@OF_MODEL
@EDIT
def remove(**edit: Any) -> None:
    """Take a model out of the file.

    The daemon then removes it from the runtime, if `prune` lets it.
    """
    _edit("remove", **edit)


@command("activate")
@OF_MODEL
@EDIT
def activate(**edit: Any) -> None:
    """Make a declared model the active one."""
    _edit("activate", **edit)


@command("keep")
@OF_MODEL
@EDIT
def keep(**edit: Any) -> None:
    """Protect a declared model.

    It stays on the runtime when the file no longer names it.
    """
    _edit("keep", **edit)


@command("unkeep")
@OF_MODEL
@EDIT
def unkeep(**edit: Any) -> None:
    """End the protection of a declared model."""
    _edit("unkeep", **edit)


@command("update")
@OF_MODEL
@click.option("--never", is_flag=True, help="Leave the installed version alone again.")
@EDIT
def update(*, never: bool, **edit: Any) -> None:
    """Let a declared model follow its tag or branch.

    The daemon updates it when that moves.
    """
    _edit("update", **edit, options={"update": "never" if never else "always"})


@command("suspend")
@OF_ALL
@EDIT
def suspend(**edit: Any) -> None:
    """Go on observing, change nothing, until resumed."""
    _edit("suspend", **edit)


@command("resume")
@OF_ALL
@EDIT
def resume(**edit: Any) -> None:
    """End what `suspend` began."""
    _edit("resume", **edit)


@command("import")
@click.option("--url", "urls", metavar="URL", multiple=True, help="A server to ask; may be given several times.")
@click.option("--kind", metavar="KIND", help="What kind of server is at --url.")
@path_option("--output", "FILE", "A new file to write to, in place of standard output.")
@FILE
@FORMAT
@CONFIG
def import_(
    *,
    urls: tuple[str, ...],
    kind: str | None,
    output: Path | None,
    file: Path | None,
    form: Format,
    config: Path | None,
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


def _edit(action: str, *, file: Path | None, form: Format, config: Path | None, dry_run: bool, **more: Any) -> None:
    from venom_modeld.cli.edits import edit, edit_in_repository
    from venom_modeld.cli.inputs import settings
    from venom_modeld.config.git.choice import repository_of
    from venom_modeld.core.edits import Action, Change

    change = Change(action=Action(action), **more)
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

"""The commands that edit models.yaml, through the editor that the API has too: the change, its diff, and what to know.

Nothing else happens: the daemon sees the file change and does the rest.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.core.edits import Action, Change, EditRefused, Refusal
from venom_modeld.core.edits import Edit as Made
from venom_modeld.engine.edits import make_edit, preview_edit
from venom_modeld.runtimes.registry import kinds

if TYPE_CHECKING:
    from venom_modeld.config.git.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change that was made, or would be."""

    path: Path
    diff: str
    revision: str
    written: bool
    remarks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "file": str(self.path),
            "changed": bool(self.diff),
            "written": self.written,
            "revision": self.revision,
            "diff": self.diff,
            "remarks": list(self.remarks),
        }


def edit(path: Path, change: Change, *, dry_run: bool) -> Edit:
    """Make a change, check that the file is valid with it, and write it unless told not to.

    Raises Failure for a file that cannot be edited and for a change that cannot be made.
    """
    try:
        made = make_edit(path, kinds(), change, write=not dry_run)
    except EditRefused as error:
        raise failure_of(error) from error
    return _told(path, made)


def edit_in_repository(repository: "Repository", change: Change, *, dry_run: bool) -> Edit:
    """Return what a change would be of a file that comes out of git, as it was last fetched; it is not ours to write.

    Raises Failure with the change to commit, unless it was only asked for.
    """
    asyncio.run(repository.restore())
    path = Path(repository.path)
    try:
        made = preview_edit(path, kinds(), change, read=repository.read)
    except EditRefused as error:
        raise failure_of(error) from error
    if made.diff and not dry_run:
        origin = repository.origin
        message = f"{path} comes from {origin.url} ({origin.ref}), so nothing here edits it. Commit this instead:"
        raise Failure(f"{message}\n\n{made.diff}")
    return _told(path, made)


def _told(path: Path, made: Made) -> Edit:
    return Edit(
        path=path,
        diff=made.diff,
        revision=made.after.revision,
        written=made.written,
        remarks=(*_lost_active(made), *_still_suspended(made)),
    )


def failure_of(error: EditRefused) -> Failure:
    """Return how a command ends whose edit is refused."""
    return Failure(str(error), ExitCode.OUTDATED if error.why is Refusal.OUTDATED else ExitCode.FAILED)


def _lost_active(made: Made) -> tuple[str, ...]:
    """Tell which runtimes have no active model any more."""
    had = {spec.name: spec.active for spec in made.before.runtimes}
    return tuple(
        f"{had[spec.name]} was the active model; {spec.name} has none now."
        for spec in made.after.runtimes
        if spec.active is None and had[spec.name] is not None
    )


def _still_suspended(made: Made) -> tuple[str, ...]:
    """Tell what is still suspended after something was resumed."""
    if made.change.action is not Action.RESUME:
        return ()
    whole = ("The whole file is suspended: venom-modeld resume",) if made.after.suspend else ()
    alone = (spec.name for spec in made.after.runtimes if spec.suspend)
    return (*whole, *(f"{name} is suspended: venom-modeld resume {name}" for name in alone))

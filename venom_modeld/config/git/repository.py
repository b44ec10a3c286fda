"""Follows one file of a git repository: fetches the newest commit, judges whether it may be taken, and reads the file.

The repository lies in the state folder, bare and shallow. What was fetched waits under one name until its signature was
verified, where that is asked for, and counts under another from then on; so a process that is killed in between, and
the next one that starts without a network, have the last commit that was good. A fetch that fails changes nothing. What
a crash may leave behind is cleared: locks are removed, and a repository that git cannot read is fetched anew.
"""

import asyncio
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from venom_modeld.config.git.command import GitFailed, git
from venom_modeld.config.git.tree import Tree
from venom_modeld.config.git.words import FetchFailed, explained, is_damage, told
from venom_modeld.config.loader import Source
from venom_modeld.config.problems import Problem, SourceError
from venom_modeld.config.setting_groups import Git
from venom_modeld.core.origin import Commit, Origin
from venom_modeld.core.reasons import Reason

logger = logging.getLogger(__name__)

FOLDER = "source.git"
"""Where the repository lies in the state folder."""

DEADLINE = 120.0
"""Seconds for a fetch."""

DEPTH = 50
"""Commits that are fetched: enough to tell who changed the file among what was pushed since the last fetch."""

_INCOMING = "refs/venom/incoming"


class Repository:
    """The repository that the settings name. `url` has to be set there; `wall` returns seconds since the epoch."""

    def __init__(self, settings: Git, state_dir: Path, *, host: str, wall: Callable[[], float]) -> None:
        self._settings = settings
        self._url = settings.url or ""
        self._folder = state_dir.absolute() / FOLDER
        self._wall = wall
        self._turn = asyncio.Lock()
        self._tree = Tree(self._folder)
        self._found: Source | SourceError | None = None
        self.path = settings.path.replace("{host}", host)
        """The file's path in the repository."""
        self.called = asyncio.Event()
        """Set by whoever wants it fetched at once."""
        self.origin = Origin(url=self._url, ref=settings.ref, path=self.path)

    def read(self) -> Source:
        """Return the file as it was last fetched; its revision is a commit. Raises SourceError."""
        if self._found is None:
            why = self.origin.message or "start the daemon, which does"
            message = f"nothing has been fetched yet of {self._url}: {why}"
            raise SourceError([Problem(path_of_file=self.path, message=message)])
        if isinstance(self._found, SourceError):
            raise self._found
        return self._found

    async def restore(self) -> bool:
        """Take what an earlier process fetched of the same place; tell whether there was anything. Writes nothing."""
        try:
            await self._take(await self._tree.commit(self._name))
        except (GitFailed, OSError):
            return False
        return True

    async def fetch(self) -> None:
        """Bring the newest commit, and take its file; note why where that fails. One fetch is made at a time."""
        async with self._turn:
            try:
                await self._bring()
            except FetchFailed as error:
                self._note(error)
            else:
                self._note(None)

    async def _bring(self) -> None:
        """Raise FetchFailed where there is no newest commit to be had that may be taken."""
        try:
            await self._renew_or_begin_anew()
        except GitFailed as error:
            raise explained(error.said, self._url) from error
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            why = "git is not installed on this host; install it" if missing else f"git cannot be run: {error}"
            raise FetchFailed(f"{self._url} cannot be fetched: {why}", reason=Reason.FAILED) from error

    async def _renew_or_begin_anew(self) -> None:
        try:
            await self._renew()
        except GitFailed as error:
            if not is_damage(error.said):
                raise
            logger.warning("repository was damaged and begun anew", extra={"detail": told(error.said)})
            await asyncio.to_thread(shutil.rmtree, self._folder)
            await self._renew()

    async def _renew(self) -> None:
        await self._fetch()
        await self._require_signature()
        tip = await self._tree.commit(_INCOMING)
        await self._git("update-ref", self._name, tip.id)
        await self._take(tip)

    async def _fetch(self) -> None:
        await asyncio.to_thread(self._unlock)
        if not (self._folder / "HEAD").exists():
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            await self._git("init", "--quiet", "--bare", "--template=", str(self._folder))
        options = ("--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        names = f"+{self._settings.ref}:{_INCOMING}"
        await self._git("fetch", *options, f"--depth={DEPTH}", "--", self._url, names)

    def _unlock(self) -> None:
        """Remove the locks of a git that was killed; whoever holds the state folder is the only one who fetches."""
        for lock in self._folder.rglob("*.lock"):
            lock.unlink()

    async def _require_signature(self) -> None:
        """Raise FetchFailed for a commit, or a tag, that is not signed by whom git trusts, where that is required."""
        if not self._settings.require_signed:
            return
        kind = (await self._git("cat-file", "-t", _INCOMING)).decode().strip()
        command = "verify-tag" if kind == "tag" else "verify-commit"
        id_ = await self._tree.id_of(_INCOMING)
        try:
            await self._git(command, id_)
        except GitFailed as error:
            message = (
                f"{kind} {id_[:12]} of {self._url} is not signed by a key that git trusts here"
                f" ({told(error.said) if error.said else 'it has no signature'}); sign it, or give the daemon's user"
                " the key"
            )
            raise FetchFailed(message, reason=Reason.SIGNATURE_REFUSED) from error

    async def _git(self, *arguments: str) -> bytes:
        return await git(self._folder, *arguments, deadline=DEADLINE)

    @property
    def _name(self) -> str:
        """Return what the last good commit is kept under: another one for another place."""
        place = f"{self._url}\n{self._settings.ref}\n{self._settings.require_signed}"
        return f"refs/venom/{sha256(place.encode()).hexdigest()[:16]}"

    async def _take(self, tip: Commit) -> None:
        if self.origin.commit is not None and tip.id == self.origin.commit.id:
            return
        try:
            self._found = await self._tree.source(tip, self.path)
        except SourceError as error:
            self._found = error
        self.origin = replace(self.origin, commit=tip)
        logger.info("commit taken", extra={"commit": tip.id, "author": tip.author, "subject": tip.subject})

    def _note(self, error: FetchFailed | None) -> None:
        """Keep what became of a fetch, and log it where it is another thing than before."""
        before = self.origin
        if error is None:
            self.origin = replace(before, fetched_at=self._wall(), reason=None, message="", failing_since=None)
            if before.reason is not None:
                logger.info("repository can be fetched again")
            return
        since = before.failing_since or self._wall()
        self.origin = replace(before, reason=error.reason, message=error.message, failing_since=since)
        if before.message != error.message:
            logger.error("repository cannot be fetched", extra={"reason": error.reason, "detail": error.message})

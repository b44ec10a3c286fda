"""The desired-state file: read, judged, and put in force; the last good one stays in force whatever comes after it.

The last good content is in the state store too, so that a daemon that starts while the file is broken or missing goes
on with what was in force before.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from venom_modeld.config.desired_file import DesiredFile, parse_models
from venom_modeld.config.loader import Source, read_file
from venom_modeld.config.problems import SourceError
from venom_modeld.core import events
from venom_modeld.core.desired import DesiredState
from venom_modeld.core.events import Event
from venom_modeld.core.kinds import RuntimeKind
from venom_modeld.core.reasons import Reason
from venom_modeld.state.errors import StateError
from venom_modeld.state.records import AcceptedFile
from venom_modeld.state.snapshot import FileSnapshot
from venom_modeld.state.store import Store

logger = logging.getLogger(__name__)

MOST_PROBLEMS = 100
"""Of one file that are kept and told; a hostile one has hundreds of thousands."""


class DesiredSource:
    """Reads models.yaml: by `read`, where that is given, else at `path`.

    `wall` is seconds since the epoch; `tell` receives events.
    """

    def __init__(
        self,
        path: Path,
        kinds: Mapping[str, RuntimeKind],
        store: Store,
        *,
        wall: Callable[[], float],
        tell: Callable[[Event], None],
        read: Callable[[], Source] | None = None,
    ) -> None:
        self._path = path
        self._kinds = kinds
        self._store = store
        self._wall = wall
        self._tell = tell
        self._source = read or partial(read_file, path)
        self._content: bytes | None = None
        self.desired: DesiredState | None = None
        self.file = FileSnapshot(path=str(path))

    async def restore(self) -> None:
        """Take what was in force when the last process ended, if anything was."""
        accepted = await self._store.load_file()
        if accepted is None:
            return
        try:
            parsed = await asyncio.to_thread(self._parse, accepted.content)
        except SourceError:
            logger.warning("last good file is no longer valid", extra={"revision": accepted.revision})
            return
        self._take(accepted, parsed)

    async def read(self) -> bool:
        """Read the file; tell whether the desired state is another one now."""
        try:
            source = await asyncio.to_thread(self._source)
        except SourceError as error:
            self._refuse(None, error)
            return False
        if source.content == self._content:
            if self.file.problems:
                logger.info("file is good again", extra={"revision": source.revision})
            self.file = replace(self.file, attempted_revision=source.revision, problems=(), problems_since=None)
            return False
        return await self._judge(source)

    async def _judge(self, source: Source) -> bool:
        try:
            parsed = await asyncio.to_thread(self._parse, source.content)
        except SourceError as error:
            self._refuse(source.revision, error)
            return False
        generation = self.desired.generation + 1 if self.desired else 1
        accepted = AcceptedFile(
            revision=source.revision,
            generation=generation,
            content=source.content,
            accepted_at=self._wall(),
            author=source.author,
        )
        await self._remember(accepted)
        self._take(accepted, parsed)
        fields = {"revision": source.revision, "generation": generation, "author": source.author}
        logger.info("file accepted", extra=fields)
        message = f"generation {generation} is in force" + (f", by {source.author}" if source.author else "")
        self._tell(
            Event(
                at=self._wall(),
                type=events.FILE_ACCEPTED,
                reason=Reason.VALID,
                message=message,
                revision=source.revision,
            )
        )
        return True

    async def _remember(self, accepted: AcceptedFile) -> None:
        """Keep the file for a restart; where the disk is full it is followed all the same."""
        try:
            await self._store.save_file(accepted)
        except StateError as error:
            logger.warning("file cannot be kept for a restart", extra={"detail": error.message})

    def _parse(self, content: bytes) -> DesiredFile:
        return parse_models(content, path=str(self._path), kinds=self._kinds)

    def _take(self, accepted: AcceptedFile, parsed: DesiredFile) -> None:
        self._content = accepted.content
        self.desired = DesiredState(
            generation=accepted.generation,
            revision=accepted.revision,
            author=accepted.author,
            runtimes=parsed.runtimes,
            suspend=parsed.suspend,
        )
        self.file = FileSnapshot(
            path=str(self._path),
            revision=accepted.revision,
            accepted_at=accepted.accepted_at,
            attempted_revision=accepted.revision,
            author=accepted.author,
        )

    def _shown(self, error: SourceError) -> tuple[str, ...]:
        """Return the problems that are told: whoever has more of them than that reads them in a terminal."""
        first, more = error.problems[:MOST_PROBLEMS], len(error.problems) - MOST_PROBLEMS
        last = (f"{self._path}: {more} more problems; `venom-modeld validate` tells them all",) if more > 0 else ()
        return (*map(str, first), *last)

    def _refuse(self, revision: str | None, error: SourceError) -> None:
        """Keep the last good file in force, and say once what is wrong with this one."""
        problems = self._shown(error)
        known = self.file.problems == problems
        since = self.file.problems_since if self.file.problems else None
        self.file = replace(
            self.file, attempted_revision=revision, problems=problems, problems_since=since or self._wall()
        )
        if known:
            return
        for problem in problems:
            logger.error("file refused", extra={"problem": problem})
        self._tell(Event(at=self._wall(), type=events.FILE_REFUSED, reason=Reason.INVALID, message=problems[0]))

"""The weights of models of Hugging Face on this host: the one door to everything in this folder.

Looking is done here, off the event loop; what changes the disk is done in a child process. Whatever goes wrong comes
out as a TemporaryError or a PermanentError whose message says what to do.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from venom_modeld.core.disk import MARGIN
from venom_modeld.core.errors import PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.observed import Disk, RemoteModel
from venom_modeld.core.progress import Phase, Progress
from venom_modeld.core.reasons import Reason
from venom_modeld.core.sizes import human
from venom_modeld.runtimes.base import Environment, Report
from venom_modeld.runtimes.vllm.weights import errors, layout, process, room
from venom_modeld.runtimes.vllm.weights.errors import Doing
from venom_modeld.runtimes.vllm.weights.files import NotServable, RemoteFile, choose, size_of
from venom_modeld.runtimes.vllm.weights.following import Follower
from venom_modeld.runtimes.vllm.weights.hub import Hub
from venom_modeld.runtimes.vllm.weights.job import Install, Remove
from venom_modeld.runtimes.vllm.weights.layout import Place
from venom_modeld.runtimes.vllm.weights.lookup import HubClient, Revision
from venom_modeld.runtimes.vllm.weights.scanning import Key, Scanner
from venom_modeld.runtimes.vllm.weights.snapshot import Snapshot
from venom_modeld.runtimes.vllm.weights.tidying import tidy


class Weights:
    """The models of one Hub in one cache; `runtime` is how sentences call it: `Runtime 'gpu' (http://…)`."""

    def __init__(self, hub: Hub, *, runtime: str, environment: Environment) -> None:
        self.hub = hub
        self._runtime = runtime
        self._environment = environment
        self._client = HubClient(hub, environment)
        self._scanner = Scanner(hub.cache)
        self._scanning = asyncio.Lock()
        self._without_xet: set[str] = set()

    async def scan(self) -> Mapping[Key, Snapshot]:
        """Return what is in the cache, by repository and commit; the same mapping as before where nothing changed.

        Models that somebody else downloaded are among them. A cache that is not there yet is empty; raises
        RuntimeUnreachable where it cannot be read.
        """
        try:
            async with self._scanning:
                return await asyncio.to_thread(self._scanner.scan)
        except OSError as error:
            raise RuntimeUnreachable(
                f"{self._runtime}: the Hub cache {self.hub.cache} cannot be read ({error.strerror}). Let the user that"
                " the daemon runs as read it.",
                reason=Reason.ACCESS_DENIED,
            ) from error

    async def look_up(self, repository: str, revision: str, files: Sequence[str] = ()) -> RemoteModel:
        """Return the commit that a revision names now (as `digest`), and the bytes of its files, by one request.

        Raises TemporaryError; PermanentError where there is no such thing, it is not for us, or it cannot be served.
        """
        doing, token = await self._begin("looking up", repository, revision)
        found = await self._client.resolve(doing, token)
        return RemoteModel(digest=found.commit, size_bytes=size_of(_chosen(found, files, doing)))

    async def install(self, repository: str, revision: str, files: Sequence[str], report: Report) -> str:
        """Make the files that are needed to serve (or that the globs in `files` name) complete, and return the commit.

        It returns when all of them are on the disk with the right hashes and the revision names the commit. A
        cancelled task leaves nothing running, and what arrived is kept for the next try. A commit that was installed
        once is mended without asking the Hub what belongs to it.
        """
        doing, token = await self._begin("installing", repository, revision)
        report(Progress(phase=Phase.RESOLVING))
        found = await self._known(repository, revision) or await self._client.resolve(doing, token)
        chosen = _chosen(found, files, doing)
        there = (await self.scan()).get((repository, found.commit))
        if there is not None and there.ours and there.complete_with(files):
            await self._point(doing, found.commit)
            return found.commit
        await self._check_room(Place(self.hub.cache, repository), found.commit, chosen, doing)
        await self._fetch(self._job(doing, found, chosen, token), doing, report)
        return found.commit

    async def point(self, repository: str, revision: str, commit: str) -> None:
        """Let a branch or tag name a commit that is in the cache, as servers that are offline look it up."""
        doing, _ = await self._begin("switching", repository, revision)
        await self._point(doing, commit)

    async def remove(self, repository: str, commits: Collection[str] | None = None) -> int:
        """Take commits of a repository off the disk, or all of it, and return how many bytes that freed.

        Contents that other commits share stay, cut downloads of ours go; what is not there is a success. Raises
        TemporaryError where somebody is downloading into the repository.
        """
        doing, _ = await self._begin("removing", repository, "all of it" if commits is None else ", ".join(commits))
        job = Remove(
            cache=str(self.hub.cache),
            repository=repository,
            commits=None if commits is None else tuple(sorted(commits)),
        )
        result = await self._run(job, doing, lambda _line: None)
        return int(result["done"])

    async def began(self, repository: str) -> bool:
        """Tell whether something of ours may lie in a repository: a commit that we installed, or part of one.

        Where nothing does, all that is there came from somebody else.
        """
        return await asyncio.to_thread(Place(self.hub.cache, repository).record.exists)

    async def tidy(self) -> int:
        """Delete what killed downloads left behind and nobody is writing, and return how many bytes that freed."""
        return await asyncio.to_thread(self._tidy)

    async def disk(self) -> Disk:
        """Return the disk that holds the cache. Raises RuntimeUnreachable."""
        try:
            return await asyncio.to_thread(room.disk_of, self.hub.cache)
        except OSError as error:
            raise RuntimeUnreachable(
                f"{self._runtime}: the disk of the Hub cache {self.hub.cache} cannot be asked ({error.strerror}).",
                reason=Reason.ACCESS_DENIED,
            ) from error

    def snapshot_path(self, repository: str, commit: str) -> Path:
        """Return the folder to serve a commit from."""
        return Place(self.hub.cache, repository).snapshot(commit)

    async def close(self) -> None:
        """Close the connections; installs end with the tasks that run them."""
        await self._client.close()

    async def _begin(self, action: str, repository: str, revision: str) -> tuple[Doing, str | None]:
        """Return what is tried, for its sentences, and the token to try it with."""
        token = await asyncio.to_thread(self.hub.read_token)
        doing = Doing(
            runtime=self._runtime,
            action=action,
            repository=repository,
            revision=revision,
            endpoint=self.hub.endpoint,
            authenticated=token is not None,
        )
        fault = layout.fault_of_name(repository, "main" if action == "removing" else revision)
        if fault is not None:
            raise PermanentError(f"{doing.sentence}: {fault}.", reason=Reason.INVALID_NAME)
        return doing, token

    async def _point(self, doing: Doing, commit: str) -> None:
        try:
            await asyncio.to_thread(layout.point, Place(self.hub.cache, doing.repository), doing.revision, commit)
        except OSError as error:
            raise errors.system(error.errno or 0, str(error), doing) from error

    async def _known(self, repository: str, revision: str) -> Revision | None:
        """Return a commit that we installed before, whose files need not be asked for again."""
        if not layout.is_commit(revision):
            return None
        there = (await self.scan()).get((repository, revision))
        if there is None or there.listing is None or not there.ours:
            return None
        return Revision(commit=revision, files=there.listing)

    async def _check_room(self, place: Place, commit: str, chosen: Sequence[RemoteFile], doing: Doing) -> None:
        need = await asyncio.to_thread(room.needed, place, commit, chosen)
        disk = await self.disk()
        if need and need + MARGIN > disk.free_bytes:
            raise TemporaryError(
                f"{doing.sentence}: it needs {human(need)} and {human(MARGIN)} to spare, {disk.path} has"
                f" {human(disk.free_bytes)} free. Free some space there, or take a model out of the file.",
                reason=Reason.DISK_FULL,
            )

    def _job(self, doing: Doing, found: Revision, chosen: tuple[RemoteFile, ...], token: str | None) -> Install:
        return Install(
            cache=str(self.hub.cache),
            repository=doing.repository,
            commit=found.commit,
            revision=doing.revision,
            files=chosen,
            listing=found.files,
            endpoint=self.hub.endpoint,
            token=token,
            user_agent=self._environment.user_agent,
            xet=self.hub.xet and doing.repository not in self._without_xet,
            parallel=self.hub.parallel,
            connect_timeout=self._environment.connect_timeout,
            read_timeout=self._environment.read_timeout,
            retry_pause=self.hub.retry_pause,
        )

    async def _fetch(self, job: Install, doing: Doing, report: Report) -> None:
        """Run an install; where it was cut while it used xet, the next one goes on by plain HTTP, which can."""
        follower = Follower(job.files, report)
        try:
            await self._run(job, doing, follower.listen)
        except BaseException:
            if follower.used_xet:
                self._without_xet.add(job.repository)
            raise
        self._without_xet.discard(job.repository)

    async def _run(self, job: Install | Remove, doing: Doing, listen: process.Listen) -> Mapping[str, Any]:
        try:
            result = await process.run(job, self.hub, listen)
        except process.Died as died:
            raise TemporaryError(f"{doing.sentence}: {died}. It is tried again.", reason=Reason.FAILED) from died
        except OSError as error:
            raise errors.system(error.errno or 0, f"no process for it ({error.strerror})", doing) from error
        if "failed" in result:
            raise errors.of_child(result, doing)
        return result

    def _tidy(self) -> int:
        folders = self.hub.cache.glob(f"{layout.PREFIX}*")
        names = (layout.repository_of(folder.name) for folder in folders)
        return sum(tidy(Place(self.hub.cache, name)) for name in names if name is not None)


def _chosen(found: Revision, patterns: Sequence[str], doing: Doing) -> tuple[RemoteFile, ...]:
    try:
        return choose(doing.repository, found.files, patterns)
    except NotServable as error:
        raise PermanentError(f"{doing.sentence}: {doing.repository} {error}.", reason=Reason.NOT_SERVABLE) from error

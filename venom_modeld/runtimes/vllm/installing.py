"""Puts models into the cache, replaces them, and takes them off; what is in use goes last.

Another commit of a repository is installed beside the one in use. Where that one is served, the other is served in its
place and proven, and only then does the earlier one go. A cut at any instant leaves the earlier one in use, or both.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from venom_modeld.core.desired import ModelSpec, Prune, RuntimeSpec, Update
from venom_modeld.core.errors import ModeldError, PermanentError, TemporaryError
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import RemoteModel
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Report
from venom_modeld.runtimes.vllm.choices import Choice, Choices
from venom_modeld.runtimes.vllm.errors import Doing
from venom_modeld.runtimes.vllm.serving import Serving
from venom_modeld.runtimes.vllm.shelf import Found, Shelf, held_name
from venom_modeld.runtimes.vllm.weights.cache import Weights
from venom_modeld.runtimes.vllm.weights.snapshot import Snapshot
from venom_modeld.runtimes.vllm.wishes import files_of, revision_of

logger = logging.getLogger(__name__)


class Installer:
    """Changes what is in the cache; `title` is how sentences call the runtime, `follow` tells what the file says.

    `beside` returns the folders of commits that other runtimes serve.
    """

    def __init__(
        self,
        weights: Weights,
        shelf: Shelf,
        choices: Choices,
        serving: Serving,
        *,
        title: str,
        beside: Callable[[], frozenset[str]],
    ) -> None:
        self._weights = weights
        self._shelf = shelf
        self._choices = choices
        self._serving = serving
        self._title = title
        self._beside = beside
        self._prune = Prune.NEVER

    def follow(self, spec: RuntimeSpec) -> None:
        """Take what the file says of weights that somebody else downloaded."""
        self._prune = spec.prune

    async def install(self, spec: ModelSpec, *, expect: RemoteModel | None, report: Report) -> None:
        """Install a model, unless it is there in the wanted version."""
        there = await self._shelf.find(spec)
        if there is not None and _is_wanted(there, spec, expect):
            return
        await self._choose(spec, await self._fetch(spec, await self._to_mend(spec), report))
        await self._serving.adapt(spec.name)

    async def update(self, spec: ModelSpec, *, expect: RemoteModel | None, report: Report) -> None:
        """Put another commit in the place of the one in use; that one survives any failure."""
        before = await self._shelf.find(spec)
        if before is None:
            await self.install(spec, expect=expect, report=report)
            return
        earlier = self._choices.of(spec.name) or _choice(spec, before.snapshot.commit)
        await self._remember(spec.name, replace(earlier, commit=before.snapshot.commit))
        kept = await self._to_mend(spec) if before.differs is not None else None
        snapshot = await self._fetch(spec, kept, report)
        if snapshot.commit == before.snapshot.commit:
            await self._choose(spec, snapshot)
            return
        await self._exchange(spec, before.snapshot, snapshot, report)

    async def remove(self, name: ModelName) -> int:
        """Take a model, or the commit that a hold keeps, off the disk, after whatever serves it was stopped.

        Returns how many bytes that freed; what others use of it stays.
        """
        await self._shelf.installed()
        model = held_name(name)
        if model is not None:
            freed = await self._drop_earlier(model)
            if freed is None:
                raise self._still_served(model)
            return freed
        if any(Path(path).parent == self._weights.snapshot_path(name.text, "") for path in self._served_beside()):
            raise self._still_served(name)
        await self._serving.stop(name)
        await self._serving.drop_adapter(name)
        freed = await self._free(name)
        logger.info("weights removed", extra={"model": name.text, "freed_bytes": freed})
        await asyncio.to_thread(self._choices.forget, name)
        await self._weights.tidy()
        return freed

    async def put_back(self, name: ModelName) -> None:
        """Use the commit before the present one again, and take the present one off; no such commit is a success."""
        await self._shelf.installed()
        choice = self._choices.of(name)
        held = await self._shelf.at(name, choice.hold) if choice is not None and choice.hold else None
        if choice is None or held is None:
            return
        await self._remember(name, replace(choice, commit=held.commit, hold=None))
        await self._weights.point(name.text, choice.revision, held.commit)
        await self._take_off(name, choice.commit)

    async def _free(self, name: ModelName) -> int:
        """Take off what may go of a repository, and return how many bytes that freed.

        Where anything of ours lies, whole or cut, that goes, and nothing of others. Where all of it is somebody
        else's it stays, however it came to be on our list, unless the file says that everything may go.
        """
        if await self._weights.began(name.text):
            return await self._weights.remove(name.text, await self._shelf.ours(name))
        return await self._weights.remove(name.text) if self._prune is Prune.ALL else 0

    async def _to_mend(self, spec: ModelSpec) -> str | None:
        """Return the commit to stay at: the chosen one, while anything of it is there and the file does not follow it.

        Otherwise a file that somebody deleted would bring a newer commit, which nobody asked for.
        """
        choice = self._choices.of(spec.name)
        if choice is None or spec.update is Update.ALWAYS or choice.revision != revision_of(spec):
            return None
        there = await self._shelf.at(spec.name, choice.commit)
        return None if there is None else choice.commit

    async def _exchange(self, spec: ModelSpec, before: Snapshot, after: Snapshot, report: Report) -> None:
        """Let another commit be the one in use, proving it where the model is served."""
        await self._remember(spec.name, _choice(spec, after.commit, hold=before.commit))
        try:
            await self._serving.serve_instead(spec, after, report)
            await self._serving.adapt(spec.name)
        except ModeldError as error:
            await self._give_back(spec, before, after, error)
            raise
        await self._drop_earlier(spec.name)

    async def _give_back(self, spec: ModelSpec, before: Snapshot, after: Snapshot, error: ModeldError) -> None:
        """Let the earlier commit be in use again; one that will never work is taken off."""
        revision = revision_of(spec)
        await self._remember(spec.name, _choice(spec, before.commit))
        await self._weights.point(spec.name.text, revision, before.commit)
        if isinstance(error, PermanentError):
            await self._take_off(spec.name, after.commit)

    async def _drop_earlier(self, name: ModelName) -> int | None:
        """Take the commit before the present one off the disk, and return the bytes freed; None while it is needed."""
        choice = self._choices.of(name)
        if choice is None or choice.hold is None:
            return 0
        freed = await self._take_off(name, choice.hold)
        if freed is not None:
            await asyncio.to_thread(self._choices.release, name)
        return freed

    async def _take_off(self, name: ModelName, commit: str) -> int | None:
        """Take a commit off the disk, if it was installed here, and return the bytes freed.

        None where somebody is served from it: then it stays.
        """
        served = await self._serving.roots() | self._served_beside()
        if name.text in served or str(self._weights.snapshot_path(name.text, commit)) in served:
            return None
        return await self._weights.remove(name.text, [commit]) if commit in await self._shelf.ours(name) else 0

    def _served_beside(self) -> frozenset[str]:
        try:
            return self._beside()
        except OSError as error:
            raise TemporaryError(
                f"{self._title}: what other runtimes serve cannot be read: {error.filename} ({error.strerror}). Let the"
                " daemon's user read it; it is tried again.",
                reason=Reason.ACCESS_DENIED,
            ) from error

    def _still_served(self, name: ModelName) -> TemporaryError:
        doing = Doing(runtime=self._title, action="removing", model=name.text)
        return TemporaryError(
            f"{doing.sentence}: a server that is not this runtime's to stop serves it now. It is removed once that"
            " serves something else.",
            reason=Reason.PENDING,
        )

    async def _fetch(self, spec: ModelSpec, kept: str | None, report: Report) -> Snapshot:
        """Download what is missing of a commit, or of the one that the revision names now; return it as it then is."""
        commit = await self._weights.install(spec.name.text, kept or revision_of(spec), files_of(spec), report)
        await self._weights.tidy()
        snapshot = await self._shelf.at(spec.name, commit)
        if snapshot is None or not snapshot.complete_with(files_of(spec)):
            doing = Doing(runtime=self._title, action="installing", model=spec.name.text)
            raise TemporaryError(
                f"{doing.sentence}: it was downloaded, but is not whole in the cache; another program may have changed"
                " it. It is tried again.",
                reason=Reason.NOT_VERIFIED,
            )
        return snapshot

    async def _choose(self, spec: ModelSpec, snapshot: Snapshot) -> None:
        await self._remember(spec.name, _choice(spec, snapshot.commit))

    async def _remember(self, name: ModelName, choice: Choice) -> None:
        try:
            await asyncio.to_thread(self._choices.choose, name, choice)
        except OSError as error:
            raise TemporaryError(
                f"{self._title}: what is in use of {name} cannot be written down: {error.strerror}. Make room for the"
                " daemon's state; it is tried again.",
                reason=Reason.DISK_FULL,
            ) from error


def _choice(spec: ModelSpec, commit: str, *, hold: str | None = None) -> Choice:
    return Choice(commit=commit, revision=revision_of(spec), files=files_of(spec), hold=hold)


def _is_wanted(there: Found, spec: ModelSpec, expect: RemoteModel | None) -> bool:
    """Tell whether the commit in use is the one to have, as far as that is known."""
    wanted = spec.pin or (expect.digest if expect else None)
    return there.differs is None and wanted in (None, there.snapshot.commit)

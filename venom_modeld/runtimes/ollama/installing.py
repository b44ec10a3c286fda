"""Putting models on an Ollama, replacing them, and taking them off; each ends by looking at what Ollama lists.

Ollama's `success` can be a lie: after a corrupted transfer it says so while the model is not listed, and only deleting
and pulling again mends that. So nothing here is done before `/api/tags` shows it.

An update keeps the installed version under another name meanwhile, which costs nothing: the layers are shared. A
cancelled update leaves that name behind, and whoever remembers it puts the version back.
"""

import json
from collections.abc import Mapping
from contextlib import suppress

from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.errors import ModeldError, PermanentError, TemporaryError
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import InstalledModel, RemoteModel
from venom_modeld.core.progress import Phase, Progress
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Report
from venom_modeld.runtimes.ollama.client import Client
from venom_modeld.runtimes.ollama.errors import (
    Doing,
    Refused,
    create_error,
    create_refused,
    registry_error,
    request_refused,
)
from venom_modeld.runtimes.ollama.loading import Loader
from venom_modeld.runtimes.ollama.observing import Observer
from venom_modeld.runtimes.ollama.pull import Tally, follow
from venom_modeld.runtimes.ollama.registry import Registry


class Installer:
    """Changes what is on the disk of one Ollama."""

    def __init__(self, client: Client, observer: Observer, loader: Loader, registry: Registry) -> None:
        self._client = client
        self._observer = observer
        self._loader = loader
        self._registry = registry

    async def install(self, spec: ModelSpec, *, expect: RemoteModel | None, report: Report) -> None:
        """Pull a model, or make it from its base, unless it is there in the wanted version."""
        before = (await self._client.tags()).get(spec.name)
        self._check_pin(spec, expect)
        if before is not None and spec.base is None and _is_wanted(before, spec, expect):
            return
        await self._fetch(spec, expect, report)
        await self._verify(spec, expect, before)

    async def update(self, spec: ModelSpec, *, expect: RemoteModel | None, hold: ModelName, report: Report) -> None:
        """Replace a model, proving the new version where the old one is loaded; the old one survives any failure."""
        self._check_pin(spec, expect)
        installed = await self._client.tags()
        before = installed.get(spec.name)
        if before is None:
            await self.install(spec, expect=expect, report=report)
        elif not _is_wanted(before, spec, expect, loosely=False):
            if hold not in installed:
                await self.copy(spec.name, hold)
            await self._replace(spec, before, expect=expect, hold=hold, report=report)
        await self._delete(hold)

    async def remove(self, name: ModelName) -> None:
        """Unload a model where nothing else needs its runner, delete it, and see that it is gone."""
        if await self._has_runner_of_its_own(name):
            await self._loader.unload(name)
        await self._delete(name)
        if name in await self._client.tags():
            raise TemporaryError(
                f"{self._doing('removing', name).sentence}: Ollama still lists it. It is tried again.",
                reason=Reason.NOT_VERIFIED,
            )

    async def put_back(self, hold: ModelName, name: ModelName) -> None:
        """Give the version under a hold its own name again and drop the hold; no such hold is a success."""
        held = (await self._client.tags()).get(hold)
        if held is not None:
            await self.copy(hold, name)
            await self._delete(hold)

    async def copy(self, source: ModelName, destination: ModelName) -> None:
        """Give a model a second name and see that the two are one."""
        doing = Doing(runtime=self._client.runtime, action="copying", model=f"{source.text} to {destination.text}")
        try:
            await self._client.copy(source, destination)
        except Refused as refused:
            raise request_refused(refused, doing) from refused
        installed = await self._client.tags()
        original, copied = installed.get(source), installed.get(destination)
        if original is None or copied is None or original.digest != copied.digest:
            raise TemporaryError(
                f"{doing.sentence}: Ollama does not list the two as the same model. It is tried again.",
                reason=Reason.NOT_VERIFIED,
            )

    async def _replace(
        self,
        spec: ModelSpec,
        before: InstalledModel,
        *,
        expect: RemoteModel | None,
        hold: ModelName,
        report: Report,
    ) -> None:
        _, loaded = await self._observer.loaded(spec.name)
        try:
            await self._fetch(spec, expect, report)
            after = await self._verify(spec, expect, before)
            if loaded is not None:
                report(Progress(phase=Phase.LOADING))
                await self._loader.load(after, pin=loaded.pinned)
        except ModeldError as error:
            await self._return(hold, spec.name, error)
            raise
        if loaded is not None:
            await self._leave_memory(hold, before, after)

    async def _return(self, hold: ModelName, name: ModelName, error: ModeldError) -> None:
        """Put the earlier version back; where even that fails the hold stays, and the first failure is told."""
        try:
            await self.put_back(hold, name)
        except ModeldError as second:
            error.add_note(f"Putting the earlier version back failed too: {second.message}")

    async def _leave_memory(self, hold: ModelName, before: InstalledModel, after: InstalledModel) -> None:
        """Unload the earlier version by the only name that still means it, where it is in memory beside the new one.

        It is left there where that fails: it costs memory that Ollama takes back when it needs it, and the update as
        such is done.
        """
        with suppress(ModeldError):
            state = await self._observer.observe((after.name,))
            serving = state.serving(after.name)
            earlier = next((loaded for loaded in state.loaded if loaded.digest == before.digest), None)
            if earlier is not None and earlier is not serving and earlier.serves <= {hold}:
                await self._loader.unload(hold)

    async def _fetch(self, spec: ModelSpec, expect: RemoteModel | None, report: Report) -> None:
        if spec.base is not None:
            await self._create(spec, spec.base, report)
        else:
            await self._pull(spec.name, expect, report)

    async def _pull(self, name: ModelName, expect: RemoteModel | None, report: Report) -> None:
        doing = self._doing("pulling", name)
        tally = Tally(Phase.RESOLVING, expected_bytes=expect.size_bytes if expect else None)
        try:
            async with self._client.pull(name, insecure=self._registry.is_insecure(name)) as stream:
                await follow(stream, tally, report=report, doing=doing, explain=registry_error)
        except Refused as refused:
            raise request_refused(refused, doing) from refused

    async def _create(self, spec: ModelSpec, base: ModelName, report: Report) -> None:
        doing = self._doing("creating", spec.name)
        definition: Mapping[str, object] = json.loads(spec.definition) if spec.definition else {}
        try:
            async with self._client.create(spec.name, base, definition) as stream:
                await follow(stream, Tally(Phase.CREATING), report=report, doing=doing, explain=create_error)
        except Refused as refused:
            raise create_refused(refused, doing) from refused

    async def _verify(
        self, spec: ModelSpec, expect: RemoteModel | None, before: InstalledModel | None
    ) -> InstalledModel:
        """Return the installed model as Ollama lists it, or undo a pull that cannot be what is wanted.

        A version that is neither the earlier nor the expected one is a tag that moved once more, and no failure.
        """
        doing = self._doing("installing", spec.name)
        after = (await self._client.tags()).get(spec.name)
        if after is None:
            await self._delete(spec.name)
            raise TemporaryError(
                f"{doing.sentence}: Ollama said success, but does not list it: what arrived is corrupt. It was deleted"
                " and is downloaded again.",
                reason=Reason.CORRUPT,
            )
        if spec.pin is not None and after.digest != spec.pin:
            if before is None:
                await self._delete(spec.name)
            raise self._pin_mismatch(spec, after.digest)
        if before is not None and after.digest == before.digest and not _is_wanted(after, spec, expect):
            raise TemporaryError(
                f"{doing.sentence}: Ollama said success, but still lists the earlier version. It is tried again.",
                reason=Reason.NOT_VERIFIED,
            )
        return after

    def _check_pin(self, spec: ModelSpec, expect: RemoteModel | None) -> None:
        """Refuse a download whose result is known not to be the pinned version."""
        if spec.pin is not None and expect is not None and expect.digest not in (None, spec.pin):
            raise self._pin_mismatch(spec, expect.digest or "")

    def _pin_mismatch(self, spec: ModelSpec, found: str) -> PermanentError:
        return PermanentError(
            f"{self._doing('installing', spec.name).sentence}: its registry has version {found}, the file says"
            f" {spec.pin}. Change `digest` of this model, or its tag.",
            reason=Reason.PIN_MISMATCH,
        )

    async def _has_runner_of_its_own(self, name: ModelName) -> bool:
        """Tell whether a model is listed as loaded under its own name, with no other name of the same version."""
        state = await self._observer.observe(())
        mine = next((loaded for loaded in state.loaded if loaded.name == name), None)
        return mine is not None and not mine.serves - {name}

    async def _delete(self, name: ModelName) -> None:
        try:
            await self._client.delete(name)
        except Refused as refused:
            raise request_refused(refused, self._doing("deleting", name)) from refused

    def _doing(self, action: str, name: ModelName) -> Doing:
        return Doing(runtime=self._client.runtime, action=action, model=name.text)


def _is_wanted(installed: InstalledModel, spec: ModelSpec, expect: RemoteModel | None, *, loosely: bool = True) -> bool:
    """Tell whether the installed version is the one to have; `loosely`, any is where none is known to be."""
    if spec.base is not None:
        return loosely
    wanted = spec.pin or (expect.digest if expect else None)
    return loosely if wanted is None else installed.digest == wanted

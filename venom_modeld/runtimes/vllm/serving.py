"""What is served: one model at a time, changed by one at a time."""

import asyncio

from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.names import ModelName, Provider
from venom_modeld.core.progress import Phase, Progress
from venom_modeld.runtimes.base import Report
from venom_modeld.runtimes.vllm import adapters, preflight
from venom_modeld.runtimes.vllm.errors import Doing, not_installed
from venom_modeld.runtimes.vllm.launching import Key, launch_of
from venom_modeld.runtimes.vllm.options import Options
from venom_modeld.runtimes.vllm.server.control import Server, Start
from venom_modeld.runtimes.vllm.shelf import Shelf
from venom_modeld.runtimes.vllm.switching import Aim, Switch
from venom_modeld.runtimes.vllm.weights.snapshot import Snapshot


class Serving:
    """The model that one runtime serves; `title` is how sentences call the runtime."""

    def __init__(self, shelf: Shelf, server: Server, switch: Switch, *, options: Options, key: Key, title: str) -> None:
        self._shelf = shelf
        self._server = server
        self._switch = switch
        self._options = options
        self._key = key
        self._title = title
        self._turn = asyncio.Lock()

    async def serve(self, spec: ModelSpec, *, alias: ModelName | None, report: Report) -> None:
        """Serve the commit of a model that is in use, and return when it was proven."""
        found = await self._shelf.find(spec)
        if found is None:
            raise not_installed(Doing(runtime=self._title, action="serving", model=spec.name.text))
        async with self._turn:
            await self._serve(spec, found.snapshot, alias, report)

    async def serve_instead(self, spec: ModelSpec, snapshot: Snapshot, report: Report) -> bool:
        """Serve another commit of a model where that model is served, as before; False where it is not."""
        async with self._turn:
            start = (await self._server.look()).start
            if start is None or start.launch.name != spec.name.text:
                return False
            alias = start.launch.alias
            await self._serve(
                spec, snapshot, None if alias is None else ModelName(alias, alias, Provider.HUGGINGFACE), report
            )
        return True

    async def adapt(self, changed: ModelName) -> None:
        """Give a running server the adapters of its model again, where one of those is the changed one."""
        async with self._turn:
            start = (await self._server.look()).start
            spec = self._served_spec(start)
            if start is not None and spec is not None and changed in {one.name for one in spec.adapters}:
                await self._switch.adapt(start, await adapters.wanted(spec, self._shelf))

    async def drop_adapter(self, name: ModelName) -> None:
        """Unload what a running server has of a repository that is about to go."""
        async with self._turn:
            start = (await self._server.look()).start
            spec = self._served_spec(start)
            if start is not None and spec is not None and start.launch.lora:
                wanted = await adapters.wanted(spec, self._shelf)
                found = await self._shelf.find(self._shelf.spec(name))
                gone = str(found.snapshot.path) if found else ""
                left = {one: path for one, path in wanted.items() if path != gone}
                await self._switch.adapt(start, left)

    async def stop(self, name: ModelName) -> None:
        """Stop the server if it serves this model; anything else is a success."""
        await self._shelf.installed()
        async with self._turn:
            await self._server.release(name.text)

    async def roots(self) -> frozenset[str]:
        """Return what is served from now, which must not be taken away: folders, or names of repositories."""
        return await self._server.roots()

    def _served_spec(self, start: Start | None) -> ModelSpec | None:
        if start is None:
            return None
        name = start.launch.name
        return self._shelf.spec(ModelName(name, name, Provider.HUGGINGFACE))

    async def _serve(self, spec: ModelSpec, snapshot: Snapshot, alias: ModelName | None, report: Report) -> None:
        report(Progress(phase=Phase.LOADING))
        doing = Doing(runtime=self._title, action="serving", model=spec.name.text)
        await asyncio.to_thread(preflight.check, snapshot, doing)
        aim = Aim(
            launch=launch_of(spec, snapshot, self._options, alias=alias, key_digest=self._key.digest()),
            adapters=await adapters.wanted(spec, self._shelf),
            beside=self._options.surges and preflight.fits_beside(snapshot),
        )
        await self._switch.to(aim)

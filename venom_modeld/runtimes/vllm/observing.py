"""One observation: the cache, the server's process or unit, and one request each for health, names and metrics.

What a server answers for is decided here: an installed model, if the server runs with the arguments that the file says
now, serves the commit that is in use, and has the adapters that it is to have. A server that serves something else is
shown as what it is; that is drift, and no error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from venom_modeld.core.desired import RuntimeSpec
from venom_modeld.core.names import ModelName, Provider
from venom_modeld.core.observed import InstalledModel, LoadedModel, ObservedState
from venom_modeld.runtimes.vllm import adapters
from venom_modeld.runtimes.vllm.client import Client, Load, NotThere, Served
from venom_modeld.runtimes.vllm.clients import Clients
from venom_modeld.runtimes.vllm.kind import Control
from venom_modeld.runtimes.vllm.launching import Key, launch_of
from venom_modeld.runtimes.vllm.options import Options
from venom_modeld.runtimes.vllm.server.control import Server, Start
from venom_modeld.runtimes.vllm.server.launch import Launch
from venom_modeld.runtimes.vllm.shelf import Shelf
from venom_modeld.runtimes.vllm.weights.cache import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an observation is made of."""

    weights: Weights
    shelf: Shelf
    server: Server
    clients: Clients
    key: Key
    options: Options
    url: str


class Observer:
    """Looks at one runtime; `follow` tells it what the file says."""

    def __init__(self, parts: Parts, spec: RuntimeSpec) -> None:
        self._parts = parts
        self._version: str | None = None
        self.follow(spec)

    def follow(self, spec: RuntimeSpec) -> None:
        """Take what the file says now."""
        self._spec = spec
        self._parts.shelf.follow(spec.everything.values())

    async def observe(self) -> ObservedState:
        """Return what there is. Raises RuntimeUnreachable where any part of that cannot be known."""
        parts = self._parts
        disk = await parts.weights.disk()
        installed = await parts.shelf.installed()
        standing = await parts.server.look()
        if standing.start is None:
            view = await self._of_another(installed)
        else:
            view = await self._of_ours(standing.start, installed)
        return ObservedState(
            installed={**installed, **_alias(self._spec.alias, view, installed)},
            loaded=view.loaded,
            disk=disk,
            version=self._version,
        )

    async def _of_ours(self, start: Start, installed: Mapping[ModelName, InstalledModel]) -> "_View":
        """Return what a server has of which we know how it was started."""
        launch = start.launch
        client = await self._parts.clients.at(start.url)
        if not await self._is_healthy(client):
            return _View()
        if launch.key_digest != self._parts.key.digest():
            return _View(loaded=(_shown(launch, await self._judge(launch, None, installed)),))
        served = await client.models()
        there, load = adapters.loaded(served), await client.load()
        length = next((one.context_length for one in served if one.id == launch.name), None)
        base = _shown(launch, await self._judge(launch, there, installed), load=load, context_length=length)
        return _View(loaded=(base, *await self._adapters(there)), alias=launch.alias)

    async def _judge(
        self, launch: Launch, there: adapters.Adapters | None, installed: Mapping[ModelName, InstalledModel]
    ) -> "_Verdict":
        """Tell whether a server serves the installed version of its model as the file says, and what else it does not.

        `there` is None where the server cannot be asked for its adapters, because it has another key.
        """
        name = _name(launch)
        model, spec = installed.get(name), self._parts.shelf.spec(name)
        found = await self._parts.shelf.find(spec)
        if model is None or found is None or model.digest != launch.commit:
            return _Verdict()
        if self._spec.model(name) is None:
            return _Verdict(serves=there is not None)
        wanted = launch_of(spec, found.snapshot, self._parts.options, alias=None, key_digest=self._parts.key.digest())
        differing = launch.differences(wanted)
        if not differing and launch.lora and there != await adapters.wanted(spec, self._parts.shelf):
            differing = ("adapters",)
        words = f"is served otherwise than the file now says: {', '.join(differing)}" if differing else None
        return _Verdict(serves=launch.serves(wanted) and not differing, differs=words)

    async def _adapters(self, there: adapters.Adapters) -> tuple[LoadedModel, ...]:
        """Return loaded adapters, each under the name that clients know, answering for its repository."""
        snapshots = await self._parts.weights.scan()
        keys = {str(snapshot.path): key for key, snapshot in snapshots.items()}
        result = []
        for name, path in sorted(there.items()):
            repository, commit = keys.get(path, ("", ""))
            serves = {ModelName(repository, repository, Provider.HUGGINGFACE)} if repository else set()
            text = ModelName(name, name, Provider.HUGGINGFACE)
            result.append(LoadedModel(name=text, digest=commit, serves=frozenset(serves), pinned=True))
        return tuple(result)

    async def _of_another(self, installed: Mapping[ModelName, InstalledModel]) -> "_View":
        """Return what a server has that somebody else started, or nothing where there is none that should be ours."""
        external = self._parts.options.control is Control.EXTERNAL
        client = await self._parts.clients.at(self._parts.url)
        try:
            if not await self._is_healthy(client, patient=not external):
                return _View()
            served, load = await client.models(), await client.load()
        except NotThere:
            if external:
                raise
            return _View()
        return await self._strange(served, load, installed, pinned=external)

    async def _strange(
        self, served: Sequence[Served], load: Load, installed: Mapping[ModelName, InstalledModel], *, pinned: bool
    ) -> "_View":
        base = [one for one in served if one.parent is None]
        if not base:
            return _View()
        paths = {str(snapshot.path): key for key, snapshot in (await self._parts.weights.scan()).items()}
        repository, commit = paths.get(base[0].root, (base[0].root, ""))
        name = ModelName(repository, repository, Provider.HUGGINGFACE)
        model, ids = installed.get(name), {one.id for one in base}
        serves = model is not None and name.text in ids and commit in ("", model.digest)
        shown = name if model is not None else ModelName(base[0].id, base[0].id, Provider.HUGGINGFACE)
        loaded = LoadedModel(
            name=shown,
            digest=commit or (model.digest if model else ""),
            serves=frozenset({name} if serves else ()),
            pinned=pinned,
            context_length=base[0].context_length,
            running_requests=load.running,
            waiting_requests=load.waiting,
            cache_use=load.cache_use,
        )
        alias = self._spec.alias.text if self._spec.alias and self._spec.alias.text in ids else None
        return _View(loaded=(loaded, *await self._adapters(adapters.loaded(served))), alias=alias)

    async def _is_healthy(self, client: Client, *, patient: bool = True) -> bool:
        """Tell whether a server answers, and learn its version once; nobody there is no, if that may be."""
        try:
            healthy = await client.is_healthy()
            if healthy and self._version is None:
                self._version = await client.version()
        except NotThere:
            self._version = None
            if not patient:
                raise
            return False
        return healthy


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What a server showed of itself."""

    loaded: tuple[LoadedModel, ...] = ()
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """Whether a server serves its model as the file says; `differs` tells what it does otherwise, where that is all."""

    serves: bool = False
    differs: str | None = None


def _name(launch: Launch) -> ModelName:
    return ModelName(launch.name, launch.name, Provider.HUGGINGFACE)


def _shown(
    launch: Launch, verdict: _Verdict, *, load: Load | None = None, context_length: int | None = None
) -> LoadedModel:
    return LoadedModel(
        name=_name(launch),
        digest=launch.commit,
        serves=frozenset({_name(launch)} if verdict.serves else ()),
        differs=verdict.differs,
        pinned=True,
        context_length=context_length,
        running_requests=load.running if load else None,
        waiting_requests=load.waiting if load else None,
        cache_use=load.cache_use if load else None,
    )


def _alias(
    alias: ModelName | None, view: _View, installed: Mapping[ModelName, InstalledModel]
) -> Mapping[ModelName, InstalledModel]:
    """Return the alias as a name of the model that is served under it, as long as the file asks for that alias.

    One that the file no longer names goes with the next start of the server, which is not worth a start of its own.
    """
    if alias is None or alias.text != view.alias or not view.loaded or alias in installed:
        return {}
    return {alias: InstalledModel(name=alias, digest=view.loaded[0].digest)}

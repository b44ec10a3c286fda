"""The stand-in Ollama without its HTTP: what it knows, and what its calls do.

One object is one process of the real server. What is on disk lives in the `Store` and outlives it.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from venom_modeld.sandbox.artifacts import Layer, Manifest
from venom_modeld.sandbox.downloads import Downloads, Line
from venom_modeld.sandbox.faults import Faults
from venom_modeld.sandbox.names import ModelName
from venom_modeld.sandbox.options import OptionError, check_options, context_length, runner_options
from venom_modeld.sandbox.runners import Runner, Runners, memory
from venom_modeld.sandbox.settings import SandboxSettings
from venom_modeld.sandbox.store import Details, Installed, Store, UnreadableModelError
from venom_modeld.sandbox.upstream import PullError, Source, Upstream


class LoadError(Exception):
    """A model cannot be loaded; the text is Ollama's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A wish to have a model in memory. `keep` is in seconds."""

    model: Installed
    options: Mapping[str, Any]
    keep: float


class Ollama:
    """One process of the stand-in."""

    def __init__(
        self, settings: SandboxSettings, store: Store, faults: Faults, upstream: Upstream, panic: Callable[[], None]
    ) -> None:
        self.settings = settings
        self.store = store
        self.faults = faults
        self.runners = Runners(settings.max_loaded)
        self.random = random.Random(settings.seed)  # noqa: S311  # repeatable on purpose
        self._upstream = upstream
        self._downloads = Downloads(store, upstream, faults, settings, panic)
        self._one_load = asyncio.Lock()
        self.loading: str | None = None
        """The model whose weights are being read."""

    async def stop(self, *, keep: bool) -> None:
        """End the process: in order, which keeps partial blobs, or by a crash, which loses them."""
        await self._downloads.stop(keep=keep)
        self.runners.loaded.clear()

    @property
    def pulling(self) -> list[str]:
        """The digests of the blobs on their way."""
        return self._downloads.digests

    async def pull(self, source: Source) -> AsyncGenerator[Line, None]:
        """Pull a model, line by line. Raises `PullError` and `StreamCutError`."""
        yield {"status": "pulling manifest"}
        name = self.store.stored_name(source.name)
        source = Source(name=name, insecure=source.insecure)
        manifest = await self._upstream.manifest(source)
        fresh = [layer for layer in manifest.blobs if layer.digest not in self.store.blobs]
        for layer in manifest.blobs:
            if layer.digest in self.store.blobs:
                yield _present(layer)
                continue
            async with contextlib.aclosing(self._downloads.fetch(layer, source)) as lines:
                async for line in lines:
                    yield line
        yield {"status": "verifying sha256 digest"}
        await self._verify(fresh)
        yield {"status": "writing manifest"}
        if self._install(name, manifest):
            yield {"status": "removing unused layers"}
        yield {"status": "success"}

    async def load(self, wish: Load) -> Runner:
        """Have a model in memory and hold it there. Raises `LoadError`.

        A model that is loading is not listed; loads wait for each other.
        """
        weights = self._weights(wish.model)
        details = self._details(wish.model)
        options = {**self.store.parameters(wish.model.manifest), **wish.options}
        try:
            check_options(options)
        except OptionError as error:
            raise LoadError(str(error)) from error
        key = runner_options(options, details.context_length)
        async with self._one_load:
            self.runners.expire(datetime.now(UTC))
            runner = self.runners.serving(weights.digest, key)
            if runner is None:
                self.runners.make_room(weights.digest, wish.model.name.short)
                await self._read_weights(wish.model, weights)
                context = context_length(options, details.context_length)
                runner = _runner(wish.model, weights, details, key, context)
                self.runners.loaded.append(runner)
            runner.hold(wish.keep, datetime.now(UTC))
            return runner

    def unload(self, model: Installed) -> None:
        """Unload the weights of a model, under whatever name they run."""
        if model.manifest.weights is not None:
            self.runners.unload(model.manifest.weights.digest)

    def silent(self, name: ModelName) -> bool:
        """Whether the dial wants this model to generate nothing."""
        return bool({name.short, "*"} & set(self.faults.load_silent))

    def _weights(self, model: Installed) -> Layer:
        weights = model.manifest.weights
        if weights is None or weights.digest not in self.store.blobs:
            message = f"model {model.name.short} has no weights on disk"
            raise LoadError(message)
        return weights

    def _details(self, model: Installed) -> Details:
        try:
            return self.store.details(model)
        except UnreadableModelError as error:
            raise LoadError(str(error)) from error

    async def _read_weights(self, model: Installed, weights: Layer) -> None:
        self.loading = model.name.short
        try:
            await asyncio.sleep(weights.size / self.settings.load_rate + self.faults.load_delay)
        finally:
            self.loading = None
        reasons = self.faults.load_errors
        reason = reasons.get(model.name.short, reasons.get("*"))
        if reason is not None:
            raise LoadError(reason)

    async def _verify(self, fresh: list[Layer]) -> None:
        await asyncio.sleep(sum(layer.size for layer in fresh) / self.settings.verify_rate)
        for layer in fresh:
            if layer.digest not in self.store.blobs:
                message = f"open {self._path(layer.digest)}: no such file or directory"
                raise PullError(message)
            found = self.store.check(layer.digest)
            if found != layer.digest:
                self.store.drop_blob(layer.digest)
                message = f"digest mismatch, file must be downloaded again: want {layer.digest}, got {found}"
                raise PullError(message)

    def _path(self, digest: str) -> str:
        return f"{self.settings.models_dir}/blobs/{digest.replace(':', '-')}"

    def _install(self, name: ModelName, manifest: Manifest) -> list[str]:
        unused = self.store.write(name, manifest)
        for digest in unused:
            self.store.drop_blob(digest)
        if self.faults.lie_pulls > 0:
            self.faults.lie_pulls -= 1
            self.store.spoil(manifest.config.digest)
        return unused


def _runner(model: Installed, weights: Layer, details: Details, options: tuple[Any, ...], context: int) -> Runner:
    return Runner(
        name=model.name.short,
        digest=model.manifest.digest,
        weights=weights.digest,
        options=options,
        context_length=context,
        size=memory(weights.size, context),
        details=details,
    )


def _present(layer: Layer) -> Line:
    status = f"pulling {layer.digest[7:19]}"
    return {"status": status, "digest": layer.digest, "total": layer.size, "completed": layer.size}

"""Which names share a runner.

Ollama keeps one runner for the same weights under the same load parameters, and `/api/ps` lists it under the first
name that loaded it only. So whether a model answers at once cannot be read from names. It is read from what
`/api/show` says of the weights and the parameters, asked once for each version (digest) of the few models that matter.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import InstalledModel
from venom_modeld.runtimes.ollama.answers import Running, Shown
from venom_modeld.runtimes.ollama.errors import Refused

LOAD_PARAMETERS = frozenset(
    {"num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict"}
)
"""The parameters for which Ollama starts another runner; the `Runner` options of its `api/types.go`."""

_BLOB = re.compile(r"^(FROM|ADAPTER|DRAFT) .*sha256[-:]([0-9a-f]{64})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerKey:
    """What decides whether two models share a runner."""

    blobs: tuple[tuple[str, str], ...]
    parameters: frozenset[tuple[str, str]]


def runner_key(shown: Shown) -> RunnerKey | None:
    """Return the key of a model, or None where its modelfile names no blob of weights.

    Only the head of the modelfile is read: a system prompt further down may hold any line.
    """
    blobs: list[tuple[str, str]] = []
    for line in shown.modelfile.splitlines():
        found = _BLOB.match(line)
        if found:
            blobs.append((found[1], found[2]))
        elif line and not line.startswith("#"):
            break
    if not blobs:
        return None
    pairs = (line.split(maxsplit=1) for line in shown.parameters.splitlines())
    return RunnerKey(
        blobs=tuple(blobs),
        parameters=frozenset((pair[0], pair[1]) for pair in pairs if len(pair) == 2 and pair[0] in LOAD_PARAMETERS),
    )


class Runners:
    """Finds the names that a loaded model answers for; remembers the key of each version it asked for."""

    def __init__(self, show: Callable[[ModelName], Awaitable[Shown]]) -> None:
        self._show = show
        self._keys: dict[str, RunnerKey | None] = {}

    async def served(
        self,
        installed: Mapping[ModelName, InstalledModel],
        running: Collection[Running],
        interest: Collection[ModelName],
    ) -> Mapping[str, frozenset[ModelName]]:
        """Return, by the digest of each loaded model, the installed names that it answers for.

        Those are all names of the same digest and, of the models of interest, those with the same runner.
        """
        digests = {loaded.digest for loaded in running}
        self._forget_but(digests | {model.digest for model in installed.values()})
        named = _by_digest(installed.values(), digests)
        open_questions = [
            model for model in (installed.get(name) for name in interest) if model and model.digest not in digests
        ]
        if open_questions:
            for digest in digests:
                named[digest] |= await self._sharing(digest, installed, open_questions)
        return {digest: frozenset(names) for digest, names in named.items()}

    async def _sharing(
        self, digest: str, installed: Mapping[ModelName, InstalledModel], models: Iterable[InstalledModel]
    ) -> set[ModelName]:
        mine = await self._key(digest, next((one for one in installed.values() if one.digest == digest), None))
        if mine is None:
            return set()
        return {model.name for model in models if await self._key(model.digest, model) == mine}

    async def _key(self, digest: str, model: InstalledModel | None) -> RunnerKey | None:
        """Return the key of a version, by asking for an installed model that has it; None where that is unknown."""
        if digest in self._keys or model is None:
            return self._keys.get(digest)
        try:
            shown = await self._show(model.name)
        except Refused:
            return None
        if shown.modified_at != model.modified_at:
            return None
        return self._keys.setdefault(digest, runner_key(shown))

    def _forget_but(self, digests: Collection[str]) -> None:
        if any(digest not in digests for digest in self._keys):
            self._keys = {digest: key for digest, key in self._keys.items() if digest in digests}


def _by_digest(models: Iterable[InstalledModel], digests: Collection[str]) -> dict[str, set[ModelName]]:
    named: dict[str, set[ModelName]] = {digest: set() for digest in digests}
    for model in models:
        if model.digest in named:
            named[model.digest].add(model.name)
    return named

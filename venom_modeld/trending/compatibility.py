"""Whether a runtime can serve a name, looked up where the name leads: for checks of the file, and for conditions.

What cannot be looked up now is unknown, and no reason against a name.
"""

import difflib
from collections.abc import Callable, Iterable

from venom_modeld.core.catalogue import Compatibility, Verdict
from venom_modeld.core.names import (
    HUB_HOSTS,
    OLLAMA_REGISTRY,
    InvalidName,
    ModelName,
    OllamaParts,
    parse_ollama,
    split_ollama,
)
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.classify import HUB_PREFIX, OLLAMA, VLLM, Repository, not_on_ollama, not_on_vllm
from venom_modeld.trending.errors import NoSuchModel, SourceFailed, Throttled
from venom_modeld.trending.hub_files import names_of
from venom_modeld.trending.hub_process import Hub
from venom_modeld.trending.huggingface import read_repository
from venom_modeld.trending.manifests import Manifests

_YES = Compatibility(verdict=Verdict.YES)


class Checker:
    """Looks names up. `hub` is None where the Hub must not be asked; `known` gives names of Ollama's library."""

    def __init__(self, *, manifests: Manifests, hub: Hub | None, known: Callable[[], Iterable[str]] = tuple) -> None:
        self._manifests = manifests
        self._hub = hub
        self._known = known

    async def check(self, kind: str, name: str) -> Compatibility:
        """Tell whether a runtime of a kind (`ollama`, `vllm`) can serve a name as it stands in the file.

        Raises nothing: what cannot be known now is UNKNOWN, with why.
        """
        try:
            if kind == VLLM:
                return await self._on_vllm(name)
            if kind == OLLAMA:
                return await self._on_ollama(name)
        except NoSuchModel as error:
            return Compatibility(verdict=Verdict.NO, message=error.message)
        except InvalidName as error:
            return Compatibility(verdict=Verdict.NO, message=str(error))
        except (SourceFailed, Throttled) as error:
            return Compatibility(verdict=Verdict.UNKNOWN, message=error.message)
        return Compatibility(verdict=Verdict.UNKNOWN, message=f"Nothing is known of runtimes of the kind {kind}.")

    async def _on_vllm(self, name: str) -> Compatibility:
        repository = await self._repository(name)
        return self._verdict(repository, not_on_vllm(repository))

    async def _on_ollama(self, name: str) -> Compatibility:
        parts = split_ollama(name)
        if parts.host.lower() in HUB_HOSTS:
            repository = await self._repository(f"{parts.namespace}/{parts.model}")
            return self._verdict(repository, not_on_ollama(repository) or _no_such_version(repository, parts))
        if parts.host.lower() != OLLAMA_REGISTRY:
            return Compatibility(verdict=Verdict.UNKNOWN, message=f"{parts.host} is not looked up.")
        return await self._in_library(parse_ollama(name))

    async def _in_library(self, name: ModelName) -> Compatibility:
        try:
            await self._manifests.digest(name)
        except NoSuchModel as error:
            bare = name.text.partition(":")[0]
            known = set(self._known())
            if bare in known:
                advice = f"; https://ollama.com/library/{bare}/tags lists its tags"
            else:
                near = difflib.get_close_matches(bare, sorted(known), n=1)
                advice = f"; did you mean {near[0]!r}?" if near else "; write a name that https://ollama.com/search has"
            message = error.message.rstrip(".") + advice
            return Compatibility(verdict=Verdict.NO, message=message)
        return _YES

    async def _repository(self, name: str) -> Repository:
        if self._hub is None:
            raise SourceFailed("The Hub is not asked while it is set to offline.", reason=Reason.UNREACHABLE)
        reply = await self._hub.ask({"do": "info", "repository": name})
        return read_repository(reply.value)

    def _verdict(self, repository: Repository, against: str | None) -> Compatibility:
        if against is not None:
            return Compatibility(verdict=Verdict.NO, message=against)
        if repository.gated and self._hub is not None:
            page = f"{self._hub.url}/{repository.id}"
            return Compatibility(verdict=Verdict.YES, message=f"{repository.id} is gated: ask for access at {page}")
        return _YES


def _no_such_version(repository: Repository, parts: OllamaParts) -> str | None:
    """Return why a tag names no quantisation of a repository, and which there are; None where it may be one."""
    names = names_of(repository.files or ())
    if (
        parts.tag == "latest"
        or not names
        or parts.tag.upper() in {*names, *(name.removeprefix("UD-") for name in names)}
    ):
        return None
    name = f"{HUB_PREFIX}{repository.id}"
    return f"{repository.id} has no version {parts.tag!r}; write {name}:QUANT with one of {', '.join(names)}"

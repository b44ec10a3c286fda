"""Whether a runtime can serve a name, looked up where the name leads: for checks of the file, and for conditions.

What cannot be looked up now is unknown, and no reason against a name.
"""

import asyncio
import difflib
from collections.abc import Callable, Iterable

from venom_modeld.core.catalogue import Compatibility, Verdict
from venom_modeld.core.names import (
    HUB_HOSTS,
    OLLAMA_REGISTRY,
    InvalidName,
    ModelName,
    OllamaParts,
    Provider,
    parse_ollama,
    split_ollama,
)
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.classify import HUB_PREFIX, OLLAMA, VLLM, Repository, not_on_ollama, not_on_vllm
from venom_modeld.trending.errors import NoSuchModel, SourceFailed, Throttled
from venom_modeld.trending.hub_files import names_of
from venom_modeld.trending.hub_process import Call, Hub, HubReply
from venom_modeld.trending.huggingface import read_repository
from venom_modeld.trending.manifests import Manifests

PATIENCE = 10.0
"""Seconds that an advice may take: somebody waits for it who can do without."""

TOGETHER = 20
"""How many repositories the Hub is asked for by one process."""

LIKENESS = 0.75
"""How much alike two names must be for one to be meant by the other; 1 is the same."""

Name = tuple[str, str]
"""The kind of a runtime, and a name as it stands in the file."""

Known = Callable[[Provider], Iterable[str]]
"""Gives names of a provider's models that were seen in its lists."""

_YES = Compatibility(verdict=Verdict.YES)


def nothing(_: Provider) -> Iterable[str]:
    """Give no names."""
    return ()


class Checker:
    """Looks names up. `hub` is None where the Hub must not be asked; `known` gives names to suggest."""

    def __init__(self, *, manifests: Manifests, hub: Hub | None, known: Known = nothing) -> None:
        self._manifests = manifests
        self._hub = hub
        self._known = known
        self._ahead: dict[str, HubReply | SourceFailed] = {}

    async def check_all(self, names: Iterable[Name]) -> dict[Name, Compatibility]:
        """Tell of many names what `check` tells of one; the Hub is asked for all of its own together."""
        names = list(dict.fromkeys(names))
        repositories = dict.fromkeys(_repository_of(*name) for name in names)
        self._ahead = await self._read_ahead([name for name in repositories if name is not None])
        try:
            return {name: await self.check(*name) for name in names}
        finally:
            self._ahead = {}

    async def _read_ahead(self, repositories: list[str]) -> dict[str, HubReply | SourceFailed]:
        """Return what the Hub says of repositories; an outage counts for all that it was not asked for any more."""
        found: dict[str, HubReply | SourceFailed] = {}
        if self._hub is None:
            return found
        for start in range(0, len(repositories), TOGETHER):
            part = repositories[start : start + TOGETHER]
            replies = await self._hub.ask_all([_info(name) for name in part])
            found |= zip(part, replies, strict=False)
            last = replies[-1] if replies else None
            if isinstance(last, SourceFailed) and last.reason not in (Reason.NOT_FOUND, Reason.ACCESS_DENIED):
                return dict.fromkeys(repositories, last) | found
        return found

    async def check(self, kind: str, name: str) -> Compatibility:
        """Tell whether a runtime of a kind (`ollama`, `vllm`) can serve a name as it stands in the file.

        Raises nothing: what cannot be known now is UNKNOWN, with why.
        """
        try:
            if kind == VLLM:
                return await self._on_vllm(name)
            if kind == OLLAMA:
                return await self._on_ollama(name)
        except InvalidName as error:
            return Compatibility(verdict=Verdict.NO, message=str(error))
        except (SourceFailed, Throttled) as error:
            return Compatibility(verdict=Verdict.UNKNOWN, message=error.message)
        return Compatibility(verdict=Verdict.UNKNOWN, message=f"Nothing is known of runtimes of the kind {kind}.")

    async def advise(self, kind: str, name: str) -> str | None:
        """Return what to write instead of a name that a runtime of a kind could not get; None where that is unknown.

        Takes 10 seconds at the most.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self.check(kind, name)
        except TimeoutError:
            return None
        return found.instead if found.verdict is Verdict.NO else None

    async def _on_vllm(self, name: str) -> Compatibility:
        found = await self._repository(name)
        return found if isinstance(found, Compatibility) else self._verdict(found, not_on_vllm(found))

    async def _on_ollama(self, name: str) -> Compatibility:
        parts = split_ollama(name)
        if parts.host.lower() in HUB_HOSTS:
            found = await self._repository(f"{parts.namespace}/{parts.model}", written=HUB_PREFIX)
            if isinstance(found, Compatibility):
                return found
            return self._verdict(found, not_on_ollama(found) or _no_such_version(found, parts))
        if parts.host.lower() != OLLAMA_REGISTRY:
            return Compatibility(verdict=Verdict.UNKNOWN, message=f"{parts.host} is not looked up.")
        return await self._in_library(parse_ollama(name))

    async def _in_library(self, name: ModelName) -> Compatibility:
        try:
            await self._manifests.digest(name)
        except NoSuchModel as error:
            return _no(error.message, self._library_advice(name))
        return _YES

    def _library_advice(self, name: ModelName) -> str:
        bare = name.text.partition(":")[0]
        known = set(self._known(Provider.OLLAMA))
        if bare in known:
            return f"https://ollama.com/library/{bare}/tags lists its tags."
        return _nearest(bare, known) or "Write a name that https://ollama.com/search has."

    async def _repository(self, name: str, *, written: str = "") -> Repository | Compatibility:
        """Return what the Hub says of a repository, before whose name the file has `written`."""
        if self._hub is None:
            raise SourceFailed("The Hub is not asked while it is set to offline.", reason=Reason.UNREACHABLE)
        try:
            reply = self._ahead.get(name) or await self._hub.ask(_info(name))
            if isinstance(reply, SourceFailed):
                raise reply
        except NoSuchModel as error:
            known = [one for one in self._known(Provider.HUGGINGFACE) if one.startswith(HUB_PREFIX) == bool(written)]
            return _no(error.message, _nearest(written + name, known))
        return read_repository(reply.value)

    def _verdict(self, repository: Repository, against: str | None) -> Compatibility:
        if against is not None:
            return Compatibility(verdict=Verdict.NO, message=against, instead=f"{against}.")
        if repository.gated and self._hub is not None:
            page = f"{self._hub.url}/{repository.id}"
            return Compatibility(verdict=Verdict.YES, message=f"{repository.id} is gated: ask for access at {page}")
        return _YES


def _info(repository: str) -> Call:
    return {"do": "info", "repository": repository}


def _repository_of(kind: str, name: str) -> str | None:
    """Return the repository of the Hub that a name means; None where it means none."""
    if kind == VLLM:
        return name
    if kind != OLLAMA:
        return None
    try:
        parts = split_ollama(name)
    except InvalidName:
        return None
    return f"{parts.namespace}/{parts.model}" if parts.host.lower() in HUB_HOSTS else None


def _no(why: str, instead: str | None) -> Compatibility:
    message = f"{why} {instead}" if instead else why
    return Compatibility(verdict=Verdict.NO, message=message, instead=instead)


def _nearest(name: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=LIKENESS)
    return f"Did you mean {near[0]!r}?" if near else None


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

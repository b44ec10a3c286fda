"""What the Hub publishes under a revision now: its commit and all files with sizes and hashes, by one request."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from venom_modeld.core.errors import ModeldError, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.transport import (
    Answer,
    NotJson,
    Timeouts,
    Transport,
    Trouble,
    host_of,
    parse_object,
    target_of,
)
from venom_modeld.runtimes.vllm.weights import errors, layout
from venom_modeld.runtimes.vllm.weights.errors import Doing, Refusal
from venom_modeld.runtimes.vllm.weights.files import BadListing, RemoteFile, read_siblings
from venom_modeld.runtimes.vllm.weights.hub import Hub

MAX_REDIRECTS = 3
"""From a mirror to the Hub, and from the former name of a repository to its present one."""

HUB_HOSTS = frozenset({"hf.co", "huggingface.co"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A revision of a repository, resolved: the commit it names now, and all files of that commit."""

    commit: str
    files: tuple[RemoteFile, ...]


class HubClient:
    """Asks one Hub about repositories."""

    def __init__(self, hub: Hub, environment: Environment) -> None:
        self._hub = hub
        self._environment = environment
        self._transports: dict[str, Transport] = {}

    async def resolve(self, doing: Doing, token: str | None) -> Revision:
        """Return what the revision of `doing` is now. Raises TemporaryError and PermanentError."""
        if self._hub.offline:
            raise TemporaryError(
                f"{doing.sentence}: HF_HUB_OFFLINE is set for the daemon, so the Hub is not asked. Take it out of the"
                " daemon's environment; serving offline needs no such setting.",
                reason=Reason.REGISTRY_UNREACHABLE,
            )
        path = f"/api/models/{doing.repository}/revision/{quote(doing.revision, safe='')}?blobs=true"
        try:
            answer = await self._get(path, token)
        except _LostError as lost:
            raise _lost(lost, doing) from lost
        if answer.status != 200:
            raise errors.refused(Refusal.of(answer.status, answer.headers, _words(answer)), doing)
        return _read(answer, doing)

    async def close(self) -> None:
        """Close the connections."""
        for transport in self._transports.values():
            await transport.close()

    async def _get(self, path: str, token: str | None) -> Answer:
        url = self._hub.endpoint
        for _ in range(MAX_REDIRECTS):
            answer = await self._ask(url, path, token)
            target = self._sibling(url, path, answer)
            if target is None:
                return answer
            url, path = target
        return await self._ask(url, path, token)

    async def _ask(self, url: str, path: str, token: str | None) -> Answer:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        return await self._transport(url).send("GET", path, headers=headers)

    def _sibling(self, url: str, path: str, answer: Answer) -> tuple[str, str] | None:
        """Return where the Hub sends us within itself; no other redirect is followed, and none gets the token."""
        if answer.status not in (301, 302, 303, 307, 308):
            return None
        target = target_of(url + path, answer.headers)
        base = f"{target.scheme}://{target.netloc}"
        trusted = base == self._hub.endpoint or (target.scheme == "https" and host_of(base) in HUB_HOSTS)
        return (base, f"{target.path}?{target.query or 'blobs=true'}") if trusted else None

    def _transport(self, url: str) -> Transport:
        if url not in self._transports:
            self._transports[url] = Transport(
                url,
                translate=_LostError,
                timeouts=Timeouts(connect=self._environment.connect_timeout, answer=self._environment.read_timeout),
                user_agent=self._environment.user_agent,
                proxied=True,
            )
        return self._transports[url]


class _LostError(ModeldError):
    """No sensible answer came; the sentence is made where it is known what was asked for."""

    def __init__(self, trouble: Trouble, words: str) -> None:
        super().__init__(words, reason=Reason.REGISTRY_UNREACHABLE)
        self.trouble = trouble


def _lost(lost: _LostError, doing: Doing) -> ModeldError:
    if lost.trouble is Trouble.INVALID:
        return errors.nonsense(lost.message, doing)
    return errors.unreachable(lost.message, doing)


def _read(answer: Answer, doing: Doing) -> Revision:
    try:
        found = parse_object(answer.body)
        commit = found.get("sha")
        if not isinstance(commit, str) or not layout.is_commit(commit):
            raise errors.nonsense("it names no commit", doing)
        return Revision(commit=commit, files=read_siblings(found.get("siblings")))
    except (NotJson, BadListing) as error:
        raise errors.nonsense(str(error), doing) from error


def _words(answer: Answer) -> str:
    """Return the words of a refusal: JSON from the Hub itself, plain text or a page from what stands before it."""
    try:
        said: Any = parse_object(answer.body).get("error")
    except NotJson:
        page = "html" in answer.headers.get("content-type", "")
        return "a page instead of an answer" if page else answer.body.decode("utf-8", "replace")
    return said if isinstance(said, str) else ""

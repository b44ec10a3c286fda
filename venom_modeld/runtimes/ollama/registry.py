"""What a registry publishes under a name now: the digest and size of its manifest, without downloading the model.

The digest that `/api/tags` shows is the sha256 of the manifest's bytes, so a moved tag is found by one small request.
Hugging Face speaks the same protocol for its GGUF repositories.
"""

import asyncio
import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from venom_modeld.core.errors import ModeldError, PermanentError, TemporaryError
from venom_modeld.core.names import HUB_HOSTS, OLLAMA_REGISTRY, ModelName, split_ollama
from venom_modeld.core.observed import RemoteModel
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.ollama.answers import error_text
from venom_modeld.runtimes.ollama.errors import Doing, clean, registry_error
from venom_modeld.runtimes.transport import (
    Answer,
    NotJson,
    Timeouts,
    Transport,
    Trouble,
    host_of,
    is_loopback,
    parse_object,
    target_of,
    without_secrets,
)

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"

MAX_REDIRECTS = 3
"""From one of Hugging Face's hosts to the other, and from the former name of a repository to its present one."""


class Registry:
    """Reads manifests of the registries that names point to.

    `insecure` holds the hosts that are spoken to over plain http; those on a loopback address always are.
    """

    def __init__(self, *, runtime: str, insecure: Collection[str], environment: Environment) -> None:
        self._runtime = runtime
        self._insecure = frozenset(host.lower() for host in insecure)
        self._environment = environment
        self._transports: dict[str, Transport] = {}

    def is_insecure(self, name: ModelName) -> bool:
        """Tell whether the registry of a name is spoken to over plain http."""
        host = split_ollama(name.text).host.lower()
        return host in self._insecure or is_loopback(host_of(f"http://{host}"))

    async def look_up(self, name: ModelName) -> RemoteModel:
        """Return what a registry publishes under a name.

        Raises TemporaryError, or PermanentError where there is no such model, it is not for us, or its registry needs
        a word in the file.
        """
        parts = split_ollama(name.text)
        url = self._url(name)
        shown = f"{name.text} at {without_secrets(url)}"
        doing = Doing(runtime=self._runtime, action="looking up", model=shown)
        answer = await self._get(url, f"/v2/{parts.namespace}/{parts.model}/manifests/{parts.tag}")
        if answer.status != 200:
            raise _refused(answer, doing)
        return _read(answer, doing)

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(*(transport.close() for transport in self._transports.values()))

    def _url(self, name: ModelName) -> str:
        host = split_ollama(name.text).host
        if host.lower() == OLLAMA_REGISTRY:
            return self._environment.registry_url
        return f"{'http' if self.is_insecure(name) else 'https'}://{host}"

    async def _get(self, url: str, path: str) -> Answer:
        answer = await self._transport(url).send("GET", path, headers={"Accept": MANIFEST_TYPE})
        for _ in range(MAX_REDIRECTS):
            target = _sibling(url, path, answer)
            if target is None:
                break
            url, path = target
            answer = await self._transport(url).send("GET", path, headers={"Accept": MANIFEST_TYPE})
        return answer

    def _transport(self, url: str) -> Transport:
        if url not in self._transports:
            self._transports[url] = Transport(
                url,
                translate=_Translator(f"{self._runtime}: the registry {without_secrets(url)}"),
                timeouts=Timeouts(connect=self._environment.connect_timeout, answer=self._environment.read_timeout),
                user_agent=self._environment.user_agent,
                proxied=True,
            )
        return self._transports[url]


class _Translator:
    """Says what is wrong between us and one registry."""

    def __init__(self, registry: str) -> None:
        self._registry = registry

    def __call__(self, trouble: Trouble, words: str) -> ModeldError:
        said = clean(words)
        if trouble is Trouble.TLS and "certificate" not in said.lower():
            return PermanentError(
                f"{self._registry} does not speak https: {said}. If plain http is meant, add its host under `insecure:`"
                " of the runtime.",
                reason=Reason.REGISTRY_INSECURE,
            )
        if trouble is Trouble.TLS:
            return TemporaryError(
                f"{self._registry} cannot be trusted: {said}. Mend its certificate, or make this host trust it.",
                reason=Reason.REGISTRY_INSECURE,
            )
        reason = Reason.REGISTRY_ERROR if trouble is Trouble.INVALID else Reason.REGISTRY_UNREACHABLE
        return TemporaryError(
            f"{self._registry} gave no manifest: {said}. It is tried again later; check that it can be reached from"
            " this host.",
            reason=reason,
        )


def _sibling(url: str, path: str, answer: Answer) -> tuple[str, str] | None:
    """Return where Hugging Face sends us within its own hosts; no other redirect is followed."""
    if answer.status not in (301, 302, 303, 307, 308) or host_of(url).lower() not in HUB_HOSTS:
        return None
    target = target_of(url + path, answer.headers)
    if target.scheme != "https" or (target.hostname or "").lower() not in HUB_HOSTS:
        return None
    return f"https://{target.netloc}", target.path


def _refused(answer: Answer, doing: Doing) -> ModeldError:
    if answer.status == 404:
        return registry_error("file does not exist", doing)
    error = registry_error(f"{answer.status}: {_words(answer)}", doing)
    if isinstance(error, TemporaryError):
        wait = answer.headers.get("retry-after", "")
        seconds = float(wait) if wait.isascii() and wait.isdigit() else None
        return TemporaryError(error.message, reason=error.reason, retry_after=seconds)
    return error


def _words(answer: Answer) -> str:
    if "location" in answer.headers:
        return f"it sends us to {without_secrets(answer.headers['location'])}"
    return answer.body.decode("utf-8", "replace")


def _read(answer: Answer, doing: Doing) -> RemoteModel:
    try:
        manifest = parse_object(answer.body)
        size = sum(_size(layer) for layer in _layers(manifest))
    except NotJson as error:
        raise TemporaryError(
            f"{doing.sentence}: the registry gave no manifest: {error}. It is tried again later.",
            reason=Reason.REGISTRY_ERROR,
        ) from error
    return RemoteModel(digest="sha256:" + hashlib.sha256(answer.body).hexdigest(), size_bytes=size)


def _layers(manifest: Mapping[str, Any]) -> list[Any]:
    layers, config = manifest.get("layers"), manifest.get("config")
    if not isinstance(layers, list) or not layers:
        raise NotJson(error_text(manifest) or "it has no layers")
    return [*layers, *([config] if config is not None else [])]


def _size(layer: Any) -> int:
    size = layer.get("size") if isinstance(layer, dict) else None
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise NotJson("a layer of it has no size")
    return size

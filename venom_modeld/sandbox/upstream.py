"""Ollama's side of the conversation with registries, over real HTTP, with Ollama's words for what fails.

Names of the public registries reach the sandbox's own; every other host is reached as its name says. A registry that
speaks plain HTTP needs `insecure`; registries over TLS are not spoken to.
"""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import NoReturn

import httpx2

from venom_modeld.sandbox.artifacts import Manifest, read_manifest
from venom_modeld.sandbox.faults import Faults
from venom_modeld.sandbox.gojson import describe_error
from venom_modeld.sandbox.names import DEFAULT_HOST, ModelName

PUBLIC_HOSTS = frozenset({DEFAULT_HOST, "hf.co", "huggingface.co"})
SMALL = 1_048_576


class PullError(Exception):
    """A pull failed; the text is what Ollama says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a model is pulled from."""

    name: ModelName
    insecure: bool

    @property
    def public(self) -> bool:
        """Whether the sandbox's own registry stands in for it."""
        return self.name.host.casefold() in PUBLIC_HOSTS

    @property
    def shown(self) -> str:
        """The address of the manifest as error messages show it."""
        scheme = "http" if self.insecure else "https"
        return f"{scheme}://{self.name.host}/v2/{self.name.repository}/manifests/{self.name.tag}"


class Upstream:
    """Asks registries for manifests and blobs."""

    def __init__(self, registry_url: str, faults: Faults, *, connect_timeout: float) -> None:
        self._registry_url = registry_url
        self._faults = faults
        self._connect_timeout = connect_timeout
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(None, connect=connect_timeout), trust_env=False, verify=_no_authorities()
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def manifest(self, source: Source) -> Manifest:
        """Fetch a manifest; raises `PullError`."""
        try:
            return await self._manifest(source)
        except PullError as error:
            message = f"pull model manifest: {error}"
            raise PullError(message) from error

    async def blob_size(self, source: Source, digest: str) -> int:
        """Ask for the size of a blob; raises `PullError`."""
        answer = await self._ask("HEAD", source, f"blobs/{digest}")
        if answer.status_code != httpx2.codes.OK:
            message = f"{answer.status_code}: {answer.text}"
            raise PullError(message)
        return int(answer.headers.get("content-length", 0))

    async def blob_location(self, source: Source, digest: str) -> str | None:
        """Ask where a blob can be had; None when the registry fails, which is tried again.

        Raises `PullError` for a registry that does not redirect, which Ollama cannot pull from.
        """
        answer = await self._ask("GET", source, f"blobs/{digest}")
        if answer.is_error:
            return None
        location = answer.headers.get("location")
        if location is None:
            raise PullError("http: no Location header in response")
        return str(answer.url.join(location))

    async def blob_content(self, location: str) -> bytes | None:
        """Fetch the bytes of a small blob; None where they do not exist. Raises `PullError`."""
        try:
            answer = await self._client.get(location)
        except httpx2.TransportError as error:
            message = f"max retries exceeded: {str(error) or 'EOF'}"
            raise PullError(message) from error
        return answer.content if answer.status_code == httpx2.codes.OK else None

    async def _manifest(self, source: Source) -> Manifest:
        await self._reach(source)
        answer = await self._ask("GET", source, f"manifests/{source.name.tag}")
        if answer.status_code == httpx2.codes.NOT_FOUND:
            raise PullError("file does not exist")
        if answer.status_code == httpx2.codes.UNAUTHORIZED:
            message = f'realm host "" does not match original host "{source.name.host}"'
            raise PullError(message)
        if answer.is_error:
            message = f"{answer.status_code}: {answer.text}"
            raise PullError(message)
        try:
            return read_manifest(answer.content)
        except ValueError as error:
            raise PullError(describe_error(answer.content)) from error

    async def _ask(self, method: str, source: Source, path: str) -> httpx2.Response:
        base = self._registry_url if source.public else f"http://{source.name.host}"
        url = f"{base}/v2/{source.name.repository}/{path}"
        try:
            return await self._client.request(method, url)
        except httpx2.TransportError as error:
            message = f'Get "{source.shown}": {str(error) or "EOF"}'
            raise PullError(message) from error

    async def _reach(self, source: Source) -> None:
        """Find out whether a registry is there at all, and speaks what is expected."""
        if self._faults.registry_network == "black_hole":
            await asyncio.sleep(self._connect_timeout)
            _fail(source, f"dial tcp {source.name.host}: i/o timeout")
        if self._faults.registry_network == "unknown_host":
            _fail(source, _unknown(source.name.host))
        if self._faults.registry_network == "refused":
            _fail(source, f"dial tcp {source.name.host}: connect: connection refused")
        if not source.public:
            await self._connect(source)

    async def _connect(self, source: Source) -> None:
        host, _, port = source.name.host.partition(":")
        number = int(port) if port.isdecimal() else (80 if source.insecure else 443)
        try:
            async with asyncio.timeout(self._connect_timeout):
                _, writer = await asyncio.open_connection(host, number)
        except socket.gaierror:
            _fail(source, _unknown(host))
        except TimeoutError:
            _fail(source, f"dial tcp {host}:{number}: i/o timeout")
        except OSError as error:
            _fail(source, f"dial tcp {_address(host)}:{number}: connect: {_reason(error)}")
        writer.close()
        await writer.wait_closed()
        if not source.insecure:
            _fail(source, "tls: first record does not look like a TLS handshake")


def _no_authorities() -> ssl.SSLContext:
    """Trust nobody: TLS is never spoken, and to load the known authorities takes longer than all the rest."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _fail(source: Source, reason: str) -> NoReturn:
    message = f'Get "{source.shown}": {reason}'
    raise PullError(message)


def _unknown(host: str) -> str:
    return f"dial tcp: lookup {host} on 127.0.0.1:53: no such host"


def _address(host: str) -> str:
    return "127.0.0.1" if host == "localhost" else host


def _reason(error: OSError) -> str:
    return "connection refused" if isinstance(error, ConnectionRefusedError) else str(error.strerror or error).lower()

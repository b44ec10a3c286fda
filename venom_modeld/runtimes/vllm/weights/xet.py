"""Large files by the Hub's own storage protocol, through huggingface_hub and hf_xet, which speak it.

It is faster than plain HTTP and cannot go on where an earlier process stopped. Whether the Hub offers it for a file is
told by a header. Where it fails, for whatever reason, plain HTTP does the rest.
"""

import importlib.util
from types import TracebackType
from typing import Any, Self

import httpx2

from venom_modeld.runtimes.vllm.weights.files import RemoteFile
from venom_modeld.runtimes.vllm.weights.job import Install
from venom_modeld.runtimes.vllm.weights.plain import Told


class XetFailed(Exception):
    """It did not work; the words are those of the library."""


def is_there() -> bool:
    """Tell whether the libraries are installed, without importing them."""
    return all(importlib.util.find_spec(name) is not None for name in ("huggingface_hub", "hf_xet"))


def is_offered(client: httpx2.Client, url: str) -> bool:
    """Tell whether the Hub offers a file this way; a refusal is left to the download, which explains it."""
    try:
        answer = client.head(url, follow_redirects=False)
    except httpx2.TransportError:
        return False
    return answer.status_code < 400 and "x-xet-hash" in answer.headers


def fetch(job: Install, file: RemoteFile, told: Told) -> None:
    """Fetch a file into the cache. Raises XetFailed."""
    from huggingface_hub import hf_hub_download  # noqa: PLC0415 - it takes 0.3 s, and most downloads do without it

    class Bar(_Bar):
        tell = staticmethod(told)

    bar: Any = Bar
    try:
        hf_hub_download(
            job.repository,
            file.path,
            revision=job.commit,
            cache_dir=job.cache,
            endpoint=job.endpoint,
            token=job.token or False,
            user_agent=job.user_agent,
            tqdm_class=bar,
        )
    except Exception as error:  # the library raises RuntimeError and more; plain HTTP finds out what really is wrong
        raise XetFailed(str(error)) from error


class _Bar:
    """A progress bar, as huggingface_hub drives one, that only tells how far it is."""

    tell: Told

    def __init__(self, *_args: object, initial: int = 0, total: int | None = None, **_more: object) -> None:
        self.n = initial
        self.total = total

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def update(self, count: float | None = 1) -> None:
        """Take bytes that were written to the disk."""
        self.n += int(count or 0)
        self.tell(self.n)

    def update_transfer(self, count: float | None = 1) -> None:
        """Take bytes that came over the network, which may be fewer or more."""

    def set_postfix_str(self, *_args: object, **_more: object) -> None:
        """Take words for a terminal."""

    def set_transfer_postfix_str(self, *_args: object, **_more: object) -> None:
        """Take words for a terminal."""

    def close(self) -> None:
        """End."""

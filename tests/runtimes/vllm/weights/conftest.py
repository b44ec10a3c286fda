"""Fixtures for weights: a Hub over real HTTP, a cache on the disk, and the children that work in it."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from venom_modeld.core.progress import Progress
from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.vllm.weights import layout, record
from venom_modeld.runtimes.vllm.weights.cache import Weights
from venom_modeld.runtimes.vllm.weights.files import RemoteFile
from venom_modeld.runtimes.vllm.weights.hub import Hub as Access
from venom_modeld.runtimes.vllm.weights.layout import Place
from venom_modeld.runtimes.vllm.weights.record import Mark
from venom_modeld.sandbox.hub import Hub, HubSettings
from venom_modeld.sandbox.hub.content import Content
from venom_modeld.sandbox.hub.repositories import small_model

RUNTIME = "Runtime 'gpu' (http://127.0.0.1:8000)"
MODEL = "org/model"
MakeWeights = Callable[..., Weights]


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """Start a Hub that holds nothing."""
    async with Hub(HubSettings(catalogue=False)) as running:
        yield running


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """Give the settings of the daemon."""
    return Environment(
        connect_timeout=5.0,
        read_timeout=10.0,
        load_timeout=10.0,
        registry_url="http://127.0.0.1:1",
        user_agent="venom-modeld/test",
        state_dir=tmp_path / "state",
    )


@pytest.fixture
def access(hub: Hub, tmp_path: Path) -> Access:
    """Give the address of the Hub and a cache, which is not there yet."""
    return Access(cache=tmp_path / "home" / "hub", endpoint=hub.url, retry_pause=0.02)


@pytest.fixture
async def make_weights(access: Access, environment: Environment) -> AsyncIterator[MakeWeights]:
    """Make weights that are closed at the end; keywords are fields of the Hub's address."""
    async with AsyncExitStack() as stack:

        def make(**changes: Any) -> Weights:
            made = Weights(replace(access, **changes), runtime=RUNTIME, environment=environment)
            stack.push_async_callback(made.close)
            return made

        yield make


@pytest.fixture
def weights(make_weights: MakeWeights) -> Weights:
    """Give the weights of an anonymous visitor."""
    return make_weights()


@pytest.fixture
def place(access: Access) -> Place:
    """Give the place of the usual model in the cache."""
    return Place(access.cache, MODEL)


def quiet(_progress: Progress) -> None:
    """Report to nobody."""


def large(size: int = 12_000_000, parts: int = 1, seed: str = "") -> dict[str, bytes | Content]:
    """Return the files of a model whose weights take a moment to arrive."""
    return small_model(MODEL, weights=size, parts=parts, seed=seed)


def stored(hub: Hub, place: Place, *, revision: str = "main") -> str:
    """Lay what the Hub has at a revision into the cache as an install would, without running one; gives the commit."""
    repository = hub.repositories.named[place.repository]
    commit = repository.refs[revision]
    listing = []
    place.blobs.mkdir(parents=True, exist_ok=True)
    for path, file in repository.commits[commit].items():
        listing.append(RemoteFile(path=path, size=file.content.size, blob=file.etag))
        blob = place.blob(file.etag)
        if not blob.exists():
            blob.write_bytes(file.content.read(0, file.content.size))
        layout.link(place, commit, path, file.etag)
    marks = {file.blob: Mark.of(place.blob(file.blob)) for file in listing}
    record.change(place, lambda known: known.with_marks(marks).with_commit(commit, tuple(listing)))
    layout.point(place, revision, commit)
    return commit


def children(parent: int | None = None) -> list[int]:
    """Return the processes that a process has started and that download for it."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes()
            if int(fields[1]) == (parent or os.getpid()) and b"weights.child" in command:
                found.append(int(folder.name))
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process is there and not only waiting to be buried."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False

"""What downloads left behind goes only when nobody is writing it."""

import os
import time
from pathlib import Path

import pytest

from tests.runtimes.vllm.weights.conftest import MODEL, quiet
from venom_modeld.runtimes.vllm.weights import locks
from venom_modeld.runtimes.vllm.weights.cache import Weights
from venom_modeld.runtimes.vllm.weights.layout import PARTIAL, Place, link
from venom_modeld.runtimes.vllm.weights.tidying import QUIET_SECONDS, RESUMABLE_SECONDS, tidy
from venom_modeld.sandbox.hub import Hub

BLOB = "a" * 40


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Give a place whose folder of blobs is there."""
    place = Place(tmp_path / "hub", MODEL)
    place.blobs.mkdir(parents=True)
    return place


def _aged(path: Path, seconds: float) -> Path:
    path.write_bytes(b"x" * 100)
    os.utime(path, (0, time.time() - seconds))
    return path


@pytest.mark.parametrize(
    ("name", "age", "goes"),
    [
        (f"{BLOB}.01234567.incomplete", QUIET_SECONDS + 60, True),
        (f"{BLOB}.01234567.incomplete", QUIET_SECONDS - 60, False),
        (f"{BLOB}{PARTIAL}", QUIET_SECONDS + 60, False),
        (f"{BLOB}{PARTIAL}", RESUMABLE_SECONDS + 60, True),
        (BLOB, QUIET_SECONDS + 60, True),
        (BLOB, 0, False),
    ],
)
def test_left_overs_go_when_they_are_old(place: Place, name: str, age: float, goes: bool) -> None:
    """An unfinished or unlinked content goes after an hour, one that can be gone on with after a week."""
    path = _aged(place.blobs / name, age)
    assert tidy(place) == (100 if goes else 0)
    assert path.exists() is not goes


def test_what_is_linked_stays(place: Place) -> None:
    """A content that a snapshot leads to is no left-over, however old."""
    path = _aged(place.blob(BLOB), 10 * RESUMABLE_SECONDS)
    link(place, "1" * 40, "config.json", BLOB)
    shared = place.blobs / ("b" * 40)
    shared.symlink_to(path)
    assert tidy(place) == 0
    assert shared.is_symlink()


def test_what_somebody_writes_stays(place: Place) -> None:
    """A content whose lock is held is being written, and one of ours may be while an install of ours runs."""
    path = _aged(place.blobs / f"{BLOB}.01234567.incomplete", 10 * QUIET_SECONDS)
    with locks.holding(place.lock(BLOB)):
        assert tidy(place) == 0
    with locks.holding(place.installing, shared=True):
        assert tidy(place) == 0
    assert path.exists()
    assert tidy(place) == 100


async def test_every_repository_is_tidied(weights: Weights) -> None:
    """The whole cache is gone through, and other things in it are left alone."""
    for name in ("org/one", "org/two"):
        place = Place(weights.hub.cache, name)
        place.blobs.mkdir(parents=True)
        _aged(place.blobs / f"{BLOB}.0.incomplete", 2 * QUIET_SECONDS)
    stray = _aged(weights.hub.cache / "stray.incomplete", 2 * QUIET_SECONDS)
    assert await weights.tidy() == 200
    assert stray.exists()


async def test_a_finished_install_cleans_up_after_cut_ones(hub: Hub, weights: Weights) -> None:
    """What an earlier killed download of the same repository left goes with the next success."""
    hub.publish(MODEL)
    place = Place(weights.hub.cache, MODEL)
    place.blobs.mkdir(parents=True)
    left = _aged(place.blobs / f"{BLOB}.0.incomplete", 2 * QUIET_SECONDS)
    await weights.install(MODEL, "main", (), quiet)
    assert not left.exists()

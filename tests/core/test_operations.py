"""Operations: what makes one the same work as another."""

from dataclasses import replace

import pytest

from tests.core.values import install, model, name, remove
from venom_modeld.core.operations import ActivateModel, DeactivateModel, Operation, UpdateModel, accomplished

UPDATE = UpdateModel(runtime="one", reason="moved", spec=model("a"), from_digest="x", to_digest="y")
ACTIVATE = ActivateModel(runtime="one", reason="active", spec=model("a"), digest="x")
DEACTIVATE = DeactivateModel(runtime="one", reason="not wanted", name=name("a"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (install("a"), replace(install("a"), reason="other words", size_bytes=None), True),
        (install("a"), install("A:latest"), True),
        (install("a"), install("a", keep=True), True),
        (install("a"), install("b"), False),
        (install("a"), install("a", pin="sha256:x"), False),
        (install("a"), replace(install("a"), runtime="two"), False),
        (UPDATE, replace(UPDATE, from_digest="z"), True),
        (UPDATE, replace(UPDATE, to_digest="z"), False),
        (remove("a"), remove("a", digest="sha256:z"), False),
        (ACTIVATE, replace(ACTIVATE, primary=False), True),
        (ACTIVATE, replace(ACTIVATE, digest="z"), False),
        (ACTIVATE, replace(ACTIVATE, alias=name("default")), False),
        (ACTIVATE, replace(ACTIVATE, spec=model("a", serving="{}")), False),
        (DEACTIVATE, replace(DEACTIVATE, name=name("b")), False),
        (DEACTIVATE, remove("a"), False),
    ],
)
def test_the_key_is_of_what_is_done(one: Operation, other: Operation, same: bool) -> None:
    """Words and sizes do not make other work; another model, version, alias or definition does."""
    assert (one.key == other.key) is same


def test_a_key_is_short_and_lasting() -> None:
    """A key is the same in every process: failures are remembered by it across restarts."""
    assert install("a").key == "0a6a187d03b445b9"


@pytest.mark.parametrize(
    ("operation", "moved", "words"),
    [
        (replace(install("a"), size_bytes=523_000_000), 518_000_000, "installed, 523 MB"),
        (replace(install("a"), size_bytes=None), 2_000_000_000, "installed, 2.0 GB"),
        (replace(install("a"), size_bytes=None), 0, "installed"),
        (install("d", base="a"), 0, "installed"),
        (UPDATE, 2_000_000_000, "updated, 2.0 GB"),
        (replace(remove("a"), size_bytes=2_000_000_000), 0, "removed, 2.0 GB"),
        (replace(remove("a"), size_bytes=None), 0, "removed"),
        (ACTIVATE, 0, "loaded, and answered"),
        (replace(ACTIVATE, alias=name("default")), 0, "loaded, and answered; default:latest stands for it"),
        (DEACTIVATE, 0, "taken out of memory"),
    ],
)
def test_success_is_told_in_words(operation: Operation, moved: int, words: str) -> None:
    """What was done, and how much of it, as far as that is known."""
    assert accomplished(operation, moved_bytes=moved) == words


@pytest.mark.parametrize(
    ("freed", "words"),
    [(3_200_000_000, "removed; 3.2 GB freed"), (0, "removed; nothing freed"), (None, "removed, 2.0 GB")],
)
def test_a_removal_tells_what_it_freed(freed: int | None, words: str) -> None:
    """Which is less than the model had where others use a part of it; some runtimes do not tell."""
    assert accomplished(replace(remove("a"), size_bytes=2_000_000_000), freed_bytes=freed) == words


def test_an_operation_names_all_that_it_changes() -> None:
    """An activation changes what its alias stands for as well."""
    assert ACTIVATE.names == (name("a"),)
    assert replace(ACTIVATE, alias=name("default")).names == (name("a"), name("default"))

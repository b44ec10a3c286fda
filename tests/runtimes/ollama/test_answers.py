"""Reading what Ollama answers: strict about what is needed, blind to the rest."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venom_modeld.core.names import parse_ollama
from venom_modeld.runtimes.ollama.answers import (
    Catalogue,
    Generated,
    Nonsense,
    error_text,
    read_digest,
    read_embedded,
    read_generated,
    read_name,
    read_running,
    read_shown,
)

Make = Callable[..., dict[str, Any]]


def test_an_entry_is_read_with_all_that_is_known(make_entry: Make) -> None:
    """Digest, size, time, capabilities and details of an installed model are kept; unknown fields are not looked at."""
    answer = {"models": [make_entry("Qwen3:0.6b", "b", future={"field": [1]})]}
    (model,) = Catalogue().read(answer).values()
    assert model.name == parse_ollama("qwen3:0.6b")
    assert model.name.text == "Qwen3:0.6b"
    assert model.digest == "sha256:" + "b" * 64
    assert (model.size_bytes, model.modified_at) == (1000, "2026-11-22T11:31:48.278652234Z")
    assert (model.family, model.parameter_size, model.quantization) == ("llama", "1B", "Q4_K_M")
    assert model.capabilities == ("completion",)


def test_an_older_server_tells_less(make_entry: Make) -> None:
    """An entry without details and capabilities is an installed model all the same."""
    bare = {"model": "a", "digest": "sha256:" + "c" * 64, "details": None, "capabilities": None}
    (model,) = Catalogue().read({"models": [bare]}).values()
    assert model.digest == "sha256:" + "c" * 64
    assert (model.size_bytes, model.modified_at, model.family, model.capabilities) == (None, None, None, ())


def test_a_name_that_we_would_not_take_is_kept_as_it_is(make_entry: Make) -> None:
    """One odd name on a server does not hide the others."""
    models = Catalogue().read({"models": [make_entry("a.b/Odd:x@y"), make_entry("fine")]})
    assert {name.text for name in models} == {"a.b/Odd:x@y", "fine:latest"}
    assert read_name("a.b/Odd:x@y").key == "a.b/odd:x@y"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({}, "`models` is no list"),
        ({"models": None}, "`models` is no list"),
        ({"models": {}}, "`models` is no list"),
        ({"models": [None]}, "`models` is no list"),
        ({"models": [{}]}, "no name"),
        ({"models": [{"name": 7}]}, "no name"),
        ({"models": [{"name": "a"}]}, "`digest` is missing"),
        ({"models": [{"name": "a", "digest": 7}]}, "`digest` is missing or no text"),
        ({"models": [{"name": "a", "digest": ""}]}, "'' is no digest"),
        ({"models": [{"name": "a", "digest": "abc"}]}, "'abc' is no digest"),
        ({"models": [{"name": "a", "digest": "a" * 64, "size": "big"}]}, "`size` is no count"),
        ({"models": [{"name": "a", "digest": "a" * 64, "size": -1}]}, "`size` is no count"),
        ({"models": [{"name": "a", "digest": "a" * 64, "size": True}]}, "`size` is no count"),
        ({"models": [{"name": "a", "digest": "a" * 64, "modified_at": 1}]}, "`modified_at` is no text"),
    ],
)
def test_a_list_with_a_hole_is_no_list(answer: dict[str, Any], words: str) -> None:
    """One entry that makes no sense spoils the whole answer: it is never read as a shorter list."""
    with pytest.raises(Nonsense, match=words):
        Catalogue().read(answer)


def test_an_unchanged_list_gives_the_same_mapping(make_entry: Make) -> None:
    """The order of the list changes from call to call; as long as the entries do not, nothing is made anew."""
    catalogue = Catalogue()
    first = catalogue.read({"models": [make_entry("a"), make_entry("b", "b")]})
    assert catalogue.read({"models": [make_entry("b", "b"), make_entry("a")]}) is first


def test_only_changed_entries_are_made_anew(make_entry: Make) -> None:
    """A changed, an added and a removed entry leave the others the very same objects."""
    catalogue = Catalogue()
    before = catalogue.read({"models": [make_entry("a"), make_entry("b", "b"), make_entry("gone")]})
    after = catalogue.read({"models": [make_entry("new"), make_entry("b", "c"), make_entry("a")]})
    a, b, gone, new = (parse_ollama(text) for text in ("a", "b", "gone", "new"))
    assert after[a] is before[a]
    assert after[b].digest != before[b].digest
    assert gone not in after
    assert new in after
    shrunk = catalogue.read({"models": [make_entry("a")]})
    assert shrunk == {a: before[a]}


def test_a_failed_reading_changes_nothing(make_entry: Make) -> None:
    """After an answer that made no sense the next good one is compared with the last good one."""
    catalogue = Catalogue()
    first = catalogue.read({"models": [make_entry("a")]})
    with pytest.raises(Nonsense):
        catalogue.read({"models": [make_entry("b"), {}]})
    assert catalogue.read({"models": [make_entry("a")]}) is first


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.none()), max_size=4))
def test_any_object_is_a_list_or_nonsense(answer: dict[str, Any]) -> None:
    """No answer makes the reader fail in any other way."""
    for read in (Catalogue().read, read_running, read_shown, read_generated, read_embedded):
        try:
            read(answer)
        except Nonsense:
            continue


def test_a_runner_is_read(make_runner: Make) -> None:
    """Sizes, context and the time until which it stays are kept, and nanoseconds are no trouble."""
    (running,) = read_running({"models": [make_runner("a:latest", "d")]})
    assert running.digest == "sha256:" + "d" * 64
    assert running.expires_at.year == 2319
    assert (running.memory_bytes, running.vram_bytes, running.context_length) == (2000, 1500, 4096)


@pytest.mark.parametrize(
    ("expires", "words"),
    [("soon", "which is no time"), ("2026-11-22T11:31:48", "lacks its time zone"), (None, "is missing or no text")],
)
def test_a_runner_without_a_sensible_time_is_nonsense(make_runner: Make, expires: str | None, words: str) -> None:
    """Whether a model is pinned is never guessed."""
    with pytest.raises(Nonsense, match=words):
        read_running({"models": [make_runner("a", expires_at=expires)]})


@pytest.mark.parametrize(
    ("answer", "proven"),
    [
        ({"eval_count": 1, "response": ""}, True),
        ({"response": "e"}, True),
        ({"eval_count": 0, "response": ""}, False),
        ({}, False),
    ],
)
def test_a_token_is_proven_by_its_count_or_its_text(answer: dict[str, Any], proven: bool) -> None:
    """The text of a token may be empty, and its count may be missing; both missing is no token."""
    assert read_generated(answer).proven is proven


@pytest.mark.parametrize(
    ("answer", "proven"),
    [
        ({"embeddings": [[0.5]]}, True),
        ({"embeddings": [[]]}, False),
        ({"embeddings": []}, False),
        ({"embeddings": [0.5]}, False),
        ({"embeddings": "x"}, False),
        ({}, False),
    ],
)
def test_a_vector_is_proven_by_being_there(answer: dict[str, Any], proven: bool) -> None:
    """An embedding model proves itself by one vector that is not empty."""
    assert read_embedded(answer) == Generated(tokens=int(proven), text="")


@pytest.mark.parametrize(
    ("answer", "words"),
    [({}, ""), ({"error": "x"}, "x"), ({"error": None}, ""), ({"error": {"code": 1}}, "{'code': 1}")],
)
def test_the_words_of_an_error(answer: dict[str, Any], words: str) -> None:
    """An error is a text; anything else there is shown as it is."""
    assert error_text(answer) == words


def test_digests_are_brought_to_one_form() -> None:
    """Bare, prefixed and upper-case digests are the same one."""
    assert {read_digest(text) for text in ("AB" * 32, "ab" * 32, "sha256:" + "ab" * 32)} == {"sha256:" + "ab" * 32}

"""What is seen again is the same object again."""

from dataclasses import replace

from venom_modeld.core.names import parse_ollama
from venom_modeld.core.observed import Disk, InstalledModel, LoadedModel, ObservedState, kept


def _seen(*models: tuple[str, str], loaded: str | None = None, free: int = 1) -> ObservedState:
    """Return an observation made of new objects."""
    installed = {
        parse_ollama(text): InstalledModel(name=parse_ollama(text), digest=digest, size_bytes=1)
        for text, digest in models
    }
    memory = [parse_ollama(loaded)] if loaded else []
    return ObservedState(
        installed=installed,
        loaded=tuple(LoadedModel(name=one, digest="d", serves=frozenset({one}), pinned=True) for one in memory),
        disk=Disk(path="/", free_bytes=free, total_bytes=9),
    )


def test_the_first_look_is_taken_as_it_is() -> None:
    """There is nothing to keep."""
    now = _seen(("a", "1"))
    assert kept(None, now) is now


def test_what_did_not_change_stays_the_same_object() -> None:
    """Models and memory are kept whole where they are equal, whatever else changed."""
    before, now = _seen(("a", "1"), ("b", "2"), loaded="a"), _seen(("b", "2"), ("a", "1"), loaded="a", free=2)
    found = kept(before, now)
    assert found == now
    assert found.installed is before.installed
    assert found.loaded is before.loaded
    assert found.disk == replace(before.disk, free_bytes=2) if before.disk else None


def test_beside_a_model_that_changed_the_others_stay_the_same_objects() -> None:
    """What came, went or became another version is as it is seen now."""
    before = _seen(("a", "1"), ("b", "2"), ("gone", "3"), loaded="a")
    now = _seen(("a", "1"), ("b", "9"), ("new", "4"))
    found = kept(before, now)
    assert found == now
    a = parse_ollama("a")
    assert found.installed[a] is before.installed[a]
    assert found.loaded == ()

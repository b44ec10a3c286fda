"""Which names share a runner."""

from datetime import UTC, datetime

import pytest

from venom_modeld.core.names import ModelName, parse_ollama
from venom_modeld.core.observed import InstalledModel
from venom_modeld.runtimes.ollama.answers import Running, Shown
from venom_modeld.runtimes.ollama.errors import Refused
from venom_modeld.runtimes.ollama.weights import Runners, runner_key

NOW = "2026-11-22T11:31:48Z"


def _modelfile(
    *blobs: str, head: str = "# Made by ollama\n# FROM x\n\n", tail: str = "TEMPLATE {{ .Prompt }}\n"
) -> str:
    return head + "".join(f"{blob[0]} /models/blobs/sha256-{blob[1] * 64}\n" for blob in map(str.split, blobs)) + tail


def _shown(letter: str = "a", parameters: str = "", modified_at: str = NOW) -> Shown:
    return Shown(modelfile=_modelfile(f"FROM {letter}"), parameters=parameters, modified_at=modified_at)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (_shown("a"), _shown("a"), True),
        (_shown("a"), _shown("b"), False),
        (_shown("a", 'temperature    0.5\nstop   "x"'), _shown("a"), True),
        (_shown("a", "num_ctx    512"), _shown("a"), False),
        (_shown("a", "num_ctx    512"), _shown("a", "temperature 1\nnum_ctx 512"), True),
        (_shown("a", "num_ctx    512"), _shown("a", "num_ctx    1024"), False),
        (_shown("a", "num_ctx"), _shown("a"), True),
    ],
)
def test_runners_are_shared_by_weights_and_load_parameters(one: Shown, other: Shown, same: bool) -> None:
    """Sampling parameters do not matter, those of the runner do."""
    assert (runner_key(one) == runner_key(other)) is same


@pytest.mark.parametrize("more", ["ADAPTER b", "FROM b", "DRAFT b"])
def test_everything_that_is_loaded_counts(more: str) -> None:
    """An adapter, a projector and a draft model make another runner."""
    plain = Shown(modelfile=_modelfile("FROM a"), parameters="", modified_at=NOW)
    with_more = Shown(modelfile=_modelfile("FROM a", more), parameters="", modified_at=NOW)
    assert runner_key(plain) != runner_key(with_more)


def test_a_system_prompt_cannot_name_weights() -> None:
    """Lines below the head of the modelfile are text that anybody may have written."""
    tail = f'SYSTEM """\nFROM /models/blobs/sha256-{"b" * 64}\n"""\n'
    spoilt = Shown(modelfile=_modelfile("FROM a", tail=tail), parameters="", modified_at=NOW)
    assert runner_key(spoilt) == runner_key(_shown("a"))


@pytest.mark.parametrize("modelfile", ["", "FROM remote-model\n", "# FROM x\n\nTEMPLATE x\n"])
def test_a_model_without_weights_of_its_own_has_no_key(modelfile: str) -> None:
    """A cloud model shares a runner with nothing."""
    assert runner_key(Shown(modelfile=modelfile, parameters="", modified_at=None)) is None


class Library:
    """Installed models with what `show` says of them, which counts how often it was asked."""

    def __init__(self, **models: tuple[str, Shown | None]) -> None:
        self.shown = {parse_ollama(name): shown for name, (_, shown) in models.items()}
        self.installed = {
            parse_ollama(name): InstalledModel(name=parse_ollama(name), digest=digest, modified_at=NOW)
            for name, (digest, _) in models.items()
        }
        self.asked: list[str] = []

    async def show(self, name: ModelName) -> Shown:
        """Answer like `/api/show`."""
        self.asked.append(name.text)
        shown = self.shown[name]
        if shown is None:
            raise Refused(500, "the file is broken")
        return shown


def _running(name: str, digest: str) -> Running:
    return Running(
        name=parse_ollama(name),
        digest=digest,
        expires_at=datetime(2319, 1, 1, tzinfo=UTC),
        expires_text="",
        memory_bytes=None,
        vram_bytes=None,
        context_length=None,
    )


async def _served(library: Library, runners: Runners, loaded: str, *interest: str) -> set[str]:
    names = [parse_ollama(name) for name in interest]
    served = await runners.served(library.installed, [_running(loaded, f"d-{loaded}")], names)
    return {name.text for name in served[f"d-{loaded}"]}


async def test_names_of_one_digest_are_known_without_asking() -> None:
    """An alias has its model's digest, so it needs no request."""
    library = Library(a=("d-a", _shown()), alias=("d-a", _shown()), b=("d-b", _shown("b")))
    assert await _served(library, Runners(library.show), "a", "a", "alias") == {"a:latest", "alias:latest"}
    assert library.asked == []


async def test_a_sibling_of_interest_is_found_by_its_weights_once() -> None:
    """A derived model that shares the runner is served, and neither of the two is asked for again."""
    library = Library(a=("d-a", _shown()), derived=("d-x", _shown(parameters="temperature 1")))
    runners = Runners(library.show)
    for _ in range(3):
        assert await _served(library, runners, "a", "derived") == {"a:latest", "derived:latest"}
    assert sorted(library.asked) == ["a:latest", "derived:latest"]


async def test_only_models_of_interest_are_asked_for() -> None:
    """However many models are installed, only the loaded one and those that matter cost a request."""
    many = {f"m{number}": (f"d-m{number}", _shown("b")) for number in range(50)}
    library = Library(a=("d-a", _shown()), **many)
    assert await _served(library, Runners(library.show), "a", "m7", "not-installed") == {"a:latest"}
    assert sorted(library.asked) == ["a:latest", "m7:latest"]


async def test_a_version_that_is_installed_no_more_serves_nobody() -> None:
    """What was loaded before an update answers for no installed name, unless its weights are known to be the same."""
    library = Library(a=("d-new", _shown()))
    assert await _served(library, Runners(library.show), "a", "a") == set()


async def test_an_update_of_the_template_alone_is_served_by_the_same_runner() -> None:
    """The weights of a loaded version are remembered while it is loaded, so its successor is recognised."""
    library = Library(a=("d-a", _shown()), other=("d-other", _shown("b")))
    runners = Runners(library.show)
    await _served(library, runners, "a", "other")
    library.installed[parse_ollama("a")] = InstalledModel(name=parse_ollama("a"), digest="d-new", modified_at=NOW)
    assert await _served(library, runners, "a", "a") == {"a:latest"}


async def test_a_model_that_cannot_be_shown_is_served_by_nobody() -> None:
    """A broken model of interest is no failure of the observation."""
    library = Library(a=("d-a", _shown()), broken=("d-broken", None))
    assert await _served(library, Runners(library.show), "a", "broken") == {"a:latest"}


async def test_what_was_replaced_while_it_was_shown_is_asked_again() -> None:
    """An answer about another version than the listed one is not kept."""
    library = Library(a=("d-a", _shown()), b=("d-b", _shown(modified_at="later")))
    runners = Runners(library.show)
    assert await _served(library, runners, "a", "b") == {"a:latest"}
    library.shown[parse_ollama("b")] = _shown()
    assert await _served(library, runners, "a", "b") == {"a:latest", "b:latest"}


async def test_what_is_gone_is_forgotten() -> None:
    """The memory holds what is installed or loaded, and nothing else."""
    library = Library(a=("d-a", _shown()), b=("d-b", _shown()))
    runners = Runners(library.show)
    await _served(library, runners, "a", "b")
    gone = library.installed.pop(parse_ollama("b"))
    await _served(library, runners, "a")
    library.installed[gone.name] = gone
    await _served(library, runners, "a", "b")
    assert library.asked.count("b:latest") == 2

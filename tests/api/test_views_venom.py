"""What only Venom's page asks for."""

import pytest

from tests.api.builder import installed, loaded, observation, runtime, snapshot, spec
from venom_modeld.api.views_venom import active_server, runtime_options
from venom_modeld.core.observed import Unknown
from venom_modeld.state.snapshot import RuntimeSnapshot

GONE = Unknown(reason="Unreachable", message="it does not answer")
THERE = observation(installed("a"))


@pytest.mark.parametrize(
    ("shown", "status", "error"),
    [
        (runtime(spec(), THERE), "online", None),
        (runtime(spec(), THERE, unknown=GONE), "offline", "it does not answer"),
        (runtime(spec(), None), "unknown", None),
    ],
)
def test_whether_a_runtime_answers(shown: RuntimeSnapshot, status: str, error: str | None) -> None:
    """A runtime is online, offline with the reason, or was not asked yet."""
    option = runtime_options(snapshot(shown)).runtimes[0]
    assert (option.runtime_id, option.status, option.error) == ("ollama", status, error)


@pytest.mark.parametrize(
    ("capabilities", "chats"),
    [((), True), (("completion", "tools"), True), (("embedding",), False)],
)
def test_which_models_can_chat(capabilities: tuple[str, ...], *, chats: bool) -> None:
    """A model chats when it completes text, or when nothing is said of what it can do."""
    seen = observation(installed("a", capabilities=capabilities))
    assert runtime_options(snapshot(runtime(spec(), seen))).runtimes[0].models[0].chat_compatible is chats


def test_nothing_can_be_trained() -> None:
    """The catalogue of what can be trained has its shape and is empty."""
    answer = runtime_options(snapshot(runtime(spec("b", "a", active="b"), observation(installed("b"), installed("a")))))
    assert answer.model_catalog.trainable_models == []
    assert [(one.name, one.active) for one in answer.runtimes[0].models] == [("a:latest", False), ("b:latest", True)]
    assert {one.source_type for one in answer.runtimes[0].models} == {"local-runtime"}


def test_which_server_serves_which_model() -> None:
    """The server is the runtime's name in the file."""
    seen = observation(installed("a"), in_memory=[loaded("a")])
    answer = active_server(snapshot(runtime(spec("a", active="a", name="gpu"), seen)))
    assert (answer.active_server, answer.active_model, answer.status) == ("gpu", "a:latest", "online")

"""What the driver relies on in the answers of a vLLM, held against the real one; and how that ends."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.live_vllm.by_hand import ServerByHand
from tests.live_vllm.conftest import MODELS
from tests.runtimes.vllm.conftest import client
from tests.runtimes.vllm.house import free_port
from tests.runtimes.vllm.test_contract import (
    Subject,
    subject_at,
    test_a_model_that_generates_makes_no_vectors,
    test_a_model_that_is_not_served_is_not_found,
    test_adapters_that_cannot_be_loaded_are_refused,
    test_an_adapter_is_loaded_replaced_and_unloaded,
    test_every_name_of_the_model_is_listed_with_what_was_to_be_served,
    test_health_is_an_empty_answer,
    test_one_token_is_counted,
    test_the_metrics_say_how_busy_it_is,
    test_the_version_is_told,
)
from venom_modeld.runtimes.vllm.server.reason import reason_of

__all__ = [
    "client",
    "test_a_model_that_generates_makes_no_vectors",
    "test_a_model_that_is_not_served_is_not_found",
    "test_adapters_that_cannot_be_loaded_are_refused",
    "test_an_adapter_is_loaded_replaced_and_unloaded",
    "test_every_name_of_the_model_is_listed_with_what_was_to_be_served",
    "test_health_is_an_empty_answer",
    "test_one_token_is_counted",
    "test_the_metrics_say_how_busy_it_is",
    "test_the_version_is_told",
]

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerByHand]:
    """Start a server with two names that takes adapters."""
    made = ServerByHand(tmp_path_factory.mktemp("v"), free_port())
    words = ("--served-model-name", "tiny", "default", "--enable-lora", "--max-model-len", "256", "--enforce-eager")
    made.start(MODELS / "alpha", *words, VLLM_ALLOW_RUNTIME_LORA_UPDATING="True")
    try:
        made.ready()
        yield made
    finally:
        made.stop()


@pytest.fixture
async def subject(server: ServerByHand) -> AsyncIterator[Subject]:
    """Give that server."""
    adapter, wrong = (str(MODELS / name) for name in ("lora", "large-lora"))
    async with subject_at(server.url, adapter=adapter, wrong=wrong) as made:
        yield made


@pytest.mark.parametrize(
    ("model", "words", "code", "reason"),
    [
        ("alpha", ("--frobnicate",), 2, r"unrecognized arguments: --frobnicate"),
        ("alpha", ("--max-model-len", "100000"), 1, r"max_model_len \(100000\)"),
        ("no-such-model", (), 1, r"Repo id must be in the form"),
        ("damaged", ("--enforce-eager", "--max-model-len", "256"), 1, r"RuntimeError: start \(0\) \+ length \(256\)"),
    ],
)
def test_a_server_that_cannot_serve_ends_with_its_reason(
    tmp_path: Path, model: str, words: tuple[str, ...], code: int, reason: str
) -> None:
    """By itself, and with words that the driver finds."""
    made = ServerByHand(tmp_path, free_port())
    made.start(MODELS / model, *words)
    try:
        assert made.ended() == code
    finally:
        made.stop()
    found = reason_of(made.said())
    assert found is not None
    assert re.search(reason, found)

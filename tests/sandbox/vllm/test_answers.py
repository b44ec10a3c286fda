"""What the stand-in `vllm` answers over HTTP."""

import json
from typing import Any

import pytest

from tests.sandbox.vllm.conftest import Command
from venom_modeld.sandbox.vllm import faults


async def test_every_served_name_is_listed_and_the_folder_is_not(command: Command) -> None:
    """Each has the folder as its root."""
    await command.ready("--served-model-name", "tiny", "default", "--max-model-len", "256")
    data = (await command.ask("/v1/models")).json()["data"]
    assert [(one["id"], one["root"], one["max_model_len"]) for one in data] == [
        ("tiny", command.model, 256),
        ("default", command.model, 256),
    ]
    answer = await command.ask("/v1/completions", {"model": command.model, "max_tokens": 1})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == (
        f"The model `{command.model}` does not exist. Valid aliases: tiny, default."
    )
    assert (await command.ask("/nowhere")).json() == {"detail": "Not Found"}
    assert (await command.ask("/version")).json() == {"version": "0.32.0"}
    assert 'vllm:num_requests_running{engine="0",model_name="tiny"} 0.0' in (await command.ask("/metrics")).text


async def test_tokens_and_vectors_are_made_as_the_dial_says(command: Command) -> None:
    """The dial may be turned while it runs."""
    await command.ready("--served-model-name", "tiny")

    async def completed() -> tuple[int, Any]:
        answer = await command.ask("/v1/completions", {"model": "tiny", "max_tokens": 3})
        return answer.status_code, answer.json().get("usage", {}).get("completion_tokens")

    async def embedded() -> int:
        return (await command.ask("/v1/embeddings", {"model": "tiny", "input": "x"})).status_code

    assert (await completed(), await embedded()) == ((200, 3), 400)
    command.fault(silent=["tiny"])
    assert await completed() == (200, 0)
    command.fault(embedding=["tiny"])
    assert (await completed(), await embedded()) == ((400, None), 200)
    command.fault(unhealthy=True)
    assert (await command.ask("/health")).status_code == 503


@pytest.mark.parametrize(("words", "environ"), [(("--api-key", "k"), {}), ((), {"VLLM_API_KEY": "k"})])
async def test_a_key_closes_some_routes(command: Command, words: tuple[str, ...], environ: dict[str, str]) -> None:
    """Health, metrics and version stay open."""
    await command.ready(*words, **environ)
    for path in ("/health", "/metrics", "/version"):
        assert (await command.ask(path)).status_code == 200
    refused = await command.ask("/v1/models")
    assert (refused.status_code, refused.json()) == (401, {"error": "Unauthorized"})
    assert (await command.ask("/v1/models", Authorization="Bearer k")).status_code == 200


async def test_adapters_are_loaded_and_unloaded_as_on_the_real_one(command: Command) -> None:
    """With its statuses, where it was started for them and told that it may."""
    for name, rank in (("ok", 8), ("large", 64)):
        (command.folder / name).mkdir()
        (command.folder / name / "adapter_config.json").write_text(json.dumps({"r": rank}), encoding="utf-8")
    await command.ready("--served-model-name", "tiny", "--enable-lora", VLLM_ALLOW_RUNTIME_LORA_UPDATING="True")

    async def load(name: str, path: str, **more: Any) -> tuple[int, str]:
        where = str(command.folder / path) if path else ""
        answer = await command.ask("/v1/load_lora_adapter", {"lora_name": name, "lora_path": where, **more})
        return answer.status_code, answer.text

    assert await load("x", "ok") == (200, "Success: LoRA adapter 'x' added successfully.")
    assert (await load("x", "ok"))[0] == 400
    assert (await load("x", "ok", load_inplace=True))[0] == 200
    assert (await load("tiny", "ok"))[0] == 400
    assert (await load("", ""))[0] == 400
    assert (await load("y", "none"))[0] == 404
    status, words = await load("y", "large")
    assert status == 500
    assert "LoRA rank 64 is greater than max_lora_rank 16" in words
    listed = (await command.ask("/v1/models")).json()["data"]
    assert [(one["id"], one["parent"]) for one in listed] == [("tiny", None), ("x", "tiny")]
    assert (await command.ask("/v1/completions", {"model": "x", "max_tokens": 1})).status_code == 200
    for status in (200, 404):
        assert (await command.ask("/v1/unload_lora_adapter", {"lora_name": "x"})).status_code == status


@pytest.mark.parametrize(
    ("words", "environ"), [((), {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True"}), (("--enable-lora",), {})]
)
async def test_without_both_there_are_no_routes_for_adapters(
    command: Command, words: tuple[str, ...], environ: dict[str, str]
) -> None:
    """The flag and the variable."""
    await command.ready(*words, **environ)
    answer = await command.ask("/v1/load_lora_adapter", {"lora_name": "x", "lora_path": "/x"})
    assert answer.status_code == 404


def test_a_dial_that_cannot_be_read_turns_nothing(tmp_path: Any) -> None:
    """So a stand-in needs none, and positions that it does not know are passed over."""
    assert faults.read(str(tmp_path / "none")) == faults.Faults()
    (tmp_path / "faults.json").write_text('{"hang": true, "else": 1}', encoding="utf-8")
    assert faults.read(str(tmp_path / "faults.json")) == faults.Faults(hang=True)

"""A folder of a model as the real one reads it: far enough to refuse what that refuses, with its words."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ARCHITECTURES = (
    "BertModel",
    "GemmaForCausalLM",
    "LlamaForCausalLM",
    "MistralForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen3ForCausalLM",
)
_LONGEST = 4096


class Unusable(Exception):
    """A model that the server itself refuses, before there is an engine; `more` are further lines of its words."""

    def __init__(self, kind: str, words: str, *more: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words
        self.more = more


class Unreadable(Exception):
    """Weights that a worker cannot load."""


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of a model before it is loaded."""

    folder: Path
    context_length: int


def inspect(model: str, wanted_length: int | None) -> Model:
    """Return what is known of a model. Raises Unusable."""
    folder = Path(model)
    if not folder.is_dir():
        raise Unusable(*_no_folder(model))
    config = _config(folder)
    unknown = [name for name in config.get("architectures", []) if name not in ARCHITECTURES]
    if unknown:
        raise _invalid(f"Model architectures {unknown} are not supported for now. Supported architectures: …")
    longest = int(config.get("max_position_embeddings", _LONGEST))
    if wanted_length is not None and wanted_length > longest:
        raise _invalid(
            f"User-specified max_model_len ({wanted_length}) is greater than the derived max_model_len"
            f" (max_position_embeddings={longest} in model's config.json)."
        )
    return Model(folder, wanted_length or longest)


def load(model: Model) -> None:
    """Read the heads of the weights. Raises Unreadable, whose words name no file."""
    files = sorted(model.folder.glob("*.safetensors"))
    if not files:
        raise Unreadable(f"RuntimeError: Cannot find any model weights with `{model.folder}`")
    for path in files:
        _load(path)


def _no_folder(model: str) -> tuple[str, str]:
    if model.count("/") > 1:
        words = f"Repo id must be in the form 'repo_name' or 'namespace/repo_name': '{model}'."
        return "huggingface_hub.errors.HFValidationError", words
    words = "Cannot find an appropriate cached snapshot folder for the specified revision on the local disk."
    return "huggingface_hub.errors.LocalEntryNotFoundError", words


def _config(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise _invalid(f"It looks like the config file at '{folder}/config.json' is not a valid JSON file.") from error
    return found if isinstance(found, dict) else {}


def _invalid(words: str) -> Unusable:
    return Unusable(
        "pydantic_core._pydantic_core.ValidationError",
        "1 validation error for ModelConfig",
        f"  Value error, {words} [type=value_error, input_value=ArgsKwargs(()), input_type=ArgsKwargs]",
        "    For further information visit https://errors.pydantic.dev/2.14/v/value_error",
    )


def _load(path: Path) -> None:
    kind = "safetensors._safetensors_rust.SafetensorError: Error while deserializing header:"
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(size, 100_000_000):
            raise Unreadable(f"{kind} header too large")
        try:
            head = json.loads(file.read(length))
            ends = [tensor["data_offsets"][1] for name, tensor in head.items() if name != "__metadata__"]
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise Unreadable(f"{kind} invalid header") from error
    if max(ends, default=0) != size - 8 - length:
        raise Unreadable(f"{kind} incomplete metadata, file not fully covered")

"""The words of an Ollama runtime in models.yaml, and how they become desired state.

Whatever Ollama would accept and only fail on later (a parameter of the wrong type fails at load, a Hub repository
without GGUF files fails at pull) is refused here, where a person can still be told the line.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from venom_modeld.core.desired import ModelSpec, Update, canonical
from venom_modeld.core.kinds import RuntimeKind
from venom_modeld.core.names import HUB_HOSTS, InvalidName, ModelName, parse_ollama, shown

_HUB_REPOSITORY = re.compile(r"(?P<owner>[A-Za-z0-9_.-]+)/(?P<repository>[A-Za-z0-9_.-]*[A-Z][A-Za-z0-9_.-]*)")
_REGISTRY_HOST = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[0-9]{1,5})?$"
_DIGEST = r"^(sha256:)?[0-9A-Fa-f]{64}$"
_MARKED_GGUF = r"[-_.]gguf$"


def parse_name(text: str) -> ModelName:
    """Read a name as Ollama does, and refuse what is written as a safetensors repository of Hugging Face.

    Names of Ollama's library are lower case, and repositories of the Hub nearly always hold a capital: `Owner/Repo`
    without a tag is far more often a mistake than a user's model. With a tag it is taken as written.
    """
    found = _HUB_REPOSITORY.fullmatch(text)
    if found and found["owner"].lower() not in HUB_HOSTS:
        raise InvalidName(_not_for_ollama(text, found["repository"]))
    return parse_ollama(text)


def _not_for_ollama(text: str, repository: str) -> str:
    gguf = text if re.search(_MARKED_GGUF, repository, re.IGNORECASE) else f"{text}-GGUF"
    return (
        f"{shown(text)} looks like a repository of Hugging Face, whose safetensors files Ollama does not serve; under a"
        f" vllm runtime write it as it is; for GGUF files on Ollama write hf.co/{gguf}[:QUANT]; if it is a user's model"
        f" in Ollama's library write its tag, as in {text}:latest"
    )


def _registry_host(text: str) -> str:
    if not re.fullmatch(_REGISTRY_HOST, text):
        raise ValueError(f"{shown(text)} is no registry; write HOST or HOST:PORT, without a scheme and a path")
    return text.lower()


class RuntimeFields(BaseModel):
    """Keys of an Ollama runtime beside the common ones."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    insecure: list[
        Annotated[str, AfterValidator(_registry_host), Field(json_schema_extra={"pattern": _REGISTRY_HOST})]
    ] = Field(
        default=[],
        description="Registries, as HOST or HOST:PORT, that are spoken to over plain http or without a trusted"
        " certificate. Those on the loopback address always are.",
        examples=[["mirror.lan:5000"]],
    )


class Parameters(BaseModel):
    """The parameters that Ollama knows: the options and runner options of its `api/types.go`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)

    draft_num_predict: int | None = Field(default=None, description="How many tokens a draft model proposes at a time.")
    frequency_penalty: float | None = Field(
        default=None, description="How strongly tokens are avoided by how often they were used."
    )
    main_gpu: int | None = Field(default=None, description="The GPU for what is not split over several.")
    min_p: float | None = Field(
        default=None, description="The least probability of a token, as a share of the most probable one's."
    )
    num_batch: int | None = Field(default=None, description="How many tokens of a prompt are read at once.", ge=1)
    num_ctx: int | None = Field(default=None, description="The size of the context window, in tokens.", ge=1)
    num_gpu: int | None = Field(default=None, description="How many layers go to the GPU; -1 lets Ollama choose.")
    num_keep: int | None = Field(
        default=None, description="How many tokens of the beginning stay when the context overflows."
    )
    num_predict: int | None = Field(
        default=None, description="How many tokens are generated at the most; -1 for no limit."
    )
    num_thread: int | None = Field(default=None, description="How many threads compute; 0 lets Ollama choose.")
    presence_penalty: float | None = Field(
        default=None, description="How strongly tokens that were used at all are avoided."
    )
    repeat_last_n: int | None = Field(
        default=None, description="How many of the last tokens count as repeated; 0 for none, -1 for the whole context."
    )
    repeat_penalty: float | None = Field(default=None, description="How strongly repetition is avoided; 1 for not.")
    seed: int | None = Field(default=None, description="The seed of the random choice; the same gives the same text.")
    stop: list[str] | None = Field(default=None, description="Texts at which generation stops.")
    temperature: float | None = Field(
        default=None, description="How freely the next token is chosen; 0 for always the most probable.", ge=0
    )
    top_k: int | None = Field(default=None, description="How many of the most probable tokens are chosen from.")
    top_p: float | None = Field(
        default=None, description="The share of probability that the tokens to choose from make up."
    )
    typical_p: float | None = Field(default=None, description="How typical a token must be, as a share.")
    use_mmap: bool | None = Field(default=None, description="Whether the weights are mapped instead of read.")


class ModelFields(BaseModel):
    """Keys of a model on Ollama beside the common ones; the validators of later fields look at earlier ones."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    update: Annotated[Update, Field(strict=False)] = Field(
        default=Update.NEVER,
        description="`always` follows the tag when it moves; `never` leaves the installed version alone.",
    )
    from_: str | None = Field(
        default=None,
        alias="from",
        description="The model that this one is derived from. It is installed too, and stays as long as this one does.",
        examples=["qwen2.5-coder:7b"],
    )
    digest: str | None = Field(
        default=None,
        description="The digest that the model must have, whatever its tag says: `sha256:` and 64 hexadecimal digits."
        " Another version is not accepted.",
        json_schema_extra={"pattern": _DIGEST},
    )
    preload: bool = Field(default=False, description="Keep the model loaded beside the active one.")
    system: str | None = Field(
        default=None, description="The system prompt of a derived model.", examples=["You write Python."]
    )
    template: str | None = Field(
        default=None, description="The prompt template of a derived model, in the template language of Go."
    )
    parameters: Parameters | None = Field(
        default=None, description="Parameters of a derived model.", examples=[{"num_ctx": 32768}]
    )

    @field_validator("from_")
    @classmethod
    def _check_base(cls, value: str | None) -> str | None:
        if value is not None:
            parse_name(value)
        return value

    @field_validator("digest")
    @classmethod
    def _check_digest(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if not re.fullmatch(_DIGEST, value):
            raise ValueError(f"{shown(value)} is no digest; write sha256: and all 64 hexadecimal digits")
        if info.data.get("from_") is not None:
            raise ValueError(
                "a derived model is made on the runtime and has no digest to wait for; pin its base instead"
            )
        if info.data.get("update") is Update.ALWAYS:
            raise ValueError(
                "`digest` stays with one version and `update: always` follows the tag; leave one of them out"
            )
        return f"sha256:{value.lower().removeprefix('sha256:')}"

    @field_validator("system", "template", "parameters")
    @classmethod
    def _check_derived(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("from_", ...) is None:
            raise ValueError(
                f"`{info.field_name}` belongs to a derived model; add `from:` with the model to start from"
            )
        return value


def to_spec(name: ModelName, entry: Any) -> ModelSpec:
    """Turn a valid entry into the spec of a model."""
    return ModelSpec(
        name=name,
        update=entry.update,
        keep=entry.keep,
        preload=entry.preload,
        pin=entry.digest,
        base=None if entry.from_ is None else parse_name(entry.from_),
        definition="" if entry.from_ is None else _definition(entry),
    )


def _definition(entry: ModelFields) -> str:
    """Return the canonical text of what is laid over the base; what is empty counts as not written, as on Ollama."""
    parameters = entry.parameters.model_dump(exclude_none=True) if entry.parameters else {}
    written = {"system": entry.system, "template": entry.template, "parameters": parameters}
    return canonical({key: value for key, value in written.items() if value})


def to_options(fields: Any) -> Mapping[str, object]:
    """Return the options that the driver reads: `insecure`, the registries spoken to without TLS."""
    return {"insecure": tuple(fields.insecure)}


KIND = RuntimeKind(
    name="ollama",
    title="Ollama",
    default_url="http://127.0.0.1:11434",
    runtime_fields=RuntimeFields,
    model_fields=ModelFields,
    parse_name=parse_name,
    to_spec=to_spec,
    to_options=to_options,
)

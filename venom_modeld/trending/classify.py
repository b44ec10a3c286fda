"""Which runtime can serve what: the one place that knows it, for lists, for checks of the file, and for conditions.

vLLM loads safetensors of the tasks that it implements. Ollama serves its own library, and GGUF files of the Hub under
names that begin with `hf.co/`. What is known of a repository is its tags and its files; its owner set the former.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

OLLAMA = "ollama"
VLLM = "vllm"

HUB_PREFIX = "hf.co/"
"""What Ollama's names of repositories of the Hub begin with."""

TASKS: Mapping[str, tuple[str, ...]] = {
    "text-generation": (),
    "image-text-to-text": ("vision",),
    "video-text-to-text": ("vision",),
    "audio-text-to-text": ("audio",),
    "any-to-any": (),
    "feature-extraction": ("embedding",),
    "sentence-similarity": ("embedding",),
    "text-ranking": (),
}
"""The Hub's tasks that a language model server serves, with the capabilities they stand for."""

_OTHER_FORMATS = frozenset({"mlx", "exl2", "exl3", "peft", "diffusers"})
"""Tags of repositories whose safetensors are nothing that vLLM loads by itself."""

_QUANTISED = frozenset(
    {"4-bit", "8-bit", "awq", "gptq", "bitsandbytes", "compressed-tensors", "fp8", "mxfp4", "nvfp4", "torchao"}
)
_FLOAT_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """What the Hub says of a repository."""

    id: str
    """`OWNER/NAME`."""
    downloads: int | None = None
    likes: int | None = None
    gated: bool = False
    updated_at: float | None = None
    """Seconds since the epoch."""
    task: str | None = None
    """The Hub's `pipeline_tag`."""
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, int] = field(default_factory=dict)
    """Parameters in its safetensors by their type, such as `BF16`."""
    gguf_parameters: int | None = None
    """Parameters in its GGUF files."""
    files: tuple[str, ...] | None = None
    """Paths of its files, where they were asked for."""

    @property
    def quantised_from(self) -> str | None:
        """Return the repository whose weights these are, made smaller."""
        return self._tagged("base_model:quantized:")

    @property
    def has_gguf(self) -> bool:
        """Tell whether it holds GGUF files."""
        return self._holds(".gguf", tag="gguf")

    @property
    def has_safetensors(self) -> bool:
        """Tell whether it holds safetensors."""
        return self._holds(".safetensors", tag="safetensors")

    @property
    def has_pickles(self) -> bool:
        """Tell whether weights in PyTorch's own form are among its files, which vLLM loads too."""
        return any(path.endswith((".bin", ".pt")) and "/" not in path for path in self.files or ())

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Return what a model of its task can do."""
        return TASKS.get(self.task or "", ())

    @property
    def runtime(self) -> str | None:
        """Return the kind of runtime that it is offered for, or None."""
        if self.task is not None and self.task not in TASKS:
            return None
        if self.has_safetensors and self.task is not None and not self.is_other_format:
            return VLLM
        return OLLAMA if self.has_gguf else None

    @property
    def is_other_format(self) -> bool:
        """Tell whether its safetensors are made for another program, or for another model to stand on."""
        return not _OTHER_FORMATS.isdisjoint(self.tags) or self._tagged("base_model:adapter:") is not None

    @property
    def model_name(self) -> str:
        """Return what to write in the file to have it on its runtime."""
        return f"{HUB_PREFIX}{self.id}" if self.runtime == OLLAMA else self.id

    @property
    def size_bytes(self) -> int | None:
        """Return the bytes of its safetensors where they are plain floats; counts of packed ones say nothing."""
        packed = not _QUANTISED.isdisjoint(self.tags) or not self.parameters.keys() <= _FLOAT_BYTES.keys()
        if packed or not self.parameters:
            return None
        return sum(_FLOAT_BYTES[kind] * number for kind, number in self.parameters.items())

    @property
    def size_label(self) -> str | None:
        """Return its size in parameters as `0.6b` or `270m`; None where that is not known."""
        if self.size_bytes is not None:
            return _label(sum(self.parameters.values()))
        return _label(self.gguf_parameters) if self.gguf_parameters else None

    def _tagged(self, prefix: str) -> str | None:
        return next((tag.removeprefix(prefix) for tag in self.tags if tag.startswith(prefix)), None)

    def _holds(self, suffix: str, *, tag: str) -> bool:
        if self.files is not None:
            return any(path.lower().endswith(suffix) for path in self.files)
        return tag in self.tags


def _label(parameters: int) -> str:
    if parameters >= 1_000_000_000:
        return f"{parameters / 1_000_000_000:.1f}".removesuffix(".0") + "b"
    return f"{parameters / 1_000_000:.0f}m"


def worth_showing(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags that tell a person something: no references to papers, data, regions and other models."""
    return tuple(tag for tag in tags if ":" not in tag or tag.startswith("license:"))


def not_on_vllm(repository: Repository) -> str | None:
    """Return why vLLM cannot serve a repository, and what to write instead; None where it can."""
    name = repository.id
    if (repository.has_safetensors or repository.has_pickles) and not repository.is_other_format:
        return None
    if repository.has_gguf:
        base = repository.quantised_from
        there = f", or {base} here, from which it was made" if base else ""
        return (
            f"{name} holds GGUF files and no safetensors, which vLLM needs; write {HUB_PREFIX}{name} under an Ollama"
            f" runtime{there}"
        )
    if repository.has_safetensors:
        return f"{name} is made for another program or is only an addition to another model; write the whole model"
    return f"{name} holds no safetensors, which vLLM needs; write a repository that does"


def not_on_ollama(repository: Repository) -> str | None:
    """Return why Ollama cannot serve a repository of the Hub, and what to write instead; None where it can."""
    name = repository.id
    if repository.has_gguf:
        return None
    if repository.has_safetensors:
        return (
            f"{name} holds safetensors and no GGUF files, which Ollama needs; write {name} under a vllm runtime, or"
            f" search the Hub for a GGUF repository made of it"
        )
    return f"{name} holds no GGUF files, which Ollama needs; write a repository that does"

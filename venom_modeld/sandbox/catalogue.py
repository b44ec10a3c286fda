"""The models that the sandbox's registry offers at its start: names, tags and sizes that users of Ollama know."""

from dataclasses import replace

from venom_modeld.sandbox.artifacts import ModelSpec

_CHAT = ("completion", "tools")
_THINKING = ("completion", "tools", "thinking")
_VISION = ("completion", "vision")
_CHATML = "<|im_start|>user\n{{ .Prompt }}<|im_end|>\n<|im_start|>assistant\n"
_LLAMA = "<|start_header_id|>user<|end_header_id|>\n\n{{ .Prompt }}<|eot_id|>"
_GEMMA = "<start_of_turn>user\n{{ .Prompt }}<end_of_turn>\n<start_of_turn>model\n"
_STOP_CHATML = {"stop": ["<|im_start|>", "<|im_end|>"]}
_STOP_LLAMA = {"stop": ["<|start_header_id|>", "<|eot_id|>"]}
_APACHE = "Apache License, Version 2.0"


def _qwen3(tag: str, size: int, parameter_size: str, width: int, *, weights: str = "") -> ModelSpec:
    return ModelSpec(
        name=f"qwen3:{tag}",
        size=size,
        family="qwen3",
        parameter_size=parameter_size,
        embedding_length=width,
        capabilities=_THINKING,
        template=_CHATML,
        parameters=_STOP_CHATML | {"temperature": 0.6, "top_k": 20, "top_p": 0.95},
        license=_APACHE,
        weights=weights,
    )


def _llama(tag: str, size: int, parameter_size: str, width: int, quantization: str) -> ModelSpec:
    return ModelSpec(
        name=f"llama3.2:{tag}",
        size=size,
        parameter_size=parameter_size,
        quantization=quantization,
        context_length=131072,
        embedding_length=width,
        capabilities=_CHAT,
        template=_LLAMA,
        parameters=_STOP_LLAMA,
        license="Llama 3.2 Community License",
    )


def _gemma(tag: str, size: int, parameter_size: str, width: int, capabilities: tuple[str, ...]) -> ModelSpec:
    return ModelSpec(
        name=f"gemma3:{tag}",
        size=size,
        family="gemma3",
        parameter_size=parameter_size,
        quantization="Q8_0" if tag == "270m" else "Q4_K_M",
        context_length=32768,
        embedding_length=width,
        capabilities=capabilities,
        template=_GEMMA,
        parameters={"stop": ["<end_of_turn>"], "temperature": 1},
    )


def _embedding(name: str, size: int, family: str, parameter_size: str, width: int) -> ModelSpec:
    return ModelSpec(
        name=name,
        size=size,
        family=family,
        parameter_size=parameter_size,
        quantization="F16",
        context_length=2048,
        embedding_length=width,
        capabilities=("embedding",),
        parameters={"num_ctx": 2048},
        license=_APACHE,
    )


_NAMED: tuple[ModelSpec, ...] = (
    _qwen3("0.6b", 522_640_096, "751.63M", 1024),
    _qwen3("0.6b-q4_K_M", 522_640_096, "751.63M", 1024, weights="qwen3:0.6b"),
    _qwen3("1.7b", 1_359_281_696, "2.0B", 2048),
    _qwen3("8b", 5_225_374_048, "8.2B", 4096),
    _llama("1b", 1_321_082_688, "1.2B", 2048, "Q8_0"),
    _llama("3b", 2_019_377_376, "3.2B", 3072, "Q4_K_M"),
    _gemma("270m", 291_543_168, "268.10M", 640, ("completion",)),
    _gemma("4b", 3_338_792_448, "4.3B", 2560, _VISION),
    ModelSpec(
        name="qwen2.5-coder:7b",
        size=4_683_073_952,
        family="qwen2",
        parameter_size="7.6B",
        context_length=32768,
        embedding_length=3584,
        capabilities=("completion", "tools", "insert"),
        template=_CHATML,
        system="You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
        license=_APACHE,
    ),
    ModelSpec(
        name="deepseek-r1:1.5b",
        size=1_117_320_512,
        family="qwen2",
        parameter_size="1.8B",
        context_length=131072,
        embedding_length=1536,
        capabilities=_THINKING,
        template=_CHATML,
        license="MIT License",
    ),
    ModelSpec(
        name="smollm2:135m",
        size=270_590_880,
        parameter_size="134.52M",
        quantization="F16",
        context_length=8192,
        embedding_length=576,
        capabilities=_CHAT,
        template=_CHATML,
        parameters=_STOP_CHATML,
        license=_APACHE,
    ),
    _embedding("nomic-embed-text:latest", 274_290_656, "nomic-bert", "137M", 768),
    _embedding("all-minilm:latest", 45_949_216, "bert", "23M", 384),
    ModelSpec(
        name="hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M",
        size=807_694_464,
        parameter_size="1.24B",
        quantization="unknown",
        context_length=131072,
        embedding_length=2048,
        template=_LLAMA,
        parameters=_STOP_LLAMA,
    ),
    ModelSpec(
        name="hf.co/unsloth/Qwen3-0.6B-GGUF:Q8_0",
        size=639_446_688,
        family="qwen3",
        parameter_size="596.05M",
        quantization="unknown",
        capabilities=_CHAT,
        template=_CHATML,
        parameters=_STOP_CHATML,
    ),
)


def _latest(name: str) -> ModelSpec:
    """Return a model under the tag that is meant where none is written."""
    spec = next(spec for spec in _NAMED if spec.name == name)
    return replace(spec, name=f"{name.rpartition(':')[0]}:latest", weights=spec.weights or name)


CATALOGUE: tuple[ModelSpec, ...] = (
    *_NAMED,
    _latest("qwen3:8b"),
    _latest("llama3.2:3b"),
    _latest("gemma3:4b"),
    _latest("qwen2.5-coder:7b"),
    _latest("deepseek-r1:1.5b"),
    _latest("smollm2:135m"),
    _latest("hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M"),
    _latest("hf.co/unsloth/Qwen3-0.6B-GGUF:Q8_0"),
)

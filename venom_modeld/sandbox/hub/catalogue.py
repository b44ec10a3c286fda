"""What the stand-in Hub offers from the start: small files under well-known names, with pages as lists show them.

Numbers of downloads and likes are made up. The sizes on the pages are those of real models; the files are small, but
for those that only Ollama's stand-in would fetch, from the registry, which are as large there.
"""

import hashlib
from dataclasses import dataclass

from venom_modeld.sandbox.hub.content import Content, Made
from venom_modeld.sandbox.hub.repositories import Details, Gated, Repositories, small_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One repository of the catalogue; `parameters` is what its page says."""

    name: str
    parameters: int
    trending_score: int
    downloads: int
    likes: int
    pipeline_tag: str = "text-generation"
    dtype: str = "BF16"
    parts: int = 1
    weights: int = 2_000_000
    gated: Gated = False
    gguf: str | None = None
    """The quantisation of its GGUF file, where it holds one."""
    adapter: bool = False
    base: str | None = None
    """The repository that it was made from."""
    modified: str = "2026-08-01T10:00:00.000Z"

    @property
    def details(self) -> Details:
        """What its page says."""
        form = "gguf" if self.gguf else "safetensors"
        kind = "adapter" if self.adapter else "quantized"
        more = ["peft", "lora"] if self.adapter else []
        more += [f"base_model:{kind}:{self.base}"] if self.base else []
        tags = [form, self.pipeline_tag, "license:apache-2.0", "region:us", *more]
        numbers = {"parameters": {self.dtype: self.parameters}, "total": self.parameters}
        described = {"total": self.parameters, "architecture": "llama", "context_length": 32768}
        return Details(
            downloads=self.downloads,
            likes=self.likes,
            trending_score=self.trending_score,
            pipeline_tag=self.pipeline_tag,
            library_name="peft" if self.adapter else "transformers",
            tags=tuple(tags),
            gated=self.gated,
            last_modified=self.modified,
            safetensors=None if self.gguf else numbers,
            gguf=described if self.gguf else None,
        )

    @property
    def files(self) -> dict[str, bytes | Content]:
        """What it holds."""
        whole = small_model(self.name, weights=self.weights, parts=self.parts)
        if self.adapter:
            config = b'{"peft_type": "LORA", "r": 8, "base_model_name_or_path": "Qwen/Qwen3-0.6B"}\n'
            return {"adapter_config.json": config, "adapter_model.safetensors": whole["model.safetensors"]}
        if self.gguf is None:
            return whole
        path = f"{self.name.partition('/')[2].removesuffix('-GGUF')}-{self.gguf}.gguf"
        hashed = hashlib.sha256(self.name.encode()).hexdigest()  # of nothing that anybody reads
        return {"README.md": whole["README.md"], path: Made(self.weights, self.name, head=b"GGUF", sha256=hashed)}


CATALOGUE = (
    Offer(name="Qwen/Qwen3-0.6B", parameters=751_632_384, trending_score=41, downloads=9_200_000, likes=900),
    Offer(
        name="Qwen/Qwen3-8B", parameters=8_190_735_360, trending_score=66, downloads=4_100_000, likes=1_100,
        parts=4, weights=8_000_000,
    ),
    Offer(
        name="Qwen/Qwen3-Embedding-0.6B", parameters=595_776_512, trending_score=38, downloads=3_300_000, likes=700,
        pipeline_tag="feature-extraction",
    ),
    Offer(
        name="meta-llama/Llama-3.2-1B-Instruct", parameters=1_235_814_400, trending_score=22, downloads=2_700_000,
        likes=1_200, gated="manual",
    ),
    Offer(
        name="mistralai/Mistral-7B-Instruct-v0.3", parameters=7_248_023_552, trending_score=15, downloads=1_900_000,
        likes=2_100, gated="auto", parts=2, weights=6_000_000,
    ),
    Offer(name="google/gemma-3-270m-it", parameters=268_098_176, trending_score=57, downloads=800_000, likes=600),
    Offer(name="HuggingFaceTB/SmolLM2-135M", parameters=134_515_008, trending_score=9, downloads=640_000, likes=150),
    Offer(
        name="bartowski/Llama-3.2-1B-Instruct-GGUF", parameters=1_235_814_432, trending_score=12, downloads=510_000,
        likes=130, gguf="Q4_K_M", weights=807_694_464, base="meta-llama/Llama-3.2-1B-Instruct",
    ),
    Offer(
        name="unsloth/Qwen3-0.6B-GGUF", parameters=596_049_920, trending_score=19, downloads=470_000, likes=90,
        gguf="Q8_0", weights=639_446_688, base="Qwen/Qwen3-0.6B",
    ),
    Offer(
        name="sandbox/qwen3-support-lora", parameters=2_293_760, trending_score=3, downloads=1_200, likes=7,
        adapter=True, weights=100_000, base="Qwen/Qwen3-0.6B",
    ),
)  # fmt: skip


def fill(repositories: Repositories) -> None:
    """Publish the catalogue."""
    for offer in CATALOGUE:
        repositories.publish(offer.name, offer.files, details=offer.details)

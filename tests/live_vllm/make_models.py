"""Makes models of no meaning that a real vLLM serves, one that it refuses, and adapters; run in its environment.

Each is a Llama of two layers with random weights, under a megabyte, which any CPU serves.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

HIDDEN, LAYERS, HEADS, HEAD = 128, 2, 4, 32
TEXT = ["hello world, this is a tokenizer that learns next to nothing from next to nothing"] * 8


def tokenizer() -> PreTrainedTokenizerFast:
    """Train a tokenizer of 320 tokens on bytes."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    made.train_from_iterator(TEXT, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>")


def model(folder: Path, seed: int) -> None:
    """Write a model."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=320,
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        head_dim=HEAD,
        max_position_embeddings=512,
        dtype="bfloat16",
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer().save_pretrained(folder)


def damage(source: Path, folder: Path) -> None:
    """Write a model whose file is well-formed, but lacks a tensor that the architecture needs, in its right shape."""
    folder.mkdir()
    for path in source.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    tensors = load_file(source / "model.safetensors")
    name = "model.layers.1.mlp.down_proj.weight"
    tensors[name] = tensors[name][:, : HIDDEN // 2].contiguous()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def adapter(folder: Path, rank: int) -> None:
    """Write a LoRA adapter for the queries of the first layer."""
    folder.mkdir()
    prefix = "base_model.model.model.layers.0.self_attn.q_proj"
    tensors = {
        f"{prefix}.lora_A.weight": torch.randn(rank, HIDDEN, dtype=torch.bfloat16),
        f"{prefix}.lora_B.weight": torch.randn(HEADS * HEAD, rank, dtype=torch.bfloat16),
    }
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": rank,
        "target_modules": ["q_proj"],
    }
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")


def main(folder: Path) -> None:
    """Write everything."""
    folder.mkdir(parents=True)
    model(folder / "alpha", seed=1)
    model(folder / "beta", seed=2)
    damage(folder / "alpha", folder / "damaged")
    adapter(folder / "lora", rank=8)
    adapter(folder / "large-lora", rank=64)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Which files are chosen for serving."""

from typing import Any

import pytest

from venom_modeld.runtimes.vllm.weights.files import (
    BadListing,
    NotServable,
    RemoteFile,
    choose,
    is_safe,
    read_siblings,
    size_of,
)

SHA1 = "a" * 40
SHA256 = "b" * 64


def _listed(*paths: str) -> list[RemoteFile]:
    return [RemoteFile(path=path, size=10, blob=f"{number:040x}") for number, path in enumerate(paths)]


def _chosen(*paths: str, patterns: tuple[str, ...] = ()) -> set[str]:
    return {file.path for file in choose("org/model", _listed(*paths), patterns)}


SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
INDEX = "model.safetensors.index.json"


@pytest.mark.parametrize(
    ("there", "left_out"),
    [
        (("config.json", "model.safetensors", "tokenizer.json"), ()),
        (("config.json", *SHARDS, INDEX, "generation_config.json", "merges.txt", "vocab.json"), ()),
        (("config.json", "model.safetensors"), ("pytorch_model.bin", "flax_model.msgpack", "tf_model.h5")),
        (("config.json", *SHARDS, INDEX), ("pytorch_model-00001-of-00001.bin", "pytorch_model.bin.index.json")),
        (("config.json", "model.safetensors"), ("original/consolidated.00.pth", "original/params.json")),
        (("config.json", *SHARDS, INDEX), ("consolidated.safetensors", "consolidated.safetensors.index.json")),
        (("config.json", "model.safetensors"), ("model.fp16.safetensors", "model-00001-of-00001.fp16.safetensors")),
        (("config.json", *SHARDS, INDEX), ("model.fp16-00001-of-00001.safetensors", "model.safetensors")),
        (("config.json", "model.safetensors"), ("README.md", ".gitattributes", "LICENSE", "onnx/model.onnx", "a.gguf")),
        (("params.json", "consolidated.safetensors", "tekken.json"), ()),
        (("config.json", "pytorch_model.bin"), ("training_args.bin", "optimizer.pt", "scheduler.pt")),
        (("config.json", "model.pt"), ("optimizer.pt",)),
        (("config.json", "model.safetensors", "mtp.safetensors"), ()),
        (("adapter_config.json", "adapter_model.safetensors"), ("adapter_model.bin", "checkpoint-10/optimizer.pt")),
        (("config.json", "model.safetensors", "1_Pooling/config.json", "2_Dense/model.safetensors"), ()),
        (("config.json", "2_Dense/model.safetensors", "model.safetensors"), ("2_Dense/pytorch_model.bin",)),
        (("config.json", "model.safetensors", "chat_template.jinja", "additional_chat_templates/tool.jinja"), ()),
        (("config.json", "model.safetensors", "modeling_x.py", "tokenizer.model", "qwen.tiktoken"), ("x/y/a.json",)),
    ],
)
def test_one_form_of_the_weights_is_chosen(there: tuple[str, ...], left_out: tuple[str, ...]) -> None:
    """Weights come in one form only, with all that is needed to serve them and nothing else."""
    assert _chosen(*left_out, *there) == set(there)


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("*.gguf",), {"a-Q4.gguf", "sub/b-Q4.gguf"}),
        (("sub/",), {"sub/b-Q4.gguf"}),
        (("config.json", "a-*"), {"config.json", "a-Q4.gguf"}),
    ],
)
def test_patterns_replace_the_choice(patterns: tuple[str, ...], expected: set[str]) -> None:
    """With `files` exactly what matches is taken, folders and all."""
    there = ("config.json", "a-Q4.gguf", "sub/b-Q4.gguf", "model.safetensors")
    assert _chosen(*there, patterns=patterns) == expected


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (("README.md", "m-Q4_K_M.gguf"), "under a runtime of kind ollama, as hf.co/org/model"),
        (("model_index.json", "unet/model.safetensors"), "pipeline of several models"),
        (("config.json", "README.md"), "holds no weights at its top"),
        (("model.safetensors",), "has weights and no config.json"),
    ],
)
def test_what_cannot_be_served_is_refused_with_advice(there: tuple[str, ...], words: str) -> None:
    """A repository without servable weights is told apart by what it holds instead."""
    with pytest.raises(NotServable, match=words):
        _chosen(*there)


def test_patterns_that_match_nothing_are_told_with_examples() -> None:
    """A pattern that matches nothing is shown with what there is to match."""
    with pytest.raises(NotServable, match=r"`files` \(\*\.bin\) matches; it holds 1 files, such as config\.json"):
        _chosen("config.json", patterns=("*.bin",))


def test_the_same_content_counts_once() -> None:
    """Two files of one content need its bytes once."""
    twice = [RemoteFile(path=path, size=7, blob=SHA1) for path in ("a", "b")]
    assert size_of([*twice, RemoteFile(path="c", size=5, blob=SHA256)]) == 12


def test_a_page_gives_sizes_and_hashes() -> None:
    """A small file is named by its git hash, a large one by its sha256."""
    small = {"rfilename": "config.json", "size": 3, "blobId": SHA1}
    big = {"rfilename": "m.safetensors", "size": 9, "blobId": SHA1, "lfs": {"sha256": SHA256, "size": 9}}
    assert read_siblings([small, big]) == (
        RemoteFile(path="config.json", size=3, blob=SHA1),
        RemoteFile(path="m.safetensors", size=9, blob=SHA256),
    )


@pytest.mark.parametrize(
    ("siblings", "words"),
    [
        (None, "lists no files"),
        ([], "lists no files"),
        (["config.json"], "is no object"),
        ([{"rfilename": "../x", "size": 1, "blobId": SHA1}], "impossible name"),
        ([{"rfilename": "a"}], "has no size"),
        ([{"rfilename": "a", "size": True, "blobId": SHA1}], "has no size"),
        ([{"rfilename": "a", "size": -1, "blobId": SHA1}], "has no size"),
        ([{"rfilename": "a", "size": 1}], "has no hash"),
        ([{"rfilename": "a", "size": 1, "blobId": "../../x"}], "has no hash"),
        ([{"rfilename": "a", "size": 1, "lfs": {"sha256": SHA1, "size": 1}}], "has no hash"),
    ],
)
def test_a_page_that_makes_no_sense_is_refused(siblings: Any, words: str) -> None:
    """Whatever is missing or could lead out of the cache makes the whole list worthless."""
    with pytest.raises(BadListing, match=words):
        read_siblings(siblings)


@pytest.mark.parametrize("path", ["/etc/passwd", "a/../b", "a//b", "./a", "", "a\\b", "a\0b", None, "a/"])
def test_paths_that_lead_elsewhere_are_unsafe(path: object) -> None:
    """A path of the Hub stays below the folder that it is relative to."""
    assert not is_safe(path)

"""Names of models."""

import pytest

from venom_modeld.sandbox.names import InvalidNameError, parse_name


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("qwen3", "qwen3:latest"),
        ("qwen3:0.6b", "qwen3:0.6b"),
        ("library/qwen3", "qwen3:latest"),
        ("registry.ollama.ai/library/qwen3:latest", "qwen3:latest"),
        ("REGISTRY.ollama.AI/library/qwen3", "qwen3:latest"),
        ("someone/model", "someone/model:latest"),
        ("hf.co/Foo/Bar-GGUF:Q4_K_M", "hf.co/Foo/Bar-GGUF:Q4_K_M"),
        ("localhost:5001/library/tiny", "localhost:5001/library/tiny:latest"),
        ("http://localhost:5001/library/tiny", "localhost:5001/library/tiny:latest"),
        ("UPPER/model", "UPPER/model:latest"),
    ],
)
def test_short_form_drops_defaults_and_keeps_the_case(text: str, short: str) -> None:
    """The short form leaves out what is the default, always has a tag, and keeps the case."""
    assert parse_name(text).short == short


@pytest.mark.parametrize(
    "text",
    ["", "bad name", "tiny:", ":tag", "tiny:a b", "a/b/c/d/e", "../../etc/passwd", "tiny@sha256:abc", "na.me/x", "/x"],
)
def test_what_is_no_name(text: str) -> None:
    """Empty parts, signs that are not allowed, digests and too many parts are refused."""
    with pytest.raises(InvalidNameError):
        parse_name(text)


def test_names_are_compared_without_case() -> None:
    """Two spellings of a name have one key."""
    assert parse_name("Qwen3:0.6B").key == parse_name("library/qwen3:0.6b").key

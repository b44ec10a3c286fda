"""Names of Hugging Face repositories: read as the Hub reads them, refused with what to write instead."""

import pytest

from venom_modeld.core.names import HUB_NAME_LENGTH, InvalidName, Provider, parse_huggingface


@pytest.mark.parametrize("text", ["Qwen/Qwen3-0.6B", "a/b", "_x/y_z.v1", "Owner/Model.GGUF"])
def test_a_repository_is_an_owner_and_a_name(text: str) -> None:
    """What is written is the key and what is shown, and the Hub provides it."""
    found = parse_huggingface(text)
    assert (found.key, found.text, found.provider) == (text, text, Provider.HUGGINGFACE)


def test_capitals_count() -> None:
    """Two repositories that differ by case are two, as their folders in the cache are."""
    assert parse_huggingface("Qwen/Qwen3") != parse_huggingface("qwen/qwen3")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "https://huggingface.co/Qwen/Qwen3-0.6B/tree/main",
            "is an address; write the repository alone: 'Qwen/Qwen3-0",
        ),
        ("hf.co/Qwen/Qwen3@main", "is an address; write the repository alone: 'Qwen/Qwen3'"),
        ("Qwen/Qwen3@v1", "holds a revision; write 'Qwen/Qwen3' and `revision: v1`"),
        ("qwen3", "is no repository of Hugging Face; write OWNER/REPOSITORY"),
        ("a/b/c", "is no repository of Hugging Face; write OWNER/REPOSITORY"),
        ("/b", "its owner is empty"),
        ("a/", "its repository is empty"),
        ("a/b c", "its repository holds ' ' (U+0020 SPACE)"),
        ("a/b:c", "its repository holds ':' (U+003A COLON)"),
        ("a--b/c", "its owner holds '--'"),
        ("a/b..c", "its repository holds '..'"),
        ("a/b.git", "its repository holds '.git'"),
        ("-a/b", "its owner begins or ends with '-'"),
        ("a/b.", "its repository begins or ends with '.'"),
        ("a/" + "b" * HUB_NAME_LENGTH, f"is longer than the {HUB_NAME_LENGTH} characters that the Hub takes"),
    ],
)
def test_what_names_no_repository_is_refused_with_the_reason(text: str, words: str) -> None:
    """Each refusal says which part is wrong and what to write."""
    with pytest.raises(InvalidName) as refused:
        parse_huggingface(text)
    assert words in str(refused.value)

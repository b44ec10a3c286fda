"""Names of repositories of Hugging Face are read strictly, and refused with what to write instead."""

import pytest

from venom_modeld.core.names import InvalidName, Provider, parse_huggingface

FORM = "write OWNER/REPOSITORY with letters, digits, '-', '_' and '.'"


@pytest.mark.parametrize("text", ["Qwen/Qwen3-0.6B", "a/b", "_/_", "some.one/Model_v1.5-GPTQ"])
def test_a_repository_is_what_is_written(text: str) -> None:
    """Capitals count, so the key is the text."""
    name = parse_huggingface(text)
    assert (name.key, name.text, name.provider) == (text, text, Provider.HUGGINGFACE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("https://huggingface.co/a/b/tree/main", "is an address; write the repository alone: 'a/b'"),
        ("hf.co/Qwen/Qwen3-0.6B", "is an address; write the repository alone: 'Qwen/Qwen3-0.6B'"),
        ("a/b@main", "'a/b@main' holds a revision; write 'a/b' and `revision: main`"),
        ("a", "'a' is no repository of Hugging Face; write OWNER/REPOSITORY"),
        ("a/b/c", "'a/b/c' is no repository of Hugging Face; write OWNER/REPOSITORY"),
        ("a/", f"'a/' is no repository of Hugging Face: its repository is empty; {FORM}"),
        ("/b", f"'/b' is no repository of Hugging Face: its owner is empty; {FORM}"),
        ("a/b c", f"'a/b c' is no repository of Hugging Face: its repository holds ' ' (U+0020 SPACE); {FORM}"),
        ("a/b.git", f"'a/b.git' is no repository of Hugging Face: its repository holds '.git'; {FORM}"),
        ("a/b--c", f"'a/b--c' is no repository of Hugging Face: its repository holds '--'; {FORM}"),
        ("a/b..c", f"'a/b..c' is no repository of Hugging Face: its repository holds '..'; {FORM}"),
        ("-a/b", f"'-a/b' is no repository of Hugging Face: its owner begins or ends with '-'; {FORM}"),
        ("a/b-", f"'a/b-' is no repository of Hugging Face: its repository begins or ends with '-'; {FORM}"),
        ("a/" + "b" * 95, "is longer than the 96 characters that the Hub takes"),
    ],
)  # fmt: skip
def test_what_is_no_repository_is_refused_with_what_to_write(text: str, message: str) -> None:
    """The message quotes the text and names what is wrong with it."""
    with pytest.raises(InvalidName) as caught:
        parse_huggingface(text)
    assert message in str(caught.value)

"""No secret of the file leaves it."""

import pytest

from venom_modeld.api.masking import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("url: http://keeper:secret@host:1/x", "url: http://***@host:1/x"),
        ("-    url: 'https://secret@host'\n+    url: x", "-    url: 'https://***@host'\n+    url: x"),
        ("env: {HF_TOKEN: secret, OTHER: 1}", "env: {HF_TOKEN: ***, OTHER: 1}"),
        ("+      API_KEY: secret  # mine", "+      API_KEY: ***  # mine"),
        ("a_token: two words, b: 1", "a_token: ***, b: 1"),
        ('"MY_PASSWORD": "a, secret"', '"MY_PASSWORD": ***'),
        ("secret: 'a # secret'", "secret: ***"),
        ("api_key_file: /etc/key", "api_key_file: /etc/key"),
        ("max-model-len: 1\nmodels: [a, b]", "max-model-len: 1\nmodels: [a, b]"),
        ("key:\n  kind: ollama", "key:\n  kind: ollama"),
        ("name: a@b", "name: a@b"),
    ],
)
def test_passwords_and_keys_are_masked(text: str, expected: str) -> None:
    """Everything else stays as it is, so that a diff can still be read."""
    assert masked(text).rstrip() == expected

"""Names of models are read as Ollama reads them, and refused with what to write instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venom_modeld.core.names import InvalidName, ModelName, Provider, parse_ollama, shown, split_ollama

FORM = "write [host/][namespace/]model[:tag] with letters, digits, '-', '_' and '.'"
LONG = "its {} has {} characters, of which Ollama takes {}"

PARTS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,10}", fullmatch=True)
NAMES = st.one_of(
    PARTS,
    st.builds("{}:{}".format, PARTS, PARTS),
    st.builds("{}/{}:{}".format, PARTS, PARTS, PARTS),
    st.builds("{}.lan:5000/{}/{}".format, PARTS, PARTS, PARTS),
)


@pytest.mark.parametrize(
    ("text", "key", "short"),
    [
        ("llama3.2", "registry.ollama.ai/library/llama3.2:latest", "llama3.2:latest"),
        ("LLaMA3.2:1B", "registry.ollama.ai/library/llama3.2:1b", "LLaMA3.2:1B"),
        ("library/x", "registry.ollama.ai/library/x:latest", "x:latest"),
        ("someone/x:y", "registry.ollama.ai/someone/x:y", "someone/x:y"),
        ("Registry.Ollama.AI/Library/x", "registry.ollama.ai/library/x:latest", "x:latest"),
        ("mirror.lan:5000/team/x", "mirror.lan:5000/team/x:latest", "mirror.lan:5000/team/x:latest"),
        ("_x", "registry.ollama.ai/library/_x:latest", "_x:latest"),
        ("x" * 80, f"registry.ollama.ai/library/{'x' * 80}:latest", f"{'x' * 80}:latest"),
    ],
)
def test_a_name_has_a_key_to_compare_and_a_short_text(text: str, key: str, short: str) -> None:
    """The default registry, namespace and tag are filled into the key, and the text is as `/api/tags` shows it."""
    name = parse_ollama(text)
    assert (name.key, name.text, str(name)) == (key, short, short)


@pytest.mark.parametrize(
    ("text", "provider"),
    [
        ("llama3.2", Provider.OLLAMA),
        ("mirror.lan/team/x", Provider.OLLAMA),
        ("hf.co/owner/repo:Q4_K_M", Provider.HUGGINGFACE),
        ("HuggingFace.co/owner/repo", Provider.HUGGINGFACE),
    ],
)
def test_the_host_tells_the_provider(text: str, provider: Provider) -> None:
    """Weights of the two hosts of the Hub come from Hugging Face, all others from Ollama's side."""
    assert parse_ollama(text).provider is provider


def test_names_are_equal_when_their_keys_are() -> None:
    """Neither the spelling nor the provider makes two names of one key different."""
    one, other = ModelName("k", "One"), ModelName("k", "two", Provider.HUGGINGFACE)
    assert one == other
    assert hash(one) == hash(other)
    assert ModelName("a", "z") < ModelName("b", "a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"'' is no model name: its model is empty; {FORM}"),
        ("x:", f"'x:' is no model name: its tag is empty; {FORM}"),
        ("/x", f"'/x' is no model name: its namespace is empty; {FORM}"),
        ("//x", f"'//x' is no model name: its host is empty; {FORM}"),
        ("a b", f"'a b' is no model name: its model holds ' ' (U+0020 SPACE); {FORM}"),
        ("a\0b", f"'a\\x00b' is no model name: its model holds '\\x00' (U+0000); {FORM}"),
        ("x:a\nb", f"'x:a\\nb' is no model name: its tag holds '\\n' (U+000A); {FORM}"),
        ("x\n", f"'x\\n' is no model name: its model holds '\\n' (U+000A); {FORM}"),
        ("qwеn", f"'qwеn' is no model name: its model holds 'е' (U+0435 CYRILLIC SMALL LETTER IE); {FORM}"),
        ("--insecure", f"'--insecure' is no model name: its model begins with '-'; {FORM}"),
        ("../x", f"'../x' is no model name: its namespace begins with '.'; {FORM}"),
        ("a:b:c", f"'a:b:c' is no model name: its model holds ':'; {FORM}"),
        ("h.lan/a.b/c", f"'h.lan/a.b/c' is no model name: its namespace holds '.'; {FORM}"),
        ("h.lan/a:b/c", f"'h.lan/a:b/c' is no model name: its namespace holds ':'; {FORM}"),
        (
            "hf.co/owner/" + "x" * 81,
            f"'hf.co/owner/{'x' * 68}'… (93 characters) is no model name: {LONG.format('model', 81, 80)}; {FORM}",
        ),
        (
            "h" * 351 + "/a/b",
            f"'{'h' * 80}'… (355 characters) is no model name: {LONG.format('host', 351, 350)}; {FORM}",
        ),
        ("../../etc/passwd", "'../../etc/passwd' has too many slashes; write [host/][namespace/]model[:tag]"),
        ("http://h/a/b", "'http://h/a/b' has a scheme; write the name without 'http://'"),
        (
            "x@sha256:0",
            "'x@sha256:0' holds a digest; write the tag in the name and the digest under `digest:`",
        ),
        ("hf.co/x", "'hf.co/x' has a host and no namespace; write hf.co/OWNER/REPOSITORY[:QUANTISATION]"),
        ("h.lan:1/x", "'h.lan:1/x' has a host and no namespace; write h.lan:1/NAMESPACE/MODEL[:TAG]"),
    ],
)
def test_what_is_no_name_is_refused_with_what_to_write(text: str, message: str) -> None:
    """The message quotes the name on one line, cut where it is long, and says which part is wrong and why."""
    with pytest.raises(InvalidName) as caught:
        parse_ollama(text)
    assert str(caught.value) == message


def test_the_parts_keep_their_letters() -> None:
    """Splitting fills in what is left out and changes nothing of what is written."""
    parts = split_ollama("Someone/Thing")
    assert (parts.host, parts.namespace, parts.model, parts.tag) == ("registry.ollama.ai", "Someone", "Thing", "latest")


@given(NAMES)
def test_the_short_text_names_the_same_model(text: str) -> None:
    """Reading the shown text again gives the same name, shown the same."""
    name = parse_ollama(text)
    again = parse_ollama(name.text)
    assert (again, again.text) == (name, name.text)


@given(NAMES)
def test_case_does_not_count(text: str) -> None:
    """Two spellings that differ in case only are one model."""
    assert parse_ollama(text.upper()) == parse_ollama(text.lower())


def refusal(text: str) -> str:
    """Return why a text is no name; empty where it is one."""
    try:
        parse_ollama(text)
    except InvalidName as error:
        return str(error)
    return ""


@given(st.text())
def test_any_text_is_a_name_or_refused_in_one_line(text: str) -> None:
    """Whatever is written, reading it ends in a name or in a message without control characters."""
    assert refusal(text).isprintable()


@given(st.text(max_size=300))
def test_a_shown_text_is_short_and_printable(text: str) -> None:
    """No text can break a message apart or drown it."""
    assert shown(text).isprintable()
    assert len(shown(text)) < 80 * 10 + 30

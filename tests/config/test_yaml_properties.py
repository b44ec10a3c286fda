"""What holds for every YAML text: nothing is raised, and good data is what PyYAML reads."""

import string
from typing import Any, ClassVar

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from venom_modeld.config.yaml_source import Document, parse
from venom_modeld.config.yaml_writer import in_line


class Reference(yaml.CSafeLoader):
    """PyYAML's safe loader, with dates as text."""

    yaml_implicit_resolvers: ClassVar = {
        first: [rule for rule in rules if rule[0] != "tag:yaml.org,2002:timestamp"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


PRINTABLE = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
TEXT = st.text(PRINTABLE, max_size=20)
WORDS = st.sampled_from(
    ["yes", "1", "1.5", "~", "null", "2024-01-01", "a: b", "- a", "#", "'", "1:30", "<<", "0x_", ""]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT | WORDS
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
PIECES = st.sampled_from(
    [
        *"-?:,[]{}#&*!|>'\"%@`~ \n\t\r",
        "  ",
        "- ",
        ": ",
        "\n  ",
        "a",
        "b",
        "&a ",
        "*a",
        "<<: ",
        "---\n",
        "...\n",
        "!!str ",
        "1",
    ]
)
YAML_LIKE = st.lists(PIECES, max_size=40).map("".join)


def check(document: Document) -> None:
    """Ask a document everything that may go wrong late."""
    for problem in document.problems:
        assert str(problem).startswith("m.yaml:")
        assert "\n" not in str(problem)
    document.where(("a", 0, "b"))
    document.where_key(("a", 0, "b"))


@given(st.binary(max_size=200))
@example(b"\xff\xfea\x00")
@example(b"\xef\xbb\xbf")
def test_no_bytes_raise(content: bytes) -> None:
    """Whatever bytes a file holds, reading it gives a document."""
    check(parse(content, path="m.yaml"))


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    """Whatever text a file holds, reading it gives a document."""
    check(parse(text.encode("utf-8", "surrogatepass"), path="m.yaml"))


@given(YAML_LIKE, st.sampled_from([yaml.CSafeLoader, yaml.SafeLoader]))
@example("&a [*a]", yaml.CSafeLoader)
@example("? *a", yaml.CSafeLoader)
@example("<<: *a", yaml.CSafeLoader)
@example("&a : &a *a", yaml.SafeLoader)
def test_no_text_of_yaml_pieces_raises(text: str, parser: type[yaml.SafeLoader | yaml.CSafeLoader]) -> None:
    """Whatever the pieces of YAML are put together to, reading it by either parser gives a document."""
    check(parse(text.encode(), path="m.yaml", parser=parser))


@given(YAML_LIKE)
def test_what_has_no_problems_is_what_pyyaml_reads(text: str) -> None:
    """A text without problems and without aliases has the data that PyYAML finds in it, if PyYAML takes it."""
    document = parse(text.encode(), path="m.yaml")
    if document.problems or "*" in text:
        return
    try:
        expected = yaml.load(text, Loader=Reference)  # noqa: S506  # a safe loader with another resolver
    except yaml.YAMLError:
        return
    assert repr(document.data) == repr(expected)


@given(DATA, st.booleans() | st.none(), st.integers(2, 6))
def test_written_data_reads_the_same(data: Any, flow: bool | None, indent: int) -> None:
    """What PyYAML writes in any of its styles reads back as the same data, without problems where it is not empty."""
    written = yaml.safe_dump(data, default_flow_style=flow, indent=indent, allow_unicode=True)
    document = parse(written.encode(), path="m.yaml")
    assert document.data == yaml.load(written, Loader=Reference) == data  # noqa: S506  # as above
    assert [problem.message for problem in document.problems] == (["the file holds no values"] if data is None else [])


@given(DATA)
@example({"a": [1e20, float("inf"), float("-inf"), "\x85\u2028\ufeff\x7f\n\t\"'"]})
@example("1e5")
def test_a_line_written_here_reads_the_same(data: Any) -> None:
    """A value written on one line is that value again, for this reader and for PyYAML, and has no line break."""
    written = in_line(data)
    assert written.isprintable() or not set(written) & set("\r\n\x85\u2028\u2029")
    assert parse(f"- {written}\n".encode(), path="m.yaml").data == [data]
    assert yaml.load(f"- {written}\n", Loader=Reference) == [data]  # noqa: S506  # as above


def test_what_is_no_number_is_written_as_yaml_has_it() -> None:
    """The float that equals nothing, itself included, has a word in YAML."""
    assert in_line([float("nan")]) == "[.nan]"


@given(TEXT | WORDS, st.sampled_from(["'", '"']))
def test_a_text_keeps_the_quotes_asked_for(text: str, quote: str) -> None:
    """A text written in quotes of a kind reads the same, and has them unless they cannot hold it."""
    written = in_line(text, quote=quote)
    assert parse(f"- {written}\n".encode(), path="m.yaml").data == [text]
    assert written[0] == quote or set(text) & set("\x85\u2028\u2029\ufeff")


@given(st.text(string.ascii_letters + string.digits + "./@:+_-", min_size=1, max_size=20))
def test_the_names_of_models_need_no_quotes_that_change_them(name: str) -> None:
    """A text of the characters of model names is itself again in a list, in a mapping and between brackets."""
    written = in_line(name)
    text = f"list:\n  - {written}\nkey: {written}\nflow: [{written}, {{name: {written}}}]\n"
    expected = {"list": [name], "key": name, "flow": [name, {"name": name}]}
    assert parse(text.encode(), path="m.yaml").data == yaml.safe_load(text) == expected

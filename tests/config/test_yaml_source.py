"""YAML that remembers where it was written, and survives whatever it is given."""

import textwrap

import pytest
import yaml

from venom_modeld.config.yaml_composer import MAX_DEPTH, MAX_NODES
from venom_modeld.config.yaml_events import Parser
from venom_modeld.config.yaml_source import Position, parse

PARSERS = [pytest.param(yaml.CSafeLoader, id="libyaml"), pytest.param(yaml.SafeLoader, id="pure")]

MAPPING = (
    "this does not continue the mapping that starts on line 1, column 1; align a key with its neighbours, and put the"
    " whole of a value in one pair of quotes"
)
LIST = (
    "this does not continue the list that starts on line 1, column 1; align each '- ' there, and put the whole of an"
    " item in one pair of quotes"
)
COLON = (
    "a ':' is not allowed here; put a text that holds ': ' in quotes, align a key with its neighbours, and write a"
    " space after the ':' of the line above"
)
ELSEWHERE = (
    "this does not belong to what stands above it; align it, or put the whole of the value in one pair of quotes"
)
MEANING = "'*' and '&' have a meaning of their own in YAML; put a value that starts with one in quotes"
MERGE = "`<<` takes a mapping, or a list of mappings; write `<<: *name`"
DEEP = f"values stand more than {MAX_DEPTH} deep inside each other; write them flatter"


def problems(text: str | bytes, parser: Parser = yaml.CSafeLoader) -> list[str]:
    """Read a text and give its problems as a person sees them."""
    content = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
    return [str(problem) for problem in parse(content, path="models.yaml", parser=parser).problems]


BROKEN = {
    "nothing at all": ("", ["1:1: the file is empty"]),
    "blank lines": ("\n \n", ["1:1: the file is empty"]),
    "comments alone": ("# models\n", ["1:1: the file holds no values"]),
    "an empty document": ("---\n", ["1:1: the file holds no values"]),
    "a null": ("~\n", ["1:1: the file holds no values"]),
    "duplicate keys in two mappings": (
        "a: 1\na: 2\nb:\n  c: 1\n  'c': 2\n  c: 3\n",
        [
            "2:1: the key `a` is on line 1 already; keep one of the two",
            "5:3: the key `c` is on line 4 already; keep one of the two",
            "6:3: the key `c` is on line 4 already; keep one of the two",
        ],
    ),
    "duplicate keys in braces": ("{x: 1, x: 2}", ["1:8: the key `x` is on line 1 already; keep one of the two"]),
    "a key written twice in two ways": (
        "1: a\n'1': b\n",
        [
            '1:1: YAML reads the key `1` as a whole number; write it in quotes: "1"',
            "2:1: the key `1` is on line 1 already; keep one of the two",
        ],
    ),
    "keys that are no text": (
        "on: a\n1.5: b\n~: c\n? [d]\n: e\n? {f: g}\n: h\n? \n: i\n",
        [
            '1:1: YAML reads the key `on` as true or false; write it in quotes: "on"',
            '2:1: YAML reads the key `1.5` as a number; write it in quotes: "1.5"',
            '3:1: YAML reads the key `~` as null; write it in quotes: "~"',
            "4:3: a list or a mapping stands where a key should; write a word",
            "6:3: a list or a mapping stands where a key should; write a word",
            "8:2: nothing stands where a key should; write a word",
        ],
    ),
    "a long key": (
        f"? {'k' * 200}\n: 1\n? {'k' * 200}\n: 2\n",
        [f"3:3: the key `{'k' * 80}…` is on line 1 already; keep one of the two"],
    ),
    "tags": (
        "a: !!python/object/apply:os.system [x]\nb: !mine y\nc: !!binary eA==\nd: !!map [a]\ne: !!str {a: b}\n",
        [
            "1:4: the tag !!python/object/apply:os.system is not supported here; remove it",
            "2:4: the tag !mine is not supported here; remove it",
            "3:4: the tag !!binary is not supported here; remove it",
            "4:4: the tag !!map is not supported here; remove it",
            "5:4: the tag !!str is not supported here; remove it",
        ],
    ),
    "a tag with an unknown handle": ("a: !x!y z\n", ["1:4: tags of this kind are not supported; remove the tag"]),
    "values that are not what their tag says": (
        "a: !!int abc\nb: !!bool maybe\nc: !!null x\nd: !!float ''\n",
        [
            "1:4: `abc` is not what its tag says; mend it, or remove the tag",
            "2:4: `maybe` is not what its tag says; mend it, or remove the tag",
            "3:4: `x` is not what its tag says; mend it, or remove the tag",
            "4:4: `` is not what its tag says; mend it, or remove the tag",
        ],
    ),
    "aliases of nothing and of themselves": (
        "a: *x\nb: &y [*y]\nc: &z {<<: *z}\n",
        [
            "1:4: the alias *x stands for nothing; write &x before a value above it",
            "2:8: the alias *y stands inside its own value; write the value out",
            "3:12: the alias *z stands inside its own value; write the value out",
        ],
    ),
    "merge keys with something else than mappings": (
        "a: &x [1]\nb: {<<: *x}\nc: {<<: 1}\nd: {<<: [{e: f}, g]}\n",
        [f"2:9: {MERGE}", f"3:9: {MERGE}", f"4:9: {MERGE}"],
    ),
    "two documents": ("a: 1\n---\nb: 2\n", ["2:1: a second document starts here; keep one, and remove this '---'"]),
    "a tab before a key": ("a:\n\tb: 1\n", ["2:1: a tab stands where only spaces may; write spaces"]),
    "a tab after spaces": ("a:\n  b: 1\n\tc: 2\n", ["3:1: a tab stands where only spaces may; write spaces"]),
    "a tab in a block text": ("a: |\n\tb\n", ["2:1: a tab stands where only spaces may; write spaces"]),
    "two colons": ("a: b: c\n", [f"1:5: {COLON}"]),
    "a key without a space after its colon": ("a:b\nc: d\n", [f"2:2: {COLON}"]),
    "a list on the line of its key": (
        "a: - b\n",
        ["1:4: a list cannot start on the line of its key; write '- ' on a line of its own"],
    ),
    "a line without a colon": (
        "a: b\nc\nd: e\n",
        ["2:1: this line is no `key: value`; write ': ' after the key, or '- ' before an item of a list"],
    ),
    "an open quote": ("a: 'b\nc: d\n", ["1:4: the quote that opens here is never closed; write the closing quote"]),
    "an open bracket": (
        "a: [b, c\nd: e\n",
        ["1:4: the '[' that opens here is still open on line 2, column 2; write the missing ',' or ']'"],
    ),
    "an open brace": (
        "a: {b: c\nd: e\n",
        ["1:4: the '{' that opens here is still open on line 2, column 2; write the missing ',' or '}'"],
    ),
    "a key between two indentations": (
        "a:\n    b: 1\n  c: 2\n",
        [f"3:3: {MAPPING}"],
    ),
    "words after a closing quote": (
        "a: 'b' c\n",
        [f"1:8: {MAPPING}"],
    ),
    "a key in a list": (
        "- a\nb: 1\n",
        [f"2:1: {LIST}"],
    ),
    "a list that moves to the left": ("  - a\n- b\n", [f"2:1: {ELSEWHERE}"]),
    "a value that starts with a reserved character": (
        "a: @b\n",
        ["1:4: a value cannot start with '@'; put it in quotes"],
    ),
    "a bracket in the place of a value": (
        "a: ]\n",
        ["1:4: a value is expected here, and ']' cannot start one; put it in quotes"],
    ),
    "a star": ("a: *\n", [f"1:4: {MEANING}"]),
    "an ampersand": ("a: & b\n", [f"1:4: {MEANING}"]),
    "a syntax error after other problems": (
        "a: 1\nb: !x 2\nc: @d\n",
        ["2:4: the tag !x is not supported here; remove it", "3:4: a value cannot start with '@'; put it in quotes"],
    ),
}


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(("text", "expected"), BROKEN.values(), ids=BROKEN)
def test_each_problem_names_its_place_and_what_to_write(text: str, expected: list[str], parser: Parser) -> None:
    """Each problem of a broken file is told with its line, its column and what to write, by either parser alike."""
    assert problems(text, parser) == [f"models.yaml:{line}" for line in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a: "\\q"\n', "1:5: this escape is unknown in double quotes; double the backslash, or write single quotes"),
        ('a: "\\ud800"', "1:7: this escape is unknown in double quotes; double the backslash, or write single quotes"),
        ("[a,", "2:1: a value is expected here, and the end of the file cannot start one; put it in quotes"),
        (
            "a: |x\n b\n",
            "1:5: this is no YAML (the parser says: did not find expected comment or line break); mend this line",
        ),
        (
            "%YAML 3.0\n--- a\n",
            "1:1: this is no YAML (the parser says: found incompatible YAML document); mend this line",
        ),
    ],
)
def test_rare_syntax_errors_are_told_too(text: str, expected: str) -> None:
    """A syntax error without a sentence of its own still has its place and the parser's reason."""
    assert problems(text) == [f"models.yaml:{expected}"]


@pytest.mark.parametrize("escape", ["\\ud800", "\\UFFFFFFFF"])
def test_escapes_that_name_no_character_are_refused_by_the_pure_parser_too(escape: str) -> None:
    """Half a surrogate pair or a number past the last character never becomes data."""
    document = parse(f'a: "{escape}"'.encode(), path="m.yaml", parser=yaml.SafeLoader)
    assert document.data is None
    assert [str(problem) for problem in document.problems] == [
        "m.yaml: this is no YAML (the parser says: an escape in double quotes is no character)"
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: 1\nb: \xff\n", "2:4: the byte 0xff is not UTF-8; save the file as UTF-8"),
        ("é: \u2028".encode() + b"\xc3", "2:1: the byte 0xc3 is not UTF-8; save the file as UTF-8"),
        ("a: 1".encode("utf-16"), "1:1: the file is UTF-16; save it as UTF-8"),
        ("a: 1".encode("utf-16-be"), "1:1: a NUL byte; the file is binary or UTF-16: save it as UTF-8 text"),
        ("a: 1".encode("utf-32"), "1:1: the file is UTF-32; save it as UTF-8"),
        (b"a: 1\r\nb: x\0", "2:5: a NUL byte; the file is binary or UTF-16: save it as UTF-8 text"),
        (b"a: \x1b[0m\n", "1:4: the control character U+001B; remove it"),
    ],
)
def test_what_is_no_utf8_text_is_refused_at_its_first_byte(content: bytes, expected: str) -> None:
    """Bytes that are not UTF-8, and characters that YAML forbids, are told with the place of the first."""
    assert problems(content) == [f"models.yaml:{expected}"]


def test_a_byte_order_mark_is_no_content() -> None:
    """A file with a UTF-8 byte order mark reads as one without, with the same columns."""
    document = parse(b"\xef\xbb\xbfa: 1\n", path="m.yaml")
    assert (document.data, document.problems) == ({"a": 1}, ())
    assert document.where_key(("a",)) == Position(1, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1, 0x1F, 1_000, 1:30, -7]", {"a": [1, 31, 1000, 90, -7]}),
        ("a: [1.5, .inf, 1e3, '1']", {"a": [1.5, float("inf"), "1e3", "1"]}),
        ("a: [yes, Off, true, y, ~, null, '', , ]", None),
        ("a: [yes, Off, true, y, ~, null, '']", {"a": [True, False, True, "y", None, None, ""]}),
        ("a: 2024-05-13\nb: 2024-05-13 10:00:00\n", {"a": "2024-05-13", "b": "2024-05-13 10:00:00"}),
        ("a: !!str 12\nb: ! 12\nc: !!int '3'\nd: !!float 3\n", {"a": "12", "b": 12, "c": 3, "d": 3.0}),
        (
            "a: !!bool yes\nb: !!null ''\nc: !!seq [x]\nd: !!map {x: y}\n",
            {"a": True, "b": None, "c": ["x"], "d": {"x": "y"}},
        ),
        ("a: 0x_\nb: =\nc: <<\n", {"a": "0x_", "b": "=", "c": "<<"}),
        ("a: |\n  x\n  y\nb: >-\n  x\n  y\n", {"a": "x\ny\n", "b": "x y"}),
    ],
)
def test_scalars_read_as_yaml_1_1_has_them_and_dates_as_text(text: str, expected: object) -> None:
    """Numbers, booleans and null are those of YAML 1.1; dates and shapes without a value stay text."""
    assert parse(text.encode(), path="m.yaml").data == expected


@pytest.mark.parametrize("text", ["1" * 5000, "1" + ":1" * 5000, "0x" + "f" * 5000, "1." + "1" * 5000])
def test_endless_numbers_stay_text(text: str) -> None:
    """A number too long for a person to have meant is text, so that it cannot cost time."""
    document = parse(f"a: {text}\n".encode(), path="m.yaml")
    assert (document.data, document.problems) == ({"a": text}, ())


def test_a_tag_makes_no_endless_number() -> None:
    """A tag does not force the conversion of a number that is too long."""
    assert problems(f"a: !!int {'1' * 200}\n") == [
        f"models.yaml:1:4: `{'1' * 80}…` is not what its tag says; mend it, or remove the tag"
    ]


def test_aliases_and_merge_keys_are_expanded() -> None:
    """An alias repeats its value; a mapping's own keys go before those merged in, and of those the first."""
    text = """
        base: &base {kind: ollama, prune: managed}
        other: &other {prune: never, url: x}
        one: {<<: *base, prune: all}
        two: {<<: [*base, *other]}
        list: [*base, &k word, *k]
        chain: {<<: {<<: *other, kind: y}}
        *k : key
    """
    document = parse(textwrap.dedent(text).encode(), path="m.yaml")
    assert document.problems == ()
    assert document.data == {
        "base": {"kind": "ollama", "prune": "managed"},
        "other": {"prune": "never", "url": "x"},
        "one": {"kind": "ollama", "prune": "all"},
        "two": {"kind": "ollama", "prune": "managed", "url": "x"},
        "list": [{"kind": "ollama", "prune": "managed"}, "word", "word"],
        "chain": {"prune": "never", "url": "x", "kind": "y"},
        "word": "key",
    }


def test_an_alias_gives_a_value_of_its_own() -> None:
    """A change of one copy of an aliased value does not reach the other."""
    data = parse(b"a: &x [1]\nb: *x\n", path="m.yaml").data
    assert isinstance(data, dict)
    assert data["a"] is not data["b"]


def test_a_quoted_merge_key_is_a_key() -> None:
    """Only the unquoted `<<` merges."""
    assert parse(b"'<<': 1\n", path="m.yaml").data == {"<<": 1}


def bomb(levels: int) -> str:
    """Write the classic file whose aliases stand for ten to the `levels` values."""
    lines = ["a0: &a0 [" + ",".join("x" * 10) + "]"]
    lines += [f"a{n}: &a{n} [" + ",".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, levels)]
    return "\n".join(lines)


def test_a_bomb_of_aliases_is_refused_by_its_alias() -> None:
    """A file of a few hundred bytes that stands for a billion values is refused, with the line that goes too far."""
    document = parse(bomb(9).encode(), path="m.yaml")
    assert document.data is None
    assert [str(problem) for problem in document.problems] == [
        f"m.yaml:6:10: the alias *a4 makes the file larger than {MAX_NODES} values; write less"
    ]


def test_as_many_values_as_allowed_are_read() -> None:
    """A file at the limit of values is read, and one value more is refused at its place."""
    fits = b"- a\n" * (MAX_NODES - 1)
    assert parse(fits, path="m.yaml").problems == ()
    assert problems(fits + b"- a\n- a\n") == [
        f"models.yaml:{MAX_NODES + 1}:3: the file is larger than {MAX_NODES} values; write less"
    ]


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? "])
def test_values_may_not_stand_too_deep(opening: str) -> None:
    """Nesting past the limit is refused at the value that goes too far, however deep the file would go on."""
    column = MAX_DEPTH * len(opening) + 1
    assert problems(opening * 500_000) == [f"models.yaml:1:{column}: {DEEP}"]


def test_aliases_may_not_nest_too_deep_either() -> None:
    """Depth counts with aliases expanded: each line of this file is flat, and what it stands for is not."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 40)]
    assert problems("\n".join(lines)) == [f"models.yaml:32:12: {DEEP}"]


def test_the_deepest_allowed_file_is_read() -> None:
    """A file at the limit of depth has no problems."""
    assert problems("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []


WRITTEN = """\
version: 1
runtimes:
  ollama: &o
    kind: ollama
    models:
      - qwen3:0.6b
      - {name: "llama3.2:3b",
         update: always}
  spare:
    <<: *o
    url: x
  twin: *o
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), (1, 1), (1, 1)),
        (("version",), (1, 10), (1, 1)),
        (("runtimes",), (3, 3), (2, 1)),
        (("runtimes", "ollama"), (3, 11), (3, 3)),
        (("runtimes", "ollama", "models"), (6, 7), (5, 5)),
        (("runtimes", "ollama", "models", 0), (6, 9), (6, 9)),
        (("runtimes", "ollama", "models", 1), (7, 9), (7, 9)),
        (("runtimes", "ollama", "models", 1, "update"), (8, 18), (8, 10)),
        (("runtimes", "spare", "url"), (11, 10), (11, 5)),
        (("runtimes", "spare", "kind"), (4, 11), (4, 5)),
        (("runtimes", "twin"), (12, 9), (12, 3)),
        (("runtimes", "twin", "kind"), (4, 11), (4, 5)),
        (("nothing", "here"), (1, 1), (1, 1)),
        (("runtimes", "ollama", "models", 7), (6, 7), (6, 7)),
        (("runtimes", "ollama", "models", "x"), (6, 7), (6, 7)),
        (("runtimes", "ollama", "prune"), (3, 11), (3, 11)),
        (("runtimes", 0, "x"), (3, 3), (3, 3)),
    ],
)
def test_every_value_and_key_knows_its_place(
    path: tuple[str | int, ...], value: tuple[int, int], key: tuple[int, int]
) -> None:
    """A path leads to the place of its value and of its key, and a path to nothing to the nearest place above."""
    document = parse(WRITTEN.encode(), path="m.yaml")
    assert document.problems == ()
    assert document.where(path) == Position(*value)
    assert document.where_key(path) == Position(*key)


def test_an_unreadable_file_has_one_place() -> None:
    """A document without data answers every question for a place with its start."""
    document = parse(b"a: 'b", path="m.yaml")
    assert document.where(("a", 1)) == document.where_key(("a",)) == document.where_key(()) == Position(1, 1)


def test_a_caller_can_add_problems_at_a_value_or_its_key() -> None:
    """A document makes problems with its own name and the place of a value or of a key."""
    document = parse(WRITTEN.encode(), path="m.yaml")
    assert str(document.problem(("version",), "write 1")) == "m.yaml:1:10: write 1"
    assert str(document.problem_with_key(("version",), "write 1")) == "m.yaml:1:1: write 1"


def test_the_data_of_a_file_with_problems_is_what_could_be_read() -> None:
    """Duplicate and odd keys leave data to look for further problems in: the first value, and the key as written."""
    document = parse(b"a: 1\na: 2\n3: b\n", path="m.yaml")
    assert document.data == {"a": 1, "3": "b"}
    assert len(document.problems) == 2

"""Edits of models.yaml that touch nothing else, asserted as the diff that a person would see."""

from collections.abc import Callable

import pytest

from venom_modeld.config.editor import EditError, activate, install, remove, set_in_entry, set_value, unified_diff
from venom_modeld.config.encoding import BOM

FILE = """\
# yaml-language-server: $schema=models.schema.json
version: 1   # the first

runtimes:

  ollama:                          # the big one
    kind: ollama
    url: "http://127.0.0.1:11434"
    prune: managed
    active: 'qwen3:0.6b'   # the small one
    models:
      # for all
      - qwen3:0.6b                 # short form
      - {name: "llama3.2:3b", update: always}         # follow

      - name: coder
        system: |
          - You write
          Python.

        parameters: {num_ctx: 32768}   # long

      # - switched off
  spare:
    kind: ollama
    prune: never
    models:
    - one
    -   two
    -
      name: three
  bare:
    kind: ollama
    models: []   # none yet
  empty:
    kind: ollama
    models:   # to come
    prune: never
  brief: {kind: ollama, models: [a, "b", {name: c}]}
  briefer: {kind: ollama, models: []}
  broken: {kind: ollama, models: [
    a,
    b,  # the second
  ]}
  none:
    kind: ollama   # no list
"""

Edit = Callable[[str], str]


def among(*names: str) -> Callable[[str], bool]:
    """Match these names."""
    return lambda name: name in names


def anything(name: str) -> bool:
    """Match every name."""
    return bool(name)


def changes(old: str, new: str) -> list[str]:
    """Give the lines of a diff that were taken away or added, without the header."""
    return [line for line in unified_diff(old, new, "m").split("\n")[2:] if line[:1] in ("+", "-")]


EDITS: dict[str, tuple[Edit, list[str]]] = {
    "install below a long entry, as long": (
        lambda text: install(
            text, "ollama", {"name": "x:1b", "keep": True, "parameters": {"seed": 7, "stop": ["a b"]}}
        ),
        ["+      - name: x:1b", "+        keep: true", '+        parameters: {seed: 7, stop: ["a b"]}'],
    ),
    "install a name": (lambda text: install(text, "ollama", "hf.co/a/b:Q4"), ["+      - hf.co/a/b:Q4"]),
    "install a name that needs quotes": (lambda text: install(text, "spare", "1:30"), ['+    - "1:30"']),
    "install into a list without indentation": (lambda text: install(text, "spare", "four"), ["+    - four"]),
    "install into brackets": (
        lambda text: install(text, "brief", {"name": "d", "digest": "sha256:0"}),
        [
            '-  brief: {kind: ollama, models: [a, "b", {name: c}]}',
            '+  brief: {kind: ollama, models: [a, "b", {name: c}, {name: d, digest: sha256:0}]}',
        ],
    ),
    "install into empty brackets in braces": (
        lambda text: install(text, "briefer", "a"),
        ["-  briefer: {kind: ollama, models: []}", "+  briefer: {kind: ollama, models: [a]}"],
    ),
    "install into brackets on several lines": (
        lambda text: install(text, "broken", "c"),
        ["-    b,  # the second", "+    b, c,  # the second"],
    ),
    "install into empty brackets": (
        lambda text: install(text, "bare", "a"),
        ["-    models: []   # none yet", "+    models:   # none yet", "+      - a"],
    ),
    "install into a list that is not there yet": (lambda text: install(text, "empty", "a"), ["+      - a"]),
    "install without a list": (lambda text: install(text, "none", "a"), ["+    models:", "+      - a"]),
    "remove a name with its comment": (
        lambda text: remove(text, "ollama", among("qwen3:0.6b")),
        ["-      - qwen3:0.6b                 # short form"],
    ),
    "remove a long entry": (
        lambda text: remove(text, "ollama", among("coder")),
        [
            "-      - name: coder",
            "-        system: |",
            "-          - You write",
            "-          Python.",
            "-",
            "-        parameters: {num_ctx: 32768}   # long",
        ],
    ),
    "remove two": (
        lambda text: remove(text, "spare", among("one", "three")),
        ["-    - one", "-    -", "-      name: three"],
    ),
    "remove all": (
        lambda text: remove(text, "spare", anything),
        ["-    models:", "-    - one", "-    -   two", "-    -", "-      name: three", "+    models: []"],
    ),
    "remove what is active": (
        lambda text: remove(text, "ollama", among("qwen3:0.6b"), clear_active=True),
        ["-    active: 'qwen3:0.6b'   # the small one", "-      - qwen3:0.6b                 # short form"],
    ),
    "remove another than the active one": (
        lambda text: remove(text, "ollama", among("llama3.2:3b"), clear_active=True),
        ['-      - {name: "llama3.2:3b", update: always}         # follow'],
    ),
    "remove first and last in brackets": (
        lambda text: remove(text, "brief", among("a", "c")),
        ['-  brief: {kind: ollama, models: [a, "b", {name: c}]}', '+  brief: {kind: ollama, models: ["b"]}'],
    ),
    "remove all in brackets": (
        lambda text: remove(text, "brief", anything),
        ['-  brief: {kind: ollama, models: [a, "b", {name: c}]}', "+  brief: {kind: ollama, models: []}"],
    ),
    "remove the first in brackets on several lines": (lambda text: remove(text, "broken", among("a")), ["-    a,"]),
    "activate another": (
        lambda text: activate(text, "ollama", "coder"),
        ["-    active: 'qwen3:0.6b'   # the small one", "+    active: 'coder'   # the small one"],
    ),
    "activate none": (
        lambda text: activate(text, "ollama", None),
        ["-    active: 'qwen3:0.6b'   # the small one"],
    ),
    "activate the first time": (lambda text: activate(text, "spare", "one"), ["+    active: one"]),
    "activate in braces": (
        lambda text: activate(text, "briefer", "a"),
        ["-  briefer: {kind: ollama, models: []}", "+  briefer: {kind: ollama, models: [], active: a}"],
    ),
    "suspend a runtime": (lambda text: set_value(text, "ollama", "suspend", True), ["+    suspend: true"]),
    "suspend all": (lambda text: set_value(text, None, "suspend", True), ["+suspend: true"]),
    "remove a key in braces": (
        lambda text: set_value(text, "briefer", "kind", None),
        ["-  briefer: {kind: ollama, models: []}", "+  briefer: {models: []}"],
    ),
    "set a value": (
        lambda text: set_value(text, None, "version", 2),
        ["-version: 1   # the first", "+version: 2   # the first"],
    ),
    "set a value where none was": (
        lambda text: set_value(text, "empty", "models", "a word"),
        ["-    models:   # to come", '+    models: "a word"   # to come'],
    ),
    "lengthen a name": (
        lambda text: set_in_entry(text, "ollama", among("qwen3:0.6b"), "keep", True),
        [
            "-      - qwen3:0.6b                 # short form",
            "+      - {name: qwen3:0.6b, keep: true}                 # short form",
        ],
    ),
    "lengthen a name in brackets": (
        lambda text: set_in_entry(text, "brief", among("b"), "update", "always"),
        [
            '-  brief: {kind: ollama, models: [a, "b", {name: c}]}',
            "+  brief: {kind: ollama, models: [a, {name: b, update: always}, {name: c}]}",
        ],
    ),
    "add a key to an entry in braces": (
        lambda text: set_in_entry(text, "ollama", among("llama3.2:3b"), "keep", True),
        [
            '-      - {name: "llama3.2:3b", update: always}         # follow',
            '+      - {name: "llama3.2:3b", update: always, keep: true}         # follow',
        ],
    ),
    "add a key to a long entry": (
        lambda text: set_in_entry(text, "ollama", among("coder"), "keep", True),
        ["+        keep: true"],
    ),
    "set a key of an entry": (
        lambda text: set_in_entry(text, "ollama", among("llama3.2:3b"), "update", "never"),
        [
            '-      - {name: "llama3.2:3b", update: always}         # follow',
            '+      - {name: "llama3.2:3b", update: never}         # follow',
        ],
    ),
    "take a key out of an entry": (
        lambda text: set_in_entry(text, "ollama", among("llama3.2:3b"), "update", None),
        [
            '-      - {name: "llama3.2:3b", update: always}         # follow',
            '+      - {name: "llama3.2:3b"}         # follow',
        ],
    ),
    "set a value in double quotes": (
        lambda text: set_value(text, "ollama", "url", "x"),
        ['-    url: "http://127.0.0.1:11434"', '+    url: "x"'],
    ),
}


@pytest.mark.parametrize(("edit", "expected"), EDITS.values(), ids=EDITS)
def test_an_edit_touches_the_lines_it_has_to(edit: Edit, expected: list[str]) -> None:
    """The diff of an edit holds the lines that the edit is about and no other."""
    assert changes(FILE, edit(FILE)) == expected


@pytest.mark.parametrize("edit", [edit for edit, _ in EDITS.values()], ids=EDITS)
def test_an_edit_is_the_same_with_the_line_ends_of_windows(edit: Edit) -> None:
    """A file with CRLF line ends and a byte order mark gets the same edit, and keeps both."""
    windows = BOM + FILE.replace("\n", "\r\n")
    assert edit(windows) == BOM + edit(FILE).replace("\n", "\r\n")


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: remove(text, "ollama", among("gone"), clear_active=True),
        lambda text: remove(text, "none", anything),
        lambda text: activate(text, "ollama", "qwen3:0.6b"),
        lambda text: activate(text, "spare", None),
        lambda text: set_value(text, None, "suspend", None),
        lambda text: set_value(text, None, "version", 1),
        lambda text: set_in_entry(text, "ollama", among("qwen3:0.6b"), "keep", None),
        lambda text: set_in_entry(text, "ollama", among("llama3.2:3b"), "update", "always"),
    ],
)
def test_an_edit_that_changes_nothing_gives_the_same_text(edit: Edit) -> None:
    """Where the file says already what is wanted, its text is the same to the byte."""
    assert edit(FILE) == FILE


def test_true_and_one_are_two_values() -> None:
    """Setting a key to true where it is one is a change."""
    assert set_value("version: 1\nruntimes:\n", None, "version", True) == "version: true\nruntimes:\n"


@pytest.mark.parametrize(
    ("text", "edit", "expected"),
    [
        pytest.param(
            "runtimes:\n  a:\n    models:\n    - x",
            lambda text: install(text, "a", "y"),
            "runtimes:\n  a:\n    models:\n    - x\n    - y",
            id="install behind a last line without an end",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models: [x]\n    active: x",
            lambda text: activate(text, "a", None),
            "runtimes:\n  a:\n    models: [x]\n",
            id="remove a last line without an end",
        ),
        pytest.param(
            "runtimes:\n a: {}\n",
            lambda text: install(text, "a", "x"),
            "runtimes:\n a: {models: [x]}\n",
            id="install into empty braces",
        ),
        pytest.param(
            "runtimes:\n    a:\n        kind: k\n    b:\n        models:\n            - x\n",
            lambda text: install(text, "a", "y"),
            "runtimes:\n    a:\n        kind: k\n        models:\n            - y\n    b:\n        models:\n"
            "            - x\n",
            id="take after the indentation of the other lists",
        ),
        pytest.param(
            "runtimes:\n  a:\n    kind: k\n  b:\n    models:\n    - x\n",
            lambda text: install(text, "a", "y"),
            "runtimes:\n  a:\n    kind: k\n    models:\n    - y\n  b:\n    models:\n    - x\n",
            id="take after lists without indentation",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models:\n      - x\n",
            lambda text: activate(text, "a", "x"),
            "runtimes:\n  a:\n    active: x\n    models:\n      - x\n",
            id="a key above the first, which is a list",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models:\n      - name: x\n        system: |+\n          y\n\n    kind: k\n",
            lambda text: install(text, "a", "z"),
            "runtimes:\n  a:\n    models:\n      - name: x\n        system: |+\n          y\n\n      - z\n"
            "    kind: k\n",
            id="install below a text that keeps its blank lines",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models:\n      - name: x\n        system: |+\n          y\n\n      - z\n",
            lambda text: remove(text, "a", among("x")),
            "runtimes:\n  a:\n    models:\n      - z\n",
            id="remove a text that keeps its blank lines",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models: null # none\n",
            lambda text: install(text, "a", "x"),
            "runtimes:\n  a:\n    models: # none\n      - x\n",
            id="install in the place of null",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models: &m\n      - x\n",
            lambda text: install(text, "a", "y"),
            "runtimes:\n  a:\n    models: &m\n      - x\n      - y\n",
            id="an anchor that nothing repeats is no hindrance",
        ),
        pytest.param(
            "x: &x {active: y}\nruntimes:\n  a:\n    <<: *x\n    kind: k\n",
            lambda text: activate(text, "a", "z"),
            "x: &x {active: y}\nruntimes:\n  a:\n    <<: *x\n    kind: k\n    active: z\n",
            id="what is merged in is overridden",
        ),
        pytest.param(
            "runtimes:\n  a: &a\n    kind: k\n    models: [x]\n  b:\n    <<: *a\n    models: [z]\n",
            lambda text: install(text, "a", "y"),
            "runtimes:\n  a: &a\n    kind: k\n    models: [x, y]\n  b:\n    <<: *a\n    models: [z]\n",
            id="what is overridden elsewhere can be changed",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models:\n      - &x x\n      - *x\n      - z\n",
            lambda text: remove(text, "a", among("z")),
            "runtimes:\n  a:\n    models:\n      - &x x\n      - *x\n",
            id="aliases that are not concerned stay",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models:\n      - &x x\n      - *x\n",
            lambda text: remove(text, "a", anything),
            "runtimes:\n  a:\n    models: []\n",
            id="an anchor goes with its aliases",
        ),
        pytest.param(
            "runtimes:\n  a:\n    active: |\n      x\n    kind: k\n",
            lambda text: activate(text, "a", "y"),
            "runtimes:\n  a:\n    active: y\n    kind: k\n",
            id="a value on lines of its own",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models: [x]\n    kind: k\n",
            lambda text: install(text, "a", "y", matches=among("X")),
            "runtimes:\n  a:\n    models: [x, y]\n    kind: k\n",
            id="names are compared by whoever knows them",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models:\n      -\n      - [q]\n      - x\n",
            lambda text: remove(text, "a", anything),
            "runtimes:\n  a:\n    models:\n      -\n      - [q]\n",
            id="entries without a name stay",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models:\n      -\n      - [q]\n",
            lambda text: install(text, "a", "x", matches=lambda name: name[0] == "x"),
            "runtimes:\n  a:\n    models:\n      -\n      - [q]\n      - x\n",
            id="entries without a name are not compared",
        ),
    ],
)
def test_unusual_files_are_edited_as_a_person_would(text: str, edit: Edit, expected: str) -> None:
    """Rare ways to write the file keep their form through an edit."""
    assert edit(text) == expected


ALIAS = (
    "the edit would change more than it should, or break the file, because of what is shared in it (line {again}"
    " repeats line {first} by the alias *{name}); write the values out first"
)
ODD = "line {} is written in a way that cannot be edited safely; edit the file by hand"


@pytest.mark.parametrize(
    ("text", "edit", "message"),
    [
        pytest.param(
            FILE,
            lambda text: install(text, "olama", "x"),
            "the file has no runtime olama; its runtimes are: ollama, spare, bare, empty, brief, briefer, broken, none",
            id="no such runtime",
        ),
        pytest.param(
            "version: 1\n",
            lambda text: activate(text, "a", "x"),
            "the file has no runtime a; its runtimes are: none",
            id="no runtimes",
        ),
        pytest.param(
            "runtimes: [a]\n",
            lambda text: activate(text, "a", "x"),
            "the file has no runtime a; its runtimes are: none",
            id="runtimes that are no mapping",
        ),
        pytest.param(
            "- a\n",
            lambda text: activate(text, "a", "x"),
            "the file is no mapping and has no `runtimes`; write them first",
            id="a list",
        ),
        pytest.param(
            "runtimes:\n  a:\n",
            lambda text: activate(text, "a", "x"),
            "the runtime a is no mapping (line 2); write its `kind`, `url` and `prune` first",
            id="an empty runtime",
        ),
        pytest.param(
            "runtimes:\n  a: {models: x}\n",
            lambda text: install(text, "a", "y"),
            "the models of a are no list; write one first",
            id="a word in the place of the list",
        ),
        pytest.param(
            "runtimes: {a: 'b}\n",
            lambda text: install(text, "a", "y"),
            "the file has errors and cannot be edited (line 1, column 15: the quote that opens here is never closed;"
            " write the closing quote); mend it first",
            id="a broken file",
        ),
        pytest.param(
            "a: 1\rb: 2\r",
            lambda text: set_value(text, None, "a", 2),
            "the file has lines that end with a bare carriage return; save it with the line ends of Unix",
            id="the line ends of old",
        ),
        pytest.param(
            FILE,
            lambda text: install(text, "ollama", {"name": "coder"}),
            "the runtime ollama has coder already; change its entry in the file, or remove it first",
            id="a known name",
        ),
        pytest.param(
            FILE,
            lambda text: install(text, "ollama", "CODER", matches=lambda name: name.upper() == "CODER"),
            "the runtime ollama has CODER already; change its entry in the file, or remove it first",
            id="a known name in another spelling",
        ),
        pytest.param(
            FILE,
            lambda text: set_value(text, "ollama", "models", "x"),
            "`models` holds more than one value (line 13); edit it by hand",
            id="a list is no value",
        ),
        pytest.param(
            "runtimes:\n  a: &a {models: [x]}\n  b: *a\n",
            lambda text: install(text, "b", "y"),
            "the runtime b is an alias (*a, line 3); write its values out first",
            id="a runtime that is an alias",
        ),
        pytest.param(
            "runtimes:\n  a: &a {models: [x]}\n  b: *a\n",
            lambda text: install(text, "a", "y"),
            ALIAS.format(again=3, first=2, name="a"),
            id="a runtime that an alias repeats",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models: &m\n      - x\n  b:\n    models: *m\n",
            lambda text: install(text, "b", "y"),
            "the models of b are an alias (*m, line 6); write the list out first",
            id="a list that is an alias",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models: &m\n      - x\n  b:\n    models: *m\n",
            lambda text: remove(text, "a", anything),
            ALIAS.format(again=6, first=3, name="m"),
            id="a list that an alias repeats",
        ),
        pytest.param(
            "x: &x {models: [x]}\nruntimes:\n  a:\n    <<: *x\n",
            lambda text: remove(text, "a", anything),
            "the models of a come from a merge key (<<); write the list out first",
            id="a list that is merged in",
        ),
        pytest.param(
            "x: &x {active: y}\nruntimes:\n  a:\n    <<: *x\n",
            lambda text: activate(text, "a", None),
            "`active` comes from a merge key (<<), or is all there is beside it; edit the file by hand",
            id="a value that is merged in",
        ),
        pytest.param(
            "runtimes:\n  a: {active: x}\n",
            lambda text: activate(text, "a", None),
            "`active` comes from a merge key (<<), or is all there is beside it; edit the file by hand",
            id="the only key in braces",
        ),
        pytest.param(
            "runtimes:\n  a:\n    active: x\n",
            lambda text: activate(text, "a", None),
            "the file is written in a way that cannot be edited safely; edit it by hand",
            id="the only key in a block",
        ),
        pytest.param(
            FILE,
            lambda text: set_in_entry(text, "ollama", among("gone"), "keep", True),
            "the runtime ollama has no such model; install it first",
            id="a key of a model that is not there",
        ),
        pytest.param(
            FILE,
            lambda text: set_in_entry(text, "none", anything, "keep", True),
            "the runtime none has no such model; install it first",
            id="a key of a model where there is none",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models:\n      - &x {name: x}\n  b:\n    models:\n      - *x\n",
            lambda text: set_in_entry(text, "b", among("x"), "keep", True),
            "the entry is an alias (line 7); write its values out first",
            id="an entry that is an alias",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models:\n      - keep: true\n        name: x\n",
            lambda text: set_in_entry(text, "a", among("x"), "keep", None),
            ODD.format(4),
            id="the key behind the dash",
        ),
        pytest.param(
            "runtimes:\n  a:\n    models:\n      - name: x\n        system: |\n          y",
            lambda text: install(text, "a", "z"),
            "the last line of the file has no line end, and belongs to a text; add the line end first",
            id="a text that the end of the file cuts off",
        ),
        pytest.param(
            "runtimes:\n  a:\n    ? models\n    : - x\n",
            lambda text: remove(text, "a", anything),
            ODD.format(4),
            id="a list behind a question mark",
        ),
        pytest.param(
            "runtimes:\n  a: {kind: k, models}\n",
            lambda text: install(text, "a", "x"),
            ODD.format(2),
            id="a key without a colon",
        ),
        pytest.param(
            "runtimes:\n  a:\n    ? models\n    : []\n",
            lambda text: install(text, "a", "x"),
            ODD.format(3),
            id="brackets behind a question mark",
        ),
        pytest.param(
            "runtimes:\n  a:\n    ? kind\n    : k\n",
            lambda text: activate(text, "a", "x"),
            ODD.format(3),
            id="keys behind question marks",
        ),
    ],
)
def test_what_cannot_be_edited_is_refused_with_the_reason(text: str, edit: Edit, message: str) -> None:
    """An edit that cannot be made safely raises one sentence that says why and what to do."""
    with pytest.raises(EditError) as caught:
        edit(text)
    assert str(caught.value) == message


def test_a_diff_is_written_as_patch_takes_it() -> None:
    """A diff ends its lines where the file does, and tells where the last line of a side has no end."""
    assert unified_diff("a: 1\nb: 2", "a: 1\r\nb: 2\u2028c\n", "m.yaml") == (
        "--- m.yaml\n+++ m.yaml\n@@ -1,2 +1,2 @@\n-a: 1\n-b: 2\n\\ No newline at end of file\n+a: 1\r\n+b: 2\u2028c\n"
    )


def test_no_difference_is_no_diff() -> None:
    """Two equal texts have an empty diff."""
    assert unified_diff(FILE, FILE, "m.yaml") == ""

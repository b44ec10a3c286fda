"""What holds for every edit of every models.yaml that a person may have written."""

from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from venom_modeld.config.editor import activate, install, remove, set_in_entry, set_value

NAMES = [
    "qwen3:0.6b",
    "llama3.2:3b",
    "hf.co/a/b-GGUF:Q4_K_M",
    "a b",
    "1:30",
    "yes",
    "coder",
    "Qwen/Qwen3-0.6B",
    "é#'\"",
]
COMMENTS = st.sampled_from(["", "", "", "# a comment", "# - switched: off", "   # 'x"])
TAILS = st.sampled_from(["", "", "", "  # why", "\t# tabs", "   "])

Drawn = Callable[[st.SearchStrategy[Any]], Any]


def quoted(draw: Drawn, name: str) -> str:
    """Write a name in one of the ways that YAML has for it."""
    ways = ['"' + name.replace('"', '\\"') + '"', "'" + name.replace("'", "''") + "'"]
    plain = yaml.safe_dump(name, allow_unicode=True).splitlines()[0]
    return draw(st.sampled_from([*ways, plain]))


def entry_lines(draw: Drawn, name: str, indent: str) -> list[str]:
    """Write an entry of a block list, short or long."""
    written, tail = quoted(draw, name), draw(TAILS)
    forms = [
        [f"{indent}- {written}{tail}"],
        [f"{indent}-   {written}{tail}"],
        [f"{indent}- {{name: {written}, keep: true}}{tail}"],
        [f"{indent}- name: {written}{tail}", f"{indent}  keep: true"],
        [f"{indent}-{tail.expandtabs()}", f"{indent}    name: {written}", f"{indent}    stop:", f"{indent}    - '-'"],
        [
            f"{indent}- name: {written}",
            f"{indent}  system: |{tail}",
            f"{indent}    - one",
            "",
            f"{indent}    two",
        ],
        [f"{indent}- system: >-", f"{indent}    # text", f"{indent}  name: {written}{tail}"],
        [f"{indent}- {{keep: no,", f"{indent}   name: {written}}}{tail}"],
    ]
    return draw(st.sampled_from(forms))


def flow_list(draw: Drawn, names: list[str], indent: str) -> str:
    """Write a list in brackets, on one line or several."""
    items = [draw(st.sampled_from([quoted(draw, name), f"{{name: {quoted(draw, name)}}}"])) for name in names]
    return draw(st.sampled_from([", ".join(items).join("[]"), f",\n{indent}   ".join(items).join(["[ ", " ]"])]))


def list_lines(draw: Drawn, names: list[str], indent: str) -> list[str]:
    """Write `models` in block style or in brackets, or leave it out."""
    if not names:
        empty = draw(st.sampled_from(["models: []", "models:", "models: ~", ""]))
        return [f"{indent}{empty}{draw(TAILS)}"] if empty else []
    if draw(st.booleans()):
        return f"{indent}models: {flow_list(draw, names, indent)}{draw(TAILS)}".split("\n")
    inner = indent + draw(st.sampled_from(["", "  ", "    "]))
    lines = [f"{indent}models:{draw(TAILS)}"]
    for name in names:
        lines += [draw(COMMENTS)] * draw(st.integers(0, 1)) + entry_lines(draw, name, inner)
    return lines


def runtime_lines(draw: Drawn, indent: str) -> list[str]:
    """Write what is under the name of a runtime, in any order."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    active = draw(st.sampled_from([None, *NAMES]))
    blocks = [[f"{indent}kind: ollama{draw(TAILS)}"], list_lines(draw, names, indent)]
    if active is not None:
        blocks.append([f"{indent}active: {quoted(draw, active)}{draw(TAILS)}"])
    return [
        line
        for block in draw(st.permutations(blocks))
        for line in [*[draw(COMMENTS)] * draw(st.integers(0, 1)), *block]
    ]


@st.composite
def files(draw: Drawn) -> str:
    """Write a models.yaml with one to three runtimes, as people do."""
    step = draw(st.sampled_from(["  ", "    ", " "]))
    lines = [draw(COMMENTS), "version: 1" + draw(TAILS), "runtimes:" + draw(TAILS)]
    for number in range(draw(st.integers(1, 3))):
        lines += [draw(COMMENTS), f"{step}r{number}:{draw(TAILS)}", *runtime_lines(draw, step * 2)]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    if lines[-1].endswith("two"):
        lines.append("")  # a text that the end of the file cuts off is refused, which another test shows
    return draw(st.sampled_from(["", "\ufeff"])) + end.join(lines) + draw(st.sampled_from(["", end, end * 3]))


def read(text: str) -> dict[str, Any]:
    """Read a file with another reader than the editor's."""
    data: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return data


def name_of(model: Any) -> Any:
    """Give the name in an entry."""
    return model["name"] if isinstance(model, dict) else model


def common(before: list[str], after: list[str]) -> int:
    """Count the lines of the longest part, with gaps, that two texts have in common."""
    row = [0] * (len(after) + 1)
    for line in before:
        row, above = [0], row
        for index, other in enumerate(after):
            row.append(above[index] + 1 if line == other else max(row[-1], above[index + 1]))
    return row[-1]


def moved(old: str, new: str) -> tuple[int, int]:
    """Count the lines that were taken away and added; a last line without an end is the same with one."""
    before, after = (text.replace("\r\n", "\n").removesuffix("\n").split("\n") for text in (old, new))
    same = common(before, after)
    return len(before) - same, len(after) - same


def line_ends(text: str) -> set[bool]:
    """Tell whether lines end as on Windows, as on Unix, or mixed."""
    return {line.endswith("\r") for line in text.split("\n")[:-1]}


@given(files(), st.sampled_from(["new:1b", "on", "x y"]), st.booleans())
def test_an_installed_model_is_the_last_of_the_list(text: str, name: str, long: bool) -> None:
    """After an install the data has the entry at the end of the list and is the same elsewhere."""
    entry: Any = {"name": name, "update": "always", "parameters": {"num_ctx": 1}} if long else name
    edited = install(text, "r0", entry)
    expected = read(text)
    models = expected["runtimes"]["r0"].get("models") or []
    expected["runtimes"]["r0"]["models"] = [*models, entry]
    assert read(edited) == expected
    gone, come = moved(text, edited)
    assert gone <= 1
    assert come - gone <= 4
    assert line_ends(edited) <= line_ends(text) or "\n" not in text


@given(files(), st.sets(st.sampled_from(NAMES)), st.booleans())
def test_removed_models_are_gone_and_the_others_stay(text: str, names: set[str], clear: bool) -> None:
    """After a removal the data lacks the named entries and nothing else; at most a line for each is written anew."""
    edited = remove(text, "r0", names.__contains__, clear_active=clear)
    expected = read(text)
    runtime = expected["runtimes"]["r0"]
    kept = [model for model in runtime.get("models") or [] if name_of(model) not in names]
    if kept != (runtime.get("models") or []):
        runtime["models"] = kept
    if clear and runtime.get("active") in names:
        del runtime["active"]
    assert read(edited) == expected
    assert edited.startswith(text[:1])
    _, come = moved(text, edited)
    assert come <= len(names)
    if expected == read(text):
        assert edited == text


@given(files(), st.sampled_from([*NAMES, None]))
def test_an_activated_model_is_active(text: str, name: str | None) -> None:
    """After an activation `active` says so, nothing else has changed, and at most one line is another."""
    edited = activate(text, "r0", name)
    expected = read(text)
    expected["runtimes"]["r0"].pop("active", None)
    if name is not None:
        expected["runtimes"]["r0"]["active"] = name
    assert read(edited) == expected
    gone, come = moved(text, edited)
    assert max(gone, come) <= 1


@given(files(), st.sampled_from([None, "r0"]))
def test_suspend_and_resume_lead_back_to_the_same_text(text: str, runtime: str | None) -> None:
    """A key that is set and removed again leaves the text as it was, but for the end of a last line that had none."""
    suspended = set_value(text, runtime, "suspend", True)
    holder = read(suspended) if runtime is None else read(suspended)["runtimes"][runtime]
    assert holder["suspend"] is True
    assert moved(text, suspended) == (0, 1)
    assert set_value(suspended, runtime, "suspend", None).rstrip("\r\n") == text.rstrip("\r\n")


@given(files(), st.sampled_from(["keep", "update"]), st.sampled_from([True, "always", None]), st.data())
def test_a_key_of_an_entry_is_set_and_nothing_else(text: str, key: str, value: bool | str | None, data: Any) -> None:
    """The entry says it afterwards, its siblings and all comments are as they were.

    In a mapping between braces, a line that ends with what goes is joined to the next one.
    """
    expected = read(text)
    models = expected["runtimes"]["r0"].get("models") or []
    if not models:
        return
    index = data.draw(st.integers(0, len(models) - 1))
    name = name_of(models[index])
    edited = set_in_entry(text, "r0", name.__eq__, key, value)
    entry = {"name": name} if isinstance(models[index], str) else models[index]
    entry = {other: part for other, part in entry.items() if other != key}
    changed = entry if value is None else entry | {key: value}
    models[index] = models[index] if changed == {"name": name} and isinstance(models[index], str) else changed
    assert read(edited) == expected
    gone, come = moved(text, edited)
    assert come <= 1
    assert gone <= (2 if value is None else 1)
    assert line_ends(edited) <= line_ends(text) or "\n" not in text

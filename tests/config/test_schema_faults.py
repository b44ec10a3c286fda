"""Every fault of a models.yaml is reported, all at once, each with its place and what to write instead.

Each file in `cases/` that ends in `.yaml` has beside it, in `.txt`, the whole text of its errors.
"""

from pathlib import Path

import pytest

from venom_modeld.config.desired_file import MAX_MODELS, MAX_PROBLEMS, ConfigError, parse_models
from venom_modeld.runtimes.registry import kinds

CASES = Path(__file__).with_name("cases")

HEAD = "version: 1\nruntimes:\n  ollama:\n    kind: ollama\n    prune: managed\n"


def faults(content: str | bytes, path: str = "models.yaml") -> list[str]:
    """Return the lines of the error that a file gives."""
    data = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(ConfigError) as caught:
        parse_models(data, path=path, kinds={"ollama": kinds()["ollama"]})
    assert [str(problem) for problem in caught.value.problems] == str(caught.value).splitlines()
    return str(caught.value).splitlines()


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda case: case.stem)
def test_a_broken_file_gives_all_its_errors(case: Path) -> None:
    """The errors come in the order of the file, with exact lines and columns."""
    assert faults(case.read_bytes(), case.name) == case.with_suffix(".txt").read_text(encoding="utf-8").splitlines()


def test_every_case_has_its_errors_and_the_other_way_round() -> None:
    """A file without its expected errors would test nothing."""
    assert {case.stem for case in CASES.glob("*.yaml")} == {case.stem for case in CASES.glob("*.txt")}


def test_errors_speak_plainly() -> None:
    """None of the phrases of the library that finds the errors reaches a person."""
    told = "".join(case.read_text(encoding="utf-8") for case in CASES.glob("*.txt")).lower()
    for phrase in ("input should", "pydantic", "validation error", "value error", "a dict", "nonetype"):
        assert phrase not in told


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbf\n", "models.yaml:1:1: the file is empty; write at least"),
        (b"# \xff\n", "models.yaml:1:3: the byte 0xff"),
        (b"version: [1\n", "models.yaml:1:10: the '[' that opens here"),
        (b"text", "models.yaml:1:1: the file is 'text'; write a mapping of keys to values"),
    ],
)
def test_a_file_without_data_says_why(content: bytes, expected: str) -> None:
    """Where there is nothing to check, the one error is the reader's; the hint comes only with an empty file."""
    [found] = faults(content)
    assert found.startswith(expected)
    assert ("write at least" in found) is ("empty" in found)


def test_a_long_name_is_cut_in_the_message() -> None:
    """Ten kilobytes of a name do not become ten kilobytes of a message."""
    [found] = faults(f"{HEAD}    models: [{'x' * 10_240}]\n")
    assert found.startswith(f"models.yaml:6:14: '{'x' * 80}'… (10240 characters) is no model name: its model has 10240")
    assert len(found) < 400


def test_a_long_circle_is_cut_in_the_message() -> None:
    """A circle of hundreds of models is told by its first few."""
    models = "".join(f"      - {{name: m{index}, from: m{(index + 1) % 300}}}\n" for index in range(300))
    [found] = faults(f"{HEAD}    models:\n{models}")
    assert found.startswith("models.yaml:7:16: 'm0:latest' from 'm1:latest' from")
    assert "'m7:latest' from …: models derived from each other in a circle" in found


def test_too_many_models_are_one_error() -> None:
    """A file past the limit is not read entry by entry."""
    models = ", ".join(f"m{index}" for index in range(MAX_MODELS + 1))
    assert faults(f"{HEAD}    models: [{models}]\n") == [
        "models.yaml:2:1: the file declares 20001 models, and 20000 are the most; split it over several hosts"
    ]


def test_endless_problems_are_counted() -> None:
    """What every report repeats stays of a size that can be read."""
    found = faults(f"{HEAD}    models: [{', '.join(['-'] * (MAX_PROBLEMS + 234))}]\n".replace("-", "[]"))
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == "models.yaml: 234 more problems are not shown; mend these first"


def test_an_active_model_is_not_called_undeclared_while_names_cannot_be_read() -> None:
    """The entry that it means may be the one that is misspelt, and that is reported already."""
    found = faults(f"{HEAD}    active: qwen3:0.6b\n    models:\n      - qwen3: 0.6b\n")
    assert [line.split(":")[1] for line in found] == ["8"]


def test_an_active_model_far_from_all_of_many_is_told_without_a_list() -> None:
    """A message does not recite a long list of names."""
    models = ", ".join(f"m{index}" for index in range(9))
    assert faults(f"{HEAD}    active: qwen3\n    models: [{models}]\n") == [
        "models.yaml:6:13: 'qwen3' is not declared under `models`; add it"
    ]


def test_a_fault_inside_an_anchor_is_reported_where_it_is_written() -> None:
    """Whoever uses the anchor twice mends it once."""
    text = (
        "version: 1\nruntimes:\n"
        "  a: {kind: ollama, prune: managed, limits: &limits {removals: -1}}\n"
        '  b: {kind: ollama, prune: managed, url: "http://b:1", limits: *limits}\n'
    )
    assert faults(text) == ["models.yaml:3:64: `removals` is the number -1; write 0 or more"]

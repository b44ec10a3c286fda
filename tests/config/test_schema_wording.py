"""Any fault of any type gets a sentence, also where a kind's types are of a form that no kind has yet."""

from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from venom_modeld.config.validation import Fault, validate


class Inner(BaseModel):
    """A mapping inside a mapping."""

    model_config = ConfigDict(extra="forbid", strict=True)

    size: int = Field(description="The size.", examples=[3])


class Other(BaseModel):
    """Another mapping in the same place."""

    model_config = ConfigDict(extra="forbid", strict=True)

    colour: str = Field(description="The colour.", examples=["red"])


def even(number: int) -> int:
    """Refuse an odd number."""
    if number % 2:
        raise ValueError(f"{number} is odd; write an even number")
    return number


class Outer(BaseModel):
    """Every form of type that the words must do for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    inner: Inner | None = Field(default=None, description="One.")
    many: list[Inner] = Field(default=[], description="Several.")
    named: dict[str, Inner] = Field(default={}, description="By name.")
    either: Inner | Other | None = Field(default=None, description="One or the other.")
    short: dict[str, Annotated[str, Field(max_length=2)]] = Field(default={}, description="Words of two letters.")
    numbers: list[Annotated[int, AfterValidator(even)]] = Field(default=[], description="Even numbers.")


class Picky(BaseModel):
    """A mapping that is wrong as a whole."""

    @model_validator(mode="before")
    @classmethod
    def _refuse(cls, _: Any) -> Any:
        raise AssertionError


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"inner": {}}, (("inner",), "`size` is missing; write `size: 3`. The size.")),
        ({"inner": {"size": None}}, (("inner", "size"), "`size` has no value; write `size: 3`")),
        (
            {"inner": {"sizee": 1, "size": 1}},
            (("inner", "sizee"), "there is no key 'sizee' here; did you mean `size`?"),
        ),
        ({"many": [{"size": "x"}]}, (("many", 0, "size"), "`size` is 'x'; write a whole number")),
        ({"many": [3]}, (("many", 0), "an item of `many` is the number 3; write a mapping of keys to values")),
        ({"many": [None]}, (("many", 0), "an item of `many` has no value; write a mapping of keys to values")),
        ({"named": {"a b": 1}}, (("named", "a b"), "'a b' is the number 1; write a mapping of keys to values")),
        ({"named": {"a": {}}}, (("named", "a"), "`size` is missing; write `size: 3`. The size.")),
        ({"either": 1}, (("either",), "`either` is the number 1; write a mapping of keys to values")),
        ({"short": {"a": "abc"}}, (("short", "a"), "`a` is 'abc'; write something else. Words of two letters.")),
        ({"numbers": [2, 3]}, (("numbers", 1), "3 is odd; write an even number")),
        ([], ((), "the file is a list; write a mapping of keys to values")),
    ],
)
def test_a_fault_has_a_place_and_a_sentence(data: Any, expected: tuple[Any, str]) -> None:
    """Nested mappings, lists, free keys and alternatives are all told the same way."""
    found, faults = validate(Outer, data)
    assert found is None
    assert [(fault.path, fault.message) for fault in faults] == [expected]


def test_alternatives_are_all_told() -> None:
    """Where no alternative fits, what each of them lacks is said."""
    _, faults = validate(Outer, {"either": {}})
    assert [fault.message for fault in faults] == [
        "`size` is missing; write `size: 3`. The size.",
        "`colour` is missing",
    ]


def test_what_is_wrong_as_a_whole_is_told_of_the_whole() -> None:
    """A fault without a key is put where the data starts, under the path that it has in the file."""
    assert validate(Picky, {}, at=("a",))[1] == [Fault(path=("a",), message="`a` is a mapping; write something else")]

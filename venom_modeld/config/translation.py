"""The faults that pydantic found, in our own words.

Its own wording speaks to programmers, so only its error codes are used. A code that is not in the table still gives a
sentence, from the key's own description.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from venom_modeld.config.validation import Fault, Written, keys_of, model_in, one_of, quoted, sample, suggestion
from venom_modeld.config.yaml_source import DataPath
from venom_modeld.core.names import shown
from venom_modeld.core.wording import describe

_WANTED = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping of keys to values",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_attributes_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "string_type": "a text",
    "string_unicode": "a text of whole Unicode characters",
}
"""What to write for each of pydantic's error codes that speaks of a type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """One failed validation, and what is needed to speak of it; the fields are what `validate` was given."""

    model: type[BaseModel]
    data: object
    at: DataPath
    written: Written

    def faults(self, error: ValidationError) -> Iterator[Fault]:
        """Yield the faults; the wishes of several members of a union for one value become one sentence."""
        wishes: dict[DataPath, list[str]] = {}
        for detail in error.errors(include_url=False):
            path = self._path(detail)
            if detail["type"] in _WANTED:
                wishes.setdefault(path, []).append(_WANTED[detail["type"]])
            else:
                yield self._fault(path, detail)
        for path, wanted in wishes.items():
            yield Fault(path=self.at + path, message=self._wrong_type(path, list(dict.fromkeys(wanted))))

    def _path(self, detail: ErrorDetails) -> DataPath:
        """Return pydantic's location without the names of union members that it holds."""
        path: list[str | int] = []
        here: Any = self.data
        for part in detail["loc"]:
            if part in (range(len(here)) if isinstance(here, list) else here if isinstance(here, dict) else ()):
                here = here[part]
                path.append(part)
        return (*path, detail["loc"][-1]) if detail["type"] == "missing" else tuple(path)

    def _fault(self, path: DataPath, detail: ErrorDetails) -> Fault:
        match detail["type"]:
            case "missing":
                return Fault(path=self.at + path[:-1], message=self._missing(path), at_key=True)
            case "extra_forbidden":
                return Fault(path=self.at + path, message=self._unknown_key(path), at_key=True)
            case "value_error":
                return Fault(path=self.at + path, message=str(detail["ctx"]["error"]))
            case "greater_than_equal":
                wanted = f"{detail['ctx']['ge']:g} or more"
            case "less_than_equal":
                wanted = f"{detail['ctx']['le']:g} or less"
            case "enum" | "literal_error":
                wanted = detail["ctx"]["expected"].replace("'", "")
            case _:
                field = self._field(path)
                wanted = f"something else. {field.description}" if field else "something else"
        return Fault(
            path=self.at + path,
            message=f"{self._subject(path)} is {self._described(path, detail['input'])}; write {wanted}",
        )

    def _field(self, path: DataPath) -> FieldInfo | None:
        """Return the field that a value belongs to: its own, or that of the nearest key around it which has one."""
        for index in range(len(path) - 1, -1, -1):
            if field := keys_of(_model_at(self.model, path[:index])).get(str(path[index])):
                return field
        return None

    def _subject(self, path: DataPath) -> str:
        whole = self.at + path
        keys = [part for part in whole if isinstance(part, str)]
        name = quoted(keys[-1]) if keys else "the file"
        return f"an item of {name}" if whole and isinstance(whole[-1], int) else name

    def _wrong_type(self, path: DataPath, wanted: list[str]) -> str:
        value: Any = self.data
        for part in path:
            value = value[part]
        if value is None:
            return f"{self._subject(path)} has no value; write {one_of(wanted)}"
        if wanted == [_WANTED["string_type"]] and isinstance(value, bool | int | float):
            wanted = ["it in quotes"]
        return f"{self._subject(path)} is {self._described(path, value)}; write {one_of(wanted)}"

    def _described(self, path: DataPath, value: object) -> str:
        """Say what a value is; where YAML takes it for something else than a person would, say what was written too."""
        text = self.written(self.at + path)
        if text is None or not isinstance(value, bool | int | float) or text.lower() in (str(value).lower(), ""):
            return describe(value)
        return f"{shown(text)}, which YAML reads as {describe(value)}"

    def _missing(self, path: DataPath) -> str:
        key = str(path[-1])
        field = keys_of(_model_at(self.model, path[:-1])).get(key)
        return f"`{key}` is missing; {sample(key, field)}. {field.description}" if field else f"`{key}` is missing"

    def _unknown_key(self, path: DataPath) -> str:
        key, known = str(path[-1]), keys_of(_model_at(self.model, path[:-1]))
        near = suggestion(key, known)
        advice = f"did you mean `{near}`?" if near else f"the keys here are: {', '.join(sorted(known))}"
        return f"there is no key {shown(key)} here; {advice}"


def _model_at(model: type[BaseModel], path: DataPath) -> type[BaseModel]:
    for part in path:
        field = keys_of(model).get(part) if isinstance(part, str) else None
        model = (field and model_in(field.annotation)) or model
    return model

"""Data against a pydantic type, with every fault as a plain sentence: what is wrong, and what to write instead.

pydantic finds the faults and where they are. What it says of them is put into our words only where there is a fault,
so that a valid file does not wait for the words.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from venom_modeld.config.yaml_source import DataPath
from venom_modeld.core.names import shown

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in data: where, and a sentence. `at_key` means the key before the value, not the value."""

    path: DataPath
    message: str
    at_key: bool = False


Written = Callable[[DataPath], str | None]
"""Gives the text that a person wrote for a value, if there is one."""


def validate(
    model: type[Model], data: object, *, at: DataPath = (), written: Written = lambda _: None, context: object = None
) -> tuple[Model | None, list[Fault]]:
    """Return the valid object, or None, and all faults. Raises nothing.

    `at` is the path of `data` in the whole; the paths of the faults and those given to `written` start with it.
    `context` is handed to validators that ask for it.

    A key without a value is a fault, though pydantic would take it for a key that is not there: whoever left it empty
    meant something.
    """
    faults = list(_empty_keys(model, data, at))
    empty = {fault.path for fault in faults}
    try:
        found = model.model_validate(data, context=context)
    except ValidationError as error:
        from venom_modeld.config.translation import Translation  # noqa: PLC0415 - a valid file needs none of it

        translated = Translation(model=model, data=data, at=at, written=written).faults(error)
        return None, faults + [fault for fault in translated if fault.path not in empty]
    return (None if faults else found), faults


def keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a type by the keys that people write."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def suggestion(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """Return the known word that is most like this one, if one is at all; a likeness of 1 is the same word."""
    import difflib  # noqa: PLC0415 - a valid file needs none of it

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)), None)


def one_of(words: Sequence[str]) -> str:
    """Return `a, b or c`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def quoted(key: str) -> str:
    """Return a key as a message may hold it; ours are plain words, those of a broken file may be anything."""
    return f"`{key}`" if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", key) else shown(key)


def _empty_keys(model: type[BaseModel], data: object, path: DataPath) -> Iterator[Fault]:
    if not isinstance(data, dict):
        return
    for key, field in keys_of(model).items():
        if key not in data:
            continue
        if data[key] is None:
            yield Fault(path=(*path, key), message=_has_no_value(key, field), at_key=True)
        elif inner := model_in(field.annotation):
            yield from _empty_keys(inner, data[key], (*path, key))


def _has_no_value(key: str, field: FieldInfo) -> str:
    return f"`{key}` has no value; " + (
        sample(key, field) if field.is_required() else "write one, or leave the key out"
    )


def sample(key: str, field: FieldInfo) -> str:
    """Return how a key is written, with an example of its value."""
    return f"write `{key}: {_in_flow((field.examples or ['…'])[0])}`"


def _in_flow(value: object) -> str:
    """Return a value as YAML on one line; examples hold only words that need no quotes."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_in_flow(item)}' for key, item in value.items())}}}"
    return str(value)


def model_in(annotation: object) -> type[BaseModel] | None:
    """Return the pydantic type inside an annotation such as `X | None`, if there is one."""
    found = (kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type))
    return next((kind for kind in found if issubclass(kind, BaseModel)), None)

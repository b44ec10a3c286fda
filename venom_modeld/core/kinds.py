"""What a kind of runtime tells the rest of the program about itself.

The configuration builds the schema of the file from these, the registry finds them, and neither knows any of them by
name. Adding a kind is adding a folder whose `KIND` is one of these.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.names import ModelName


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeKind:
    """One kind of runtime: its words in the file, and how they become desired state."""

    name: str
    """The word that `kind:` takes."""
    title: str
    """How people call it."""
    default_url: str
    runtime_fields: type[Any]
    """A pydantic model of the keys that only this kind has beside the common ones of a runtime."""
    model_fields: type[Any]
    """A pydantic model of the keys that only this kind has beside the common ones of a model (`name`, `keep`)."""
    parse_name: Callable[[str], ModelName]
    """Read a name, or raise InvalidName with what to write instead."""
    to_spec: Callable[[ModelName, Any], ModelSpec]
    """Turn a valid entry (an object with `keep` and the fields of `model_fields`) into a ModelSpec; may raise
    InvalidName for a name inside the entry."""
    to_options: Callable[[Any], Mapping[str, object]]
    """Turn the kind's own runtime keys into `RuntimeSpec.options`."""
    parse_alias: Callable[[str], ModelName] | None = None
    """Read an alias, where that is no name of a model; None where it is one. Raises InvalidName."""

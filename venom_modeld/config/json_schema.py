"""The JSON Schema of models.yaml, for editors: made of the types that check the file."""

import functools
import json
import operator
from types import GenericAlias
from typing import Any

from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from venom_modeld.config.schema import RUNTIME_NAME, FileKeys, Kinds, model_type, runtime_type
from venom_modeld.core.kinds import RuntimeKind


class _WithoutNull(GenerateJsonSchema):
    """Says nothing of null: a key without a value is a fault, and None stands for a key that is left out."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        return {key: value for key, value in made.items() if key != "default" or value is not None}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is pydantic's
        return False


def schema_json(kinds: Kinds) -> str:
    """Return the JSON Schema (draft 2020-12) of the file as text; the same kinds give the same text."""
    made = _file_type(kinds).model_json_schema(schema_generator=_WithoutNull)
    head = {"$schema": GenerateJsonSchema.schema_dialect, "title": "models.yaml", "description": made["description"]}
    return json.dumps(head | {key: made[key] for key in made if key not in head}, indent=2, ensure_ascii=False) + "\n"


def _file_type(kinds: Kinds) -> type[BaseModel]:
    types: list[Any] = [_whole_runtime(kinds[name]) for name in sorted(kinds)]
    runtimes: Any = GenericAlias(dict, (str, functools.reduce(operator.or_, types)))
    return create_model(
        "File",
        __base__=FileKeys,
        __doc__=FileKeys.__doc__,
        runtimes=(
            runtimes,
            Field(
                description=FileKeys.model_fields["runtimes"].description,
                json_schema_extra={"propertyNames": {"pattern": RUNTIME_NAME}},
            ),
        ),
    )


def _whole_runtime(kind: RuntimeKind) -> type[BaseModel]:
    """Return the type of a runtime with the type of its models in place."""
    base = runtime_type(kind)
    models: Any = GenericAlias(list, (str | model_type(kind),))
    description = base.model_fields["models"].description
    return create_model(base.__name__, __base__=base, models=(models, Field(default=[], description=description)))

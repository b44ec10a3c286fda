"""The types of models.yaml: the keys that every kind of runtime has, put together with those of each kind given.

One set of pydantic types checks the file and makes the JSON Schema (`json_schema`) that editors check it with. No kind
is known here by name.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model

from venom_modeld.config.addresses import check_url
from venom_modeld.core.desired import GB, Limits, Prune
from venom_modeld.core.kinds import RuntimeKind
from venom_modeld.core.wording import describe

Kinds = Mapping[str, RuntimeKind]

VERSION = 1
"""The only version of the file that there is."""

RUNTIME_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
"""Names of runtimes stand in addresses, in metrics and on command lines."""

_DEFAULTS = Limits()


def _check_version(value: object) -> object:
    if value is None or (value == VERSION and type(value) is int):
        return value
    if value == str(VERSION):
        raise ValueError(f"`version` is a text in quotes; write `version: {VERSION}`")
    raise ValueError(f"`version` is {describe(value)}, and this program reads version {VERSION}; write {VERSION}")


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)


class LimitKeys(_Keys):
    """The brakes, and how many downloads overlap. A plan that removes more waits for a person's approval."""

    removals: int = Field(
        default=_DEFAULTS.removals, ge=0, description="How many models one plan removes without approval."
    )
    removal_share: float = Field(
        default=_DEFAULTS.removal_share,
        ge=0,
        le=1,
        description="Which share, from 0 to 1, of the models that the file decides about one plan removes without"
        " approval.",
    )
    removal_gb: float = Field(
        default=_DEFAULTS.removal_bytes / GB,
        ge=0,
        le=1_000_000,
        description="How many gigabytes (of 1,000,000,000 bytes) one plan removes without approval.",
    )
    downloads: int = Field(
        default=_DEFAULTS.downloads, ge=1, le=16, description="How many models are downloaded at the same time."
    )

    def over(self, defaults: Limits) -> Limits:
        """Return the limits: what is written here, and the defaults for the rest."""
        written = self.model_dump(exclude_unset=True)
        return Limits(
            removals=written.get("removals", defaults.removals),
            removal_share=written.get("removal_share", defaults.removal_share),
            removal_bytes=round(written["removal_gb"] * GB) if "removal_gb" in written else defaults.removal_bytes,
            downloads=written.get("downloads", defaults.downloads),
        )


class ModelKeys(_Keys):
    """The keys that a model has on every kind of runtime."""

    name: str = Field(
        description="The model's name, as its runtime calls it. A name alone is short for an entry with this key only.",
        examples=["MODEL"],
    )
    keep: bool = Field(
        default=False, description="Never remove this model, even after the file does not name it any more."
    )


class RuntimeKeys(_Keys):
    """The keys that every kind of runtime has; `kind` and `url` are defined with the kind."""

    prune: Annotated[Prune, Field(strict=False)] = Field(
        description="What may be removed once the file does not name it: `never` is nothing, `managed` is what this"
        " daemon installed, `all` is everything.",
        examples=[Prune.MANAGED.value],
    )
    active: str | None = Field(
        default=None, description="The model that is kept loaded and answering; one of `models`."
    )
    alias: str | None = Field(
        default=None,
        description="A stable name under which clients reach the active model, whichever that is.",
        examples=["default"],
    )
    suspend: bool = Field(
        default=False, description="Keep observing and showing drift of this runtime, change nothing."
    )
    limits: LimitKeys | None = Field(
        default=None,
        description="The limits of this runtime; those of the file hold for what is left out.",
    )
    models: list[Any] = Field(default=[], description="The models that must be on the runtime.")


class FileKeys(_Keys):
    """The models that must be on each runtime of this host, and which of them is active."""

    version: Annotated[Literal[1], BeforeValidator(_check_version)] = Field(
        description="The version of this format.", examples=[VERSION]
    )
    suspend: bool = Field(default=False, description="Keep observing and showing drift everywhere, change nothing.")
    limits: LimitKeys | None = Field(default=None, description="The limits of every runtime without its own.")
    runtimes: dict[str, Any] = Field(
        description="The servers under management, each under a name of your choice.",
        examples=[{"NAME": {"kind": "KIND", "prune": "managed"}}],
    )


@cache
def runtime_type(kind: RuntimeKind) -> type[RuntimeKeys]:
    """Return the type of a runtime of a kind, its models unread."""
    word: Any = Literal[kind.name]
    made: type[RuntimeKeys] = create_model(
        f"{kind.title}Runtime",
        __base__=(RuntimeKeys, kind.runtime_fields),
        kind=(word, Field(description=f"`{kind.name}`: the server is {kind.title}.")),
        url=(
            Annotated[str, AfterValidator(check_url)],
            Field(default=kind.default_url, description="Where the server answers: scheme, host and port."),
        ),
    )
    return made


@cache
def any_runtime_type() -> type[RuntimeKeys]:
    """Return the type of a runtime whose kind is not known: its common keys are checked, the others cannot be."""
    return create_model("AnyRuntime", __base__=RuntimeKeys, __cls_kwargs__={"extra": "ignore"})


@cache
def model_type(kind: RuntimeKind) -> type[ModelKeys]:
    """Return the type of a model of a kind, in its long form."""
    made: type[ModelKeys] = create_model(f"{kind.title}Model", __base__=(ModelKeys, kind.model_fields))
    return made

"""The words of a vLLM runtime in models.yaml, and how they become desired state.

A vLLM serves one model for as long as it runs, so most of what a person writes here is how to start it. Whatever the
daemon itself decides (the port, the model, the key) is refused among the arguments: two that disagree help nobody.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic import model_validator as whole

from venom_modeld.core.desired import Update
from venom_modeld.core.durations import parse_duration
from venom_modeld.core.kinds import RuntimeKind
from venom_modeld.core.names import InvalidName, ModelName, Provider, parse_huggingface, shown
from venom_modeld.runtimes.vllm.wishes import COMMIT, MAIN, to_spec

_DURATION = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"
_ARGUMENT = r"^[a-z0-9][a-z0-9-]*$"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
_UNIT = r"^[A-Za-z0-9:_.@-]+\.service$"
_ALIAS = r"^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,95}$"
_REVISION = r"^[A-Za-z0-9_][A-Za-z0-9_./-]{0,249}$"

_OWN_ARGUMENTS = {
    "api-key": "write `api_key_file` in `server`",
    "download-dir": "write `cache` in the runtime",
    "enable-lora": "write it in the `args` of the model, or give that `adapters`",
    "host": "it is that of `url`",
    "lora-modules": "write `adapters` in the model",
    "model": "it is that of `active`",
    "port": "it is that of `url`",
    "revision": "write `revision` in the model",
    "served-model-name": "write `alias` in the runtime",
    "shutdown-timeout": "write `shutdown_timeout` in `server`",
    "uds": "the server is reached by `url`",
}
_OWN_VARIABLES = {
    "HF_HOME": "write `cache` in the runtime",
    "HF_HUB_CACHE": "write `cache` in the runtime",
    "HF_HUB_OFFLINE": "a server never waits for the Hub",
    "HF_TOKEN": "a server needs none; for downloads write `token_file` in the runtime",
    "TMPDIR": "a server has a folder of its own",
    "VLLM_API_KEY": "write `api_key_file`",
}

Value = str | int | float | bool | list[str | int | float] | dict[str, Any]
"""What an argument may be."""


class Control(StrEnum):
    """Who starts and stops the server."""

    PROCESS = "process"
    SYSTEMD = "systemd"
    EXTERNAL = "external"


class Strategy(StrEnum):
    """How another model takes the place of the one that is served."""

    REPLACE = "replace"
    SURGE = "surge"


def parse_name(text: str) -> ModelName:
    """Read a repository of the Hub, and refuse what a person would write under an Ollama runtime."""
    if text.count("/") == 0:
        raise InvalidName(
            f"{shown(text)} is no repository of Hugging Face, as vLLM serves them; write OWNER/REPOSITORY, such as"
            " Qwen/Qwen3-0.6B; models of Ollama's library belong under a runtime of kind ollama"
        )
    path, colon, tag = text.rpartition(":")
    if colon and path.count("/") == 1:
        raise InvalidName(f"{shown(text)} has a tag, and repositories have none; write {shown(path)}{_hint(tag)}")
    name = parse_huggingface(text)
    if re.search(r"[-_.]gguf$", text, re.IGNORECASE):
        raise InvalidName(
            f"{shown(text)} holds GGUF files, which are for Ollama: write hf.co/{text} under a runtime of kind ollama,"
            " or the repository of the safetensors files here"
        )
    return name


def _hint(tag: str) -> str:
    return f" and `revision: {tag}`" if re.fullmatch(_REVISION, tag) else ""


def parse_alias(text: str) -> ModelName:
    """Read a name to serve the active model under; vLLM takes any text, clients and addresses do not."""
    if not re.fullmatch(_ALIAS, text) or ".." in text or "//" in text:
        raise InvalidName(f"{shown(text)} is no alias; write up to 96 letters, digits, '-', '_', '.', ':' and '/'")
    return ModelName(text, text, Provider.HUGGINGFACE)


def _check_duration(value: object) -> object:
    parse_duration(value)
    return value


def _check_path(text: str) -> str:
    if not text.startswith("/") or "\0" in text:
        raise ValueError(f"{shown(text)} is no absolute path; write one that begins with /")
    return text


def _check_revision(text: str) -> str:
    if not re.fullmatch(_REVISION, text) or ".." in text:
        raise ValueError(f"{shown(text)} is no revision; write a branch, a tag or a commit of 40 hexadecimal digits")
    return text


def _check_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    for name in arguments:
        plain = name.lstrip("-").replace("_", "-")
        if plain in _OWN_ARGUMENTS and not (plain == "enable-lora" and name == plain):
            raise ValueError(f"the daemon gives vLLM {shown('--' + plain)} itself; {_OWN_ARGUMENTS[plain]}")
        if not re.fullmatch(_ARGUMENT, name):
            raise ValueError(f"{shown(name)} is no argument; write {shown(plain.lower())}, without leading dashes")
    return arguments


def _check_variables(variables: dict[str, str]) -> dict[str, str]:
    for name, value in variables.items():
        if name in _OWN_VARIABLES:
            raise ValueError(f"the daemon sets {name} itself; {_OWN_VARIABLES[name]}")
        if not re.fullmatch(_VARIABLE, name):
            raise ValueError(f"{shown(name)} is no name of a variable; write letters, digits and '_'")
        if "\0" in value or "\n" in value:
            raise ValueError(f"the value of {name} has more than one line; write one")
    return variables


Duration = Annotated[str, BeforeValidator(_check_duration), Field(json_schema_extra={"pattern": _DURATION})]
Path = Annotated[str, AfterValidator(_check_path), Field(json_schema_extra={"pattern": "^/"})]
Revision = Annotated[str, AfterValidator(_check_revision), Field(json_schema_extra={"pattern": _REVISION})]
Arguments = Annotated[
    dict[str, Value],
    AfterValidator(_check_arguments),
    Field(json_schema_extra={"propertyNames": {"pattern": _ARGUMENT}}),
]
Variables = Annotated[
    dict[str, str],
    AfterValidator(_check_variables),
    Field(json_schema_extra={"propertyNames": {"pattern": _VARIABLE}}),
]


class ServerKeys(BaseModel):
    """How the server is started and stopped; the validators of later fields look at earlier ones."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    control: Annotated[Control, Field(strict=False)] = Field(
        default=Control.PROCESS,
        description="Who starts the server: `process` is the daemon itself, `systemd` is a unit that the daemon"
        " restarts, `external` is somebody else, and the daemon only looks.",
    )
    unit: str | None = Field(
        default=None,
        description="The unit to restart, under `systemd`.",
        examples=["vllm.service"],
        json_schema_extra={"pattern": _UNIT},
    )
    environment_file: Path | None = Field(
        default=None,
        description="The file that the unit reads its arguments from, under `systemd`; without it `UNIT.env` in the"
        " folder of the daemon's state.",
        examples=["/etc/vllm/vllm.env"],
    )
    command: str | list[str] = Field(
        default="vllm", description="The program to start, by name or by path, or as a list with its first arguments."
    )
    args: Arguments = Field(
        default={},
        description="Arguments for every model, without leading dashes; those of a model win over them.",
        examples=[{"gpu-memory-utilization": 0.85}],
    )
    env: Variables = Field(
        default={},
        description="Variables of the server's environment.",
        examples=[{"VLLM_LOGGING_LEVEL": "WARNING"}],
    )
    api_key_file: Path | None = Field(
        default=None,
        description="A file with the key that clients must send, on one line.",
        examples=["/etc/vllm/key"],
    )
    start_timeout: Duration = Field(
        default="15m", description="How long a model may take from the start of the server until it answers."
    )
    shutdown_timeout: Duration = Field(
        default="30s", description="How long requests in progress may take to end when the server is stopped."
    )
    strategy: Annotated[Strategy, Field(strict=False)] = Field(
        default=Strategy.REPLACE,
        description="`replace` stops the server before it starts the next, `surge` starts the next beside it where"
        " memory allows and switches once that answers.",
    )

    @field_validator("unit")
    @classmethod
    def _check_unit(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(_UNIT, value):
            raise ValueError(f"{shown(value)} is no unit; write its whole name, such as vllm.service")
        return value

    @field_validator("unit", "environment_file")
    @classmethod
    def _check_systemd(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("control", Control.SYSTEMD) is not Control.SYSTEMD:
            raise ValueError(f"`{info.field_name}` belongs to `control: systemd`; write that, or leave it out")
        return value

    @field_validator("command")
    @classmethod
    def _check_command(cls, value: str | list[str]) -> str | list[str]:
        if not value or not all(value) or "\0" in "".join(value):
            raise ValueError("`command` is empty; write the name or the path of the vllm command")
        return value

    @field_validator("strategy")
    @classmethod
    def _check_strategy(cls, value: Strategy, info: ValidationInfo) -> Strategy:
        if value is Strategy.SURGE and info.data.get("control", Control.PROCESS) is not Control.PROCESS:
            raise ValueError("only a server that the daemon starts can be started beside another; write `replace`")
        return value

    @whole(mode="after")
    def _check_whole(self) -> "ServerKeys":
        if self.control is Control.SYSTEMD and self.unit is None:
            raise ValueError("`control: systemd` restarts a unit; add `unit: vllm.service`, or what it is called")
        return self


class RuntimeFields(BaseModel):
    """Keys of a vLLM runtime beside the common ones."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    server: ServerKeys = Field(default_factory=ServerKeys, description="How the server is started and stopped.")
    cache: Path | None = Field(
        default=None,
        description="The folder of the Hub cache that weights are kept in; without it the one that Hugging Face's own"
        " tools use.",
        examples=["/srv/models/hub"],
    )
    endpoint: str | None = Field(
        default=None,
        description="The Hub that weights come from, where it is a mirror.",
        examples=["https://hf-mirror.example"],
        json_schema_extra={"pattern": "^https?://"},
    )
    token_file: Path | None = Field(
        default=None,
        description="A file with the access token for the Hub, on one line; gated and private repositories need one.",
        examples=["/etc/venom-modeld/hf-token"],
    )

    @field_validator("endpoint")
    @classmethod
    def _check_endpoint(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
            raise ValueError(f"{shown(value)} is no address of a Hub; write its scheme and host")
        return value and value.rstrip("/")


class AdapterKeys(BaseModel):
    """A LoRA adapter of a model: a repository of the Hub, or a folder on this host."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    name: str = Field(
        description="The name under which clients ask for the model with this adapter.",
        examples=["support-style"],
        json_schema_extra={"pattern": _ALIAS},
    )
    repo: str | None = Field(default=None, description="The repository of the Hub that holds it.")
    path: Path | None = Field(default=None, description="The folder on this host that holds it, where no `repo` does.")
    revision: Revision = Field(default=MAIN, description="The branch, tag or commit of the adapter's repository.")

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        return parse_alias(value).text

    @field_validator("repo")
    @classmethod
    def _check_repo(cls, value: str | None) -> str | None:
        return value and parse_name(value).text

    @whole(mode="after")
    def _check_place(self) -> "AdapterKeys":
        if (self.repo is None) is (self.path is None):
            raise ValueError(f"the adapter {shown(self.name)} needs either `repo` or `path`; write one of them")
        return self


class ModelFields(BaseModel):
    """Keys of a model on vLLM beside the common ones; the validators of later fields look at earlier ones."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    revision: Revision = Field(
        default=MAIN, description="The branch, tag or commit of the repository; it is resolved to a commit and shown."
    )
    update: Annotated[Update, Field(strict=False)] = Field(
        default=Update.NEVER,
        description="`always` follows the branch when it moves; `never` leaves the installed commit alone.",
    )
    files: list[str] = Field(
        default=[],
        description="Patterns of the files to install, where the choice made for serving (safetensors, configuration"
        " and tokenizer) is not the right one.",
        examples=[["*.safetensors", "*.json"]],
    )
    args: Arguments = Field(
        default={},
        description="Arguments of vLLM for this model, without leading dashes.",
        examples=[{"max-model-len": 8192}],
    )
    adapters: list[AdapterKeys] = Field(
        default=[], description="LoRA adapters that are served with the model, each under a name of its own."
    )

    @field_validator("update")
    @classmethod
    def _check_update(cls, value: Update, info: ValidationInfo) -> Update:
        if value is Update.ALWAYS and COMMIT.fullmatch(info.data.get("revision", "")):
            raise ValueError("`update: always` follows a branch, and a commit never moves; leave one of them out")
        return value

    @field_validator("files")
    @classmethod
    def _check_files(cls, value: list[str]) -> list[str]:
        for pattern in value:
            if not pattern or pattern.startswith("/") or ".." in pattern.split("/"):
                raise ValueError(f"{shown(pattern)} is no pattern of files in a repository, such as *.safetensors")
        return value

    @field_validator("adapters")
    @classmethod
    def _check_adapters(cls, value: list[AdapterKeys]) -> list[AdapterKeys]:
        names = [adapter.name for adapter in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two adapters are called {shown(name)}; give each a name of its own")
        return value


def to_options(fields: Any) -> Mapping[str, object]:
    """Return the options that the driver reads: those of the weights, and under `server` those of the server."""
    server: dict[str, object] = fields.server.model_dump(mode="json")
    for key in ("start_timeout", "shutdown_timeout"):
        server[key] = parse_duration(server[key])
    if isinstance(server["command"], str):
        server["command"] = [server["command"]]
    return {"cache": fields.cache, "endpoint": fields.endpoint, "token_file": fields.token_file, "server": server}


KIND = RuntimeKind(
    name="vllm",
    title="vLLM",
    default_url="http://127.0.0.1:8000",
    runtime_fields=RuntimeFields,
    model_fields=ModelFields,
    parse_name=parse_name,
    to_spec=to_spec,
    to_options=to_options,
    parse_alias=parse_alias,
)

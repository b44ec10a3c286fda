"""What a server is started with, as one value: what is compared, written down, and made into a command line.

A launch names the folder of a commit, not a repository, so a server cannot serve anything but what was verified, and
its own answer (`root` in `/v1/models`) tells which commit that is. The key never stands in it, only a digest of it: a
command line is everybody's to read.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from venom_modeld.core.desired import digest_of

LORA = "enable-lora"
"""The argument that makes a server take adapters at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What one server serves, and how."""

    name: str
    """The model, which is also the first name that clients may use."""
    commit: str
    path: str
    """The folder of the commit in the Hub cache."""
    alias: str | None = None
    command: tuple[str, ...] = ("vllm",)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    shutdown_timeout: float = 30.0
    key_digest: str | None = None
    lora: bool = False
    """It takes adapters while it runs."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names under which clients reach the model."""
        return (self.name,) if self.alias is None else (self.name, self.alias)

    @property
    def digest(self) -> str:
        """Return the digest of all that makes it another server than its neighbours; adapters are looked at apart."""
        return digest_of(
            [
                self.name,
                self.commit,
                self.path,
                self.command,
                dict(self.arguments),
                dict(self.variables),
                self.shutdown_timeout,
                self.key_digest,
            ]
        )

    def serves(self, wanted: "Launch") -> bool:
        """Tell whether a server of this launch is as good as one of the wanted launch.

        An alias more than wanted does no harm, and neither does a server that takes adapters where none are wanted.
        """
        return (
            self.digest == wanted.digest
            and (wanted.alias is None or wanted.alias == self.alias)
            and (self.lora or not wanted.lora)
        )

    def differences(self, wanted: "Launch") -> tuple[str, ...]:
        """Return what else the wanted launch says of the same commit, in the words of the file, without any value."""
        changed = {
            "command": self.command != wanted.command,
            _with_names("args", self.arguments, wanted.arguments): self.arguments != wanted.arguments,
            _with_names("env", self.variables, wanted.variables): self.variables != wanted.variables,
            "shutdown_timeout": self.shutdown_timeout != wanted.shutdown_timeout,
            "api_key_file": self.key_digest != wanted.key_digest,
            "adapters": wanted.lora and not self.lora,
        }
        return tuple(word for word, differs in changed.items() if differs)

    def serve_arguments(self, host: str, port: int) -> tuple[str, ...]:
        """Return what stands after the command on the command line."""
        return (
            "serve",
            self.path,
            "--host",
            host,
            "--port",
            str(port),
            "--served-model-name",
            *self.names,
            "--shutdown-timeout",
            str(math.ceil(self.shutdown_timeout)),
            *(word for name, value in self._all_arguments().items() for word in _words(name, value)),
        )

    def _all_arguments(self) -> Mapping[str, Any]:
        return {**self.arguments, LORA: True} if self.lora else self.arguments

    def as_json(self) -> Mapping[str, Any]:
        """Return what `from_json` reads."""
        return {
            "name": self.name,
            "commit": self.commit,
            "path": self.path,
            "alias": self.alias,
            "command": list(self.command),
            "arguments": dict(self.arguments),
            "variables": dict(self.variables),
            "shutdown_timeout": self.shutdown_timeout,
            "key_digest": self.key_digest,
            "lora": self.lora,
        }

    @classmethod
    def from_json(cls, data: Any) -> "Launch | None":
        """Return the launch that was written down, or None where that makes no sense."""
        try:
            return cls(**{**data, "command": tuple(data["command"])})
        except (TypeError, KeyError):
            return None


def _with_names(key: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return a key of the file with those of its names that have another value on each side."""
    names = sorted(name for name in {*one, *other} if one.get(name, _NOTHING) != other.get(name, _NOTHING))
    return f"{key} ({', '.join(names)})"


_NOTHING = object()


def _words(name: str, value: Any) -> tuple[str, ...]:
    """Return an argument as words: a switch, a value, several values, or JSON."""
    match value:
        case bool():
            return (f"--{name}",) if value else (f"--no-{name}",)
        case list():
            return (f"--{name}", *map(str, value))
        case dict():
            return (f"--{name}", json.dumps(value))
        case _:
            return (f"--{name}", str(value))

"""The options of a vLLM runtime, as its own schema gave them, with their types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from venom_modeld.core.desired import RuntimeSpec
from venom_modeld.runtimes.vllm.kind import Control, RuntimeFields, Strategy, to_options


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the file says of one runtime beside its models; times are seconds."""

    host: str
    port: int
    control: Control
    unit: str | None
    environment_file: Path | None
    command: tuple[str, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    api_key_file: Path | None
    start_timeout: float
    shutdown_timeout: float
    strategy: Strategy
    cache: Path | None
    endpoint: str | None
    token_file: Path | None

    @property
    def surges(self) -> bool:
        """Tell whether the next server is started beside the present one where it can be."""
        return self.strategy is Strategy.SURGE


def read_options(spec: RuntimeSpec) -> Options:
    """Return the options of a runtime; a spec that was made without any has the defaults."""
    written: Mapping[str, Any] = spec.options or to_options(RuntimeFields())
    server = cast("Mapping[str, Any]", written["server"])
    address = urlsplit(spec.url)
    return Options(
        host=address.hostname or "127.0.0.1",
        port=address.port or (443 if address.scheme == "https" else 80),
        control=Control(server["control"]),
        unit=server["unit"],
        environment_file=_path(server["environment_file"]),
        command=tuple(server["command"]),
        arguments=server["args"],
        variables=server["env"],
        api_key_file=_path(server["api_key_file"]),
        start_timeout=server["start_timeout"],
        shutdown_timeout=server["shutdown_timeout"],
        strategy=Strategy(server["strategy"]),
        cache=_path(written["cache"]),
        endpoint=written["endpoint"],
        token_file=_path(written["token_file"]),
    )


def _path(text: Any) -> Path | None:
    return None if text is None else Path(text)
